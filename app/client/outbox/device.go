package outbox

// Device stores texts so that they outlive the program, and knows the tabs that share the store. It is browser.Device
// in the browser, and memory in tests. Its methods may block.
type Device interface {
	// Load returns everything that is stored, by key.
	Load() (map[string]string, error)

	// Save stores all of changes, by key, or none of them. The value "" deletes a key. After Save has returned nil, no
	// crash undoes the changes.
	Save(changes map[string]string) error

	// Lock waits until no other tab holds the lock, and takes it. unlock releases it.
	Lock() (unlock func(), err error)

	// Tab returns the name of this tab. Tabs contains that name as long as this tab is open.
	Tab() string

	// Tabs returns the names of all tabs that are open.
	Tabs() (open []string, err error)
}
