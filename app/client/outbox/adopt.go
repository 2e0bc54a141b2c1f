package outbox

import (
	"slices"
	"sort"
	"strings"

	"mayfly/shared/clock"
)

// A Claimant is a tab that adopts what closed tabs left, and the user of that tab.
type Claimant struct {
	Owner string // the owner of what the user writes now, see GuestOwner
	Guest string // the guest's secret; "": the tab becomes the guest whose entries it adopts
	Me    string // the user's id, "" if unknown
	Room  string // the room whose draft the tab adopts
	Now   clock.Moment

	tab     string   // the name of the tab
	open    []string // the names of the open tabs
	signOut string   // an owner who has signed out, whose entries are deleted, as all drafts are; "": nobody has
}

// An adoption is the result of adopting: what the device stores for the claimant's tab from now on.
type adoption struct {
	// the secret of the claimant's guest or, if it has none, of the guest whose entries it adopts; "": no guest
	guest   string
	mine    map[string]record // the records of the claimant's tab, by key
	adopted []string          // the keys of those records in mine that another tab had before, oldest first
	stale   []string          // the keys of the records that no tab needs any more
}

// adopt gives the claimant the records that no open tab has and that the claimant may have. It deletes the records that
// no tab needs any more.
func adopt(d Device, c *Claimant) (adoption, error) {
	unlock, err := d.Lock() // without the lock, two tabs could adopt the same record
	if err != nil {
		return adoption{}, err
	}
	defer unlock()
	all, err := d.Load()
	if err != nil {
		return adoption{}, err
	}
	if c.open, err = d.Tabs(); err != nil {
		return adoption{}, err
	}
	a := classify(all, c)
	changes := map[string]string{}
	for _, key := range a.adopted {
		changes[key] = a.mine[key].encode()
	}
	for _, key := range a.stale {
		changes[key] = ""
	}
	if len(changes) > 0 {
		err = d.Save(changes)
	}
	return a, err
}

// classify decides for each record whether the claimant has it, adopts it, or deletes it.
func classify(all map[string]string, c *Claimant) adoption {
	var records byOrder
	for key, value := range all {
		if r, ok := decodeRecord(value); ok && strings.HasPrefix(key, entryKey) == (r.ID != "") {
			records = append(records, keyed{key, r})
		}
	}
	sort.Sort(records)
	a := adoption{guest: c.Guest, mine: map[string]record{}}
	for _, stored := range records {
		key, r := stored.key, stored.record
		orphaned := r.Tab != c.tab && !slices.Contains(c.open, r.Tab)
		if a.guest == "" && orphaned && r.guest() != "" && !r.stale(c.Now) {
			a.guest = r.guest()
		}
		switch {
		case r.goesWith(c.signOut), orphaned && r.stale(c.Now):
			a.stale = append(a.stale, key)
		case r.Tab == c.tab:
			a.mine[key] = r
		case orphaned && c.claims(r, a.guest):
			r.Tab = c.tab
			a.mine[key] = r
			a.adopted = append(a.adopted, key)
		}
	}
	return a
}

// claims reports whether the claimant may adopt an orphaned record. It may adopt an entry of its own user, an entry
// without an owner, an entry that is too old to send (it becomes a draft), and the draft of its room. guest is the
// secret of the claimant's guest.
func (c *Claimant) claims(r record, guest string) bool {
	if r.ID == "" {
		return r.Room == c.Room
	}
	e := entryOf(&r, c.Now)
	return r.Owner == c.Owner || r.Owner == "" || r.guest() != "" && (r.guest() == guest || e.pastDeadline(c.Now)) ||
		r.Author != "" && r.Author == c.Me
}

// keyed is a record and its key.
type keyed struct {
	key string
	record
}

// byOrder sorts records by age, oldest first. (Package slices would need less code here, but it would make the program
// that a browser downloads larger.)
type byOrder []keyed

func (b byOrder) Len() int      { return len(b) }
func (b byOrder) Swap(i, j int) { b[i], b[j] = b[j], b[i] }
func (b byOrder) Less(i, j int) bool {
	if b[i].Order != b[j].Order {
		return b[i].Order < b[j].Order
	}
	return b[i].Written < b[j].Written
}
