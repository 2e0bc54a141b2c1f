package browser

// The names of Mayfly's databases, stores and key in IndexedDB.
const (
	deviceDatabase = "mayfly-device"
	deviceStore    = "kept"
	vaultDatabase  = "mayfly"
	vaultStore     = "keys"
	vaultKey       = "session"
)
