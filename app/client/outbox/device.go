package outbox

// Device stores texts so that they outlive the program, and knows the tabs that share the store. It is browser.Device
// in the browser, and memory in tests. Its methods may block.
type Device interface {
	// Load returns everything that is stored, by key.
	Load() (map[string]string, error)

	// Save stores all of changes, by key, or none of them. The value "" deletes a key. After Save has returned nil, no
	// crash undoes the changes.
	Save(changes map[string]string) error

	// Update calls decide with everything that is stored, and stores the changes that decide returns as Save does, in one
	// transaction: no tab stores anything in between. decide must not block.
	Update(decide func(all map[string]string) (changes map[string]string)) error

	// Tab returns the name of this tab, which is new each time the page is loaded. Former returns the names that it had
	// before.
	Tab() string
	Former() []string

	// Closed returns those of tabs that are closed. A tab counts as open before any other tab can load a record of it.
	Closed(tabs []string) (closed []string, err error)
}
