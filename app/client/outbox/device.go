package outbox

// Device stores texts so that they outlive the program. All tabs of the browser share this storage, and Device finds out
// which of the tabs are closed. In the browser, Device is a browser.Device. In tests, it is a type that stores the texts in
// memory. The methods may block.
type Device interface {
	// Load returns everything that is stored, by key.
	Load() (map[string]string, error)

	// Save stores all of changes, by key, or none of them. The value "" deletes a key. After Save has returned nil, no
	// crash undoes the changes.
	Save(changes map[string]string) error

	// Update calls decide with everything that is stored. Then it stores all of the changes that decide has returned, or
	// none of them, as Save does. Both steps are one transaction, so no other tab stores anything in between. decide must
	// not block.
	Update(decide func(all map[string]string) (changes map[string]string)) error

	// Note keeps changes, which are not stored yet, in place of those of the last call of Note. It does not block. If the
	// page ends now, the next page of this tab stores them.
	Note(changes map[string]string)

	// Tab returns the name of this tab. The tab gets a new name each time its page is loaded. Former returns the names that
	// the tab had before the page was loaded again.
	Tab() string
	Former() []string

	// Closed returns which of the named tabs are closed. A tab already counts as open when it stores its first record.
	Closed(tabs []string) (closed []string, err error)
}
