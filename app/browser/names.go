package browser

// The names under which Mayfly stores and shares data in a browser. All pages of an origin see them, so each name is used
// once, and a name never changes: pages of older and newer versions run side by side and read the same data. The service
// worker's caches are named by mayfly- and their version (web/worker.js). The names in IndexedDB are in names_js.go.
const (
	// In TabStorage.
	GuestKey   = "mayfly-guest"   // the secret of the tab's guest
	UpdatedKey = "mayfly-updated" // the version that the tab had the last time it reloaded by itself
	TriesKey   = "mayfly.tries"   // counts the sign-ins that the tab begins

	// In DeviceStorage.
	InstallKey  = "mayfly-install"  // there once the user has said yes or no to installing
	ConfigKey   = "mayfly.config"   // the server's last configuration
	ProviderKey = "mayfly.provider" // the sign-in provider's last metadata

	// In DeviceStorage, or in TabStorage where a sign-in ends with the tab.
	SignInKey      = "mayfly.session" // the record of the sign-in
	TransactionKey = "mayfly.tx."     // the OAuth state follows: a sign-in that has begun

	// For Lock and Slot.
	RenewLock  = "mayfly:renew" // held by the tab that renews the sign-in
	PollLock   = "mayfly-poll-" // the number of the slot follows
	deviceLock = "mayfly-device"
	tabLock    = "mayfly-tab-" // the tab's name follows; an open tab holds this lock

	// For Join.
	SignInChannel = "mayfly"
)
