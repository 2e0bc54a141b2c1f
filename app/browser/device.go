package browser

// Device stores text under keys in IndexedDB, so that a crash loses nothing that was saved, and knows which tabs are
// open. All tabs share this store. The methods fail if the browser denies IndexedDB, or if the storage is full.
type Device struct {
	tab string
	database
}

// Tab returns the name of this tab.
func (d *Device) Tab() string { return d.tab }
