package browser

// A Permission says whether the page may show notifications.
type Permission string

const (
	Unsupported Permission = ""        // the browser has no notifications, or no service worker for this page
	NotAsked    Permission = "default" // the user has not been asked, or has not answered
	Granted     Permission = "granted"
	Denied      Permission = "denied"
)

// A Notification tells the user of one message: the message in Room that has this Epoch and Seq.
type Notification struct {
	Room, Epoch string
	Seq         int64
	Title, Text string
	Path        string // the path of the room, which a click opens
}

// ShowNotification asks the service worker to show n in place of the room's present notification. The worker does not show
// n if any tab of Mayfly is visible, or if it has shown this message or a newer one already.
func ShowNotification(n Notification) { tellWorker("show", n) }

// CloseNotification asks the service worker to close the notification of a room, if it is about this message or an older
// one. It needs only the fields Room, Epoch and Seq of n.
func CloseNotification(n Notification) { tellWorker("close", n) }

// CloseNotifications asks the service worker to close all notifications.
func CloseNotifications() { tellWorker("close all", Notification{}) }

// CloseOrphans asks the service worker to close all notifications, unless another tab of Mayfly is open. Call it when a page
// begins: while no tab was open, nothing has closed a notification when its message expired.
func CloseOrphans() { tellWorker("close orphans", Notification{}) }
