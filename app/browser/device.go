package browser

// Device keeps text under keys in IndexedDB, where a crash takes nothing that was saved, and knows which tabs are open. All tabs
// share what it keeps. The browser may deny it or have no room: then its methods say so.
type Device struct {
	tab string
	shelf
}

// Tab returns the name of this tab.
func (d *Device) Tab() string { return d.tab }
