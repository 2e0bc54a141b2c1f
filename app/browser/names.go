package browser

// The names under which Mayfly stores and shares data in a browser. All pages of an origin see them, so each name is used
// once, and a name never changes: pages of older and newer versions run side by side and read the same data. The service
// worker's caches are named by mayfly- and their version (web/worker.js). The names in IndexedDB are in names_js.go.
const (
	// Keys in TabStorage.
	GuestKey   = "mayfly-guest"   // the secret of the tab's guest
	NameKey    = "mayfly-name"    // the name of the tab's guest; in DeviceStorage, the name to remember for other visits
	TabsKey    = "mayfly-tabs"    // the names that the tab has had
	UpdatedKey = "mayfly-updated" // the version that the tab had the last time it reloaded by itself
	TriesKey   = "mayfly.tries"   // counts the sign-ins that the tab begins
	SignOutKey = "mayfly.signout" // the sign-out for which the tab went to the provider

	// Keys in DeviceStorage.
	InstallKey  = "mayfly-install"  // exists once the user has said yes or no to installing Mayfly
	TypingKey   = "mayfly-typing"   // exists if the user wants no signs of typing
	ConfigKey   = "mayfly.config"   // the server's last configuration
	ProviderKey = "mayfly.provider" // the sign-in provider's last metadata

	// Keys in DeviceStorage, or in TabStorage where a sign-in ends with the tab.
	SignInKey      = "mayfly.session" // the record of the sign-in
	TransactionKey = "mayfly.tx."     // begins the key of a sign-in that has begun; its OAuth state follows

	// Names for Lock and Slot.
	RenewLock = "mayfly:renew" // held by the tab that renews the sign-in
	PollLock  = "mayfly-poll-" // begins the name of a slot for long polls; its number follows
	tabLock   = "mayfly-tab-"  // begins the name of the lock that an open tab holds; the tab's name follows

	// A name for Join.
	SignInChannel = "mayfly"
)
