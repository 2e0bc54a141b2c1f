package outbox

// Device stores text beyond the life of the program, and knows the tabs that share the store: browser.Device in the browser,
// memory in tests. Its methods may block.
type Device interface {
	// Load returns everything that is stored, by key.
	Load() (map[string]string, error)

	// Save stores all of changes, by key, or none of them; "" deletes a key. Once it returns nil, no crash undoes it.
	Save(changes map[string]string) error

	// Lock waits until no other tab holds the lock.
	Lock() (unlock func(), err error)

	// Tab returns a name for this tab, which Tabs returns as long as the tab is open.
	Tab() string

	// Tabs returns the names of all tabs that are open.
	Tabs() (open []string, err error)
}
