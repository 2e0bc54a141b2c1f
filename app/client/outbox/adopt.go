package outbox

import (
	"slices"
	"sort"
	"strings"

	"mayfly/shared/clock"
)

// A Claimant describes a tab that adopts what closed tabs left, and the user of that tab.
type Claimant struct {
	Owner string // the owner of the entries that the user writes now, see GuestOwner and SignInOwner; "": not known yet
	Guest string // the guest's secret; "": the tab becomes the guest whose entries it adopts
	Me    string // the user's id, "" if unknown
	Room  string // the room whose draft the tab adopts
	Now   clock.Moment

	tab     string   // the name of the tab
	fresh   bool     // the tab is new, and adopts for the first time
	former  []string // the names of tabs whose records the tab adopts without waiting for reloadTime, see Persister.former
	closed  []string // the names of closed tabs that have records; the function adopt sets this field
	awaited []string // the names of tabs that were closed for at least reloadTime while this tab was open
	// the owner who has signed out, "" if nobody has: adopt deletes this owner's entries, the entries without an owner, and
	// all drafts
	signOut string
}

// An adoption is the result of the function adopt: the records that the claimant's tab has from now on, and what happens to
// the other records.
type adoption struct {
	// the secret of the claimant's guest or, if it has none, of the guest whose entries it adopts; "": no guest
	guest   string
	mine    map[string]record // the records of the claimant's tab, by key
	adopted []string          // the keys of the records in mine that another tab had before, oldest first
	left    []string          // the names of closed tabs whose records the claimant may adopt later
	stale   []string          // the keys of the records that no tab needs any more
}

// adopt gives the claimant's tab those records of closed tabs that the claimant may have. It deletes the records that no tab
// needs any more. If two tabs want the same record at the same time, only the first gets it: the second finds that the
// record belongs to an open tab by now.
func adopt(d Device, c *Claimant) (a adoption, err error) {
	// Call Load before Closed. A tab already counts as open when it stores its first record. So each tab that Load finds has
	// already counted as open. If Closed then returns that tab, the user has closed it. It cannot be a new tab that does not
	// count as open yet. This tab must not take the records of such a new tab.
	all, err := d.Load()
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

// classify sorts the stored records (all) into those that the claimant's tab has already, those that it adopts now, those
// that it may adopt later, and those that it deletes. The claimant does not touch any other record.
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

// inTurn reports whether the claimant may adopt the records of the closed tab with the name tab now, or only later. Usually
// the claimant waits for reloadTime: perhaps the user is loading the page of the closed tab again, and then that page must
// get its records back. The claimant does not wait for the tabs in former. If the claimant is a new tab (fresh), it waits
// for no tab: a new tab must know before it connects whether it becomes the guest who wrote in a closed tab.
func (c *Claimant) inTurn(tab string) bool {
	return c.fresh || slices.Contains(c.former, tab) || slices.Contains(c.awaited, tab)
}

// claims reports whether the claimant may adopt r, a record that a closed tab left. guest is the secret of the guest who the
// claimant is, or becomes with this adoption; "": no guest. The claimant may adopt:
//   - a draft that was written in the room c.Room
//   - an entry that the claimant's user wrote, or this guest, or a user who is not known (the entry has no owner)
//   - an entry that another guest wrote, if it is too old to send: it becomes a draft
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
