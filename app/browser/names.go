package browser

// The names under which Mayfly stores and shares data in a browser. All pages of an origin share them, so a name and its
// meaning never change: pages of older and newer versions run side by side and read the same data. The name of a cache of
// the service worker is mayfly- and a version (web/worker.js). The names in IndexedDB are in names_js.go.
const (
	// Keys in TabStorage.
	GuestKey   = "mayfly-guest"   // the secret of the tab's guest
	NameKey    = "mayfly-name"    // the name of the tab's guest; DeviceStorage has this key, too: the name for later visits
	TabsKey    = "mayfly-tabs"    // the names that the tab has had, see Device.Former
	NotesKey   = "mayfly-notes"   // what the device has not stored yet, see Notes
	EarlyKey   = "mayfly-early-"  // a room follows in the key: what the user has written there before the client runs
	UpdatedKey = "mayfly-updated" // the version that the page had before its last automatic reload
	TriesKey   = "mayfly.tries"   // a minute, and how many sign-ins the tab has begun in that minute
	SignOutKey = "mayfly.signout" // exists while the tab is at the sign-in provider to sign the user out there

	// Keys in DeviceStorage.
	InstallKey  = "mayfly-install"  // exists once the user has said yes or no to installing Mayfly
	RoomsKey    = "mayfly-rooms"    // the rooms that the user is in, until the user signs out
	SettingsKey = "mayfly-settings" // what the user has chosen, one record (app/settings.go); web/settings.js reads it too
	WelcomeKey  = "mayfly-welcome"  // exists once the user has dismissed the welcome or sent a message
	ConfigKey   = "mayfly.config"   // the server's last configuration
	ProviderKey = "mayfly.provider" // the sign-in provider's last metadata

	// Keys in DeviceStorage, or in TabStorage where a sign-in ends with the tab.
	SignInKey      = "mayfly.session" // the record of the sign-in
	TransactionKey = "mayfly.tx."     // the beginning of the key for a sign-in that is not complete; its OAuth state follows

	// Names for Lock and Slot.
	RenewLock = "mayfly:renew" // held by the tab that renews the sign-in
	PollLock  = "mayfly-poll-" // the beginning of the name of a slot for long polls; the number of the slot follows
	tabLock   = "mayfly-tab-"  // the beginning of the name of the lock that an open tab holds; the tab's name follows

	// The name of the channel (see Join) by which tabs tell each other that the sign-in has changed.
	SignInChannel = "mayfly"
)
