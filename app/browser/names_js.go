package browser

// The names of Mayfly's databases, stores and key in IndexedDB.
const (
	tabDatabase    = "mayfly-tab-" // begins the name of a database that shows that a tab is open; the tab's name follows
	deviceDatabase = "mayfly-device"
	deviceStore    = "kept"
	vaultDatabase  = "mayfly"
	vaultStore     = "keys"
	vaultKey       = "session"
)
