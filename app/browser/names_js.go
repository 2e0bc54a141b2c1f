package browser

// The names in IndexedDB.
const (
	deviceDatabase = "mayfly-device"
	deviceStore    = "kept"
	vaultDatabase  = "mayfly"
	vaultStore     = "keys"
	vaultKey       = "session"
)
