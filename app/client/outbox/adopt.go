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
	fresh   bool     // the tab is new, and adopts for the first time
	former  []string // tabs whose records the claimant adopts without waiting, see Persister.former
	closed  []string // the names of tabs that are closed
	awaited []string // the names of tabs that have been closed for reloadTime
	signOut string   // an owner who has signed out: adopt deletes the owner's entries and all drafts; "": none
}

// An adoption is the result of adopting: what the device stores for the claimant's tab from now on.
type adoption struct {
	// the secret of the claimant's guest or, if it has none, of the guest whose entries it adopts; "": no guest
	guest   string
	mine    map[string]record // the records of the claimant's tab, by key
	adopted []string          // the keys of the records in mine that another tab had before, oldest first
	left    []string          // the names of closed tabs whose records the claimant may adopt later
	stale   []string          // the keys of the records that no tab needs any more
}

// adopt gives the claimant the records of closed tabs that the claimant may have. It deletes the records that no tab
// needs any more. If two tabs adopt at the same time, only one of them gets a record: the other tab then finds that the
// record belongs to an open tab.
func adopt(d Device, c *Claimant) (a adoption, err error) {
	all, err := d.Load() // before Closed: a tab that has a record already has been open, so Closed is right about it
	if err != nil {
		return a, err
	}
	if others := otherTabs(all, c.tab); len(others) > 0 {
		if c.closed, err = d.Closed(others); err != nil {
			return a, err
		}
	}
	err = d.Update(func(all map[string]string) (changes map[string]string) {
		a, changes = classify(all, c), map[string]string{}
		for _, key := range a.adopted {
			changes[key] = a.mine[key].encode()
		}
		for _, key := range a.stale {
			changes[key] = ""
		}
		return changes
	})
	return a, err
}

// otherTabs returns the names of the tabs that have records, except the tab self.
func otherTabs(all map[string]string, self string) (tabs []string) {
	for _, value := range all {
		if r, ok := decodeRecord(value); ok && r.Tab != self && !slices.Contains(tabs, r.Tab) {
			tabs = append(tabs, r.Tab)
		}
	}
	return tabs
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
		orphaned := slices.Contains(c.closed, r.Tab)
		if a.guest == "" && orphaned && r.guest() != "" && !r.stale(c.Now) {
			a.guest = r.guest()
		}
		switch {
		case r.goesWith(c.signOut), orphaned && r.stale(c.Now):
			a.stale = append(a.stale, key)
		case r.Tab == c.tab:
			a.mine[key] = r
		case orphaned && c.claims(r, a.guest):
			if !c.inTurn(r.Tab) {
				a.left = append(a.left, r.Tab)
				continue
			}
			r.Tab = c.tab
			a.mine[key] = r
			a.adopted = append(a.adopted, key)
		}
	}
	return a
}

// inTurn reports whether the claimant may adopt the records of a closed tab now. Usually it waits for reloadTime: if the
// user is loading the page of that tab again, that page must get its records back. A new tab does not wait, because it
// becomes the guest whose entries it adopts.
func (c *Claimant) inTurn(tab string) bool {
	return c.fresh || slices.Contains(c.former, tab) || slices.Contains(c.awaited, tab)
}

// claims reports whether the claimant may adopt an orphaned record. guest is the secret of the claimant's guest. The
// claimant may adopt:
//   - the draft of its room
//   - an entry of its own user, or without an owner
//   - an entry of another guest that is too old to send: it becomes a draft
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
