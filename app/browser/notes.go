package browser

import (
	"strconv"
	"strings"
	"sync"
	"time"
)

// noteTime is how old notes (see Notes) may be when the tab's next page reads them. The page stores such notes on the
// device. It ignores older notes: if another tab is open, that tab has adopted the records of the closed page by then, and
// has sent or deleted them. The other tab may have done so from reloadTime on (package outbox). A message that both tabs
// send appears once, because both tabs send it with the same id.
const noteTime = time.Minute

// Notes keeps the changes that the device has not stored yet. IndexedDB stores a change some time after the page has asked
// for it. If the user leaves the page or loads it again before that, the browser may drop the change. But what a page
// writes to the tab's storage (TabStorage) is stored at once, even as the page ends. The tab's next page reads it there.
type Notes struct {
	tab *Storage // static

	mu     sync.Mutex        // guards the fields below
	left   map[string]string // what the previous page of this tab has noted, by key; empty once the device has stored it
	noted  map[string]string // the changes of the last call of Note
	ending bool              // the user has left the page
}

// read reads what the previous page of this tab has noted. now is the time of the wall clock.
func (n *Notes) read(tab *Storage, now time.Time) {
	text, _ := tab.Load(NotesKey) // where the browser denies storage, there are no notes
	n.tab, n.left = tab, decodeNotes(text, now)
	if n.left == nil && text != "" {
		_ = tab.Delete(NotesKey) // if the browser denies that, the text stays until the tab is closed
	}
}

// Note replaces the noted changes by the map changes, which the caller must not modify afterwards. The value "" deletes a
// key. Note does not block.
func (n *Notes) Note(changes map[string]string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.noted = changes
	if n.ending { // a page that ends may still note the draft
		n.writeLocked()
	}
}

// end runs when the user has left the page (yes is true), or when the page comes back from the browser's cache (false).
func (n *Notes) end(yes bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.ending = yes
	if yes {
		n.writeLocked()
	}
}

// storeLeft calls save with what the previous page of this tab has noted. Once that is stored, storeLeft forgets it.
func (n *Notes) storeLeft(save func(changes map[string]string) error) error {
	n.mu.Lock()
	left := n.left
	n.mu.Unlock()
	if len(left) == 0 {
		return nil
	}
	if err := save(left); err != nil {
		return err
	}
	n.mu.Lock()
	n.left = nil
	n.mu.Unlock()
	_ = n.tab.Delete(NotesKey) // where the browser denies storage, there is nothing to delete
	return nil
}

// writeLocked writes the notes into the tab's storage as a text: the time in milliseconds since 1970, and then each key and
// its value, each in a line of its own. Neither may contain a line break. The records of the outbox are JSON, which writes
// a line break as \n. If a key is there twice, the later value counts. If there are no notes, writeLocked deletes the text.
func (n *Notes) writeLocked() {
	lines := []string{strconv.FormatInt(time.Now().UnixMilli(), 10)}
	for _, changes := range []map[string]string{n.left, n.noted} {
		for key, value := range changes {
			lines = append(lines, key, value)
		}
	}
	if len(lines) == 1 {
		_ = n.tab.Delete(NotesKey) // where the browser denies storage, there is nothing to delete
		return
	}
	_ = n.tab.Save(NotesKey, strings.Join(lines, "\n")) // if that fails, only the device keeps the changes
}

// decodeNotes returns the changes in a text of writeLocked. It returns nil if the time in the text differs from now by more
// than noteTime, or if the text is not from writeLocked.
func decodeNotes(text string, now time.Time) map[string]string {
	lines := strings.Split(text, "\n")
	at, err := strconv.ParseInt(lines[0], 10, 64)
	if age := now.UnixMilli() - at; err != nil || max(age, -age) > noteTime.Milliseconds() || len(lines)%2 == 0 {
		return nil
	}
	changes := map[string]string{}
	for i := 1; i < len(lines); i += 2 {
		changes[lines[i]] = lines[i+1]
	}
	return changes
}
