package browser

// The names of Mayfly's databases, stores and key in IndexedDB.
const (
	tabDatabase    = "mayfly-tab-" // the tab's name follows; such a database shows that the tab is open (see function hold)
	deviceDatabase = "mayfly-device"
	deviceStore    = "kept"
	vaultDatabase  = "mayfly"
	vaultStore     = "keys"
	vaultKey       = "session"
)
