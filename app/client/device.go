package client

// Device keeps what one has written beyond the life of the program, and tells the tabs apart that share it: browser.Device in
// the browser, memory in tests. Its methods may block.
type Device interface {
	// Load returns all that is kept, by key.
	Load() (map[string]string, error)

	// Save changes what is kept under those keys, all of it or nothing; "" removes. Once it returns nil, no crash undoes it.
	Save(changes map[string]string) error

	// Lock waits until no other tab has the lock.
	Lock() (unlock func(), err error)

	// Tab returns a name for this tab, which Tabs returns as long as the tab is open.
	Tab() string

	// Tabs returns the names of all tabs that are open.
	Tabs() (open []string, err error)
}
