package outbox

import (
	"slices"
	"sort"
	"strings"

	"mayfly/shared/clock"
)

// A Claimant is a tab that adopts what closed tabs left, and its user.
type Claimant struct {
	Owner string // see GuestOwner
	Guest string // the guest's secret; "": the tab becomes the guest whose entries it adopts
	Me    string // the user's id, "" if unknown
	Room  string // whose draft the tab adopts
	Now   clock.Moment

	tab     string
	open    []string // the tabs that are open
	signOut string   // an owner who signed out: no entry of theirs stays, nor any draft
}

// An adoption is what the device stores for the claimant's tab from now on.
type adoption struct {
	guest   string // the claimant's, or the guest whose entries it adopts; "" if there are none
	mine    map[string]record
	adopted []string // the keys of mine that were another tab's, oldest first
	stale   []string // the keys of records that are of no use any more
}

// adopt gives the claimant what no open tab has and the claimant may have. It deletes what is of no use to any tab any more.
func adopt(d Device, c *Claimant) (adoption, error) {
	unlock, err := d.Lock() // or two tabs may adopt the same
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

// classify decides what becomes of each record.
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

// claims reports whether the claimant may adopt an orphaned record. It may adopt an entry of its own user, an entry without
// an owner, an entry that is too old to send (it becomes a draft), and the draft of its room. A user who is not signed in is
// guest.
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

// byOrder sorts by age. (slices would do with less code here, and with more in what a browser downloads.)
type byOrder []keyed

func (b byOrder) Len() int      { return len(b) }
func (b byOrder) Swap(i, j int) { b[i], b[j] = b[j], b[i] }
func (b byOrder) Less(i, j int) bool {
	if b[i].Order != b[j].Order {
		return b[i].Order < b[j].Order
	}
	return b[i].Written < b[j].Written
}
