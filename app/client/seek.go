package client

import (
	"slices"
	"sort"
	"strings"

	"mayfly/shared/clock"
)

// A seeker is who looks for what tabs that are gone have left.
type seeker struct {
	tab     string
	owner   string // as letters name it
	guest   string // "": becomes the guest whose letters are found
	me      string // the person's id, "" if unknown
	room    string // whose draft is looked for
	signOut string // an owner who signed out: nothing of theirs stays, nor any draft
	now     clock.Moment
}

// found is what is kept for the seeker's tab from now on.
type found struct {
	guest string
	mine  map[string]note // by key
	fresh []string        // the keys of what was another tab's, oldest first
	gone  []string        // the keys of what nobody will want any more
}

// seek looks through what d keeps, gives the seeker what no open tab has and is theirs, and removes what is nobody's any more.
func seek(d Device, who seeker) (found, error) {
	unlock, err := d.Lock() // or two tabs may find the same
	if err != nil {
		return found{}, err
	}
	defer unlock()
	all, err := d.Load()
	if err != nil {
		return found{}, err
	}
	open, err := d.Tabs()
	if err != nil {
		return found{}, err
	}
	f := sift(all, open, who)
	changes := map[string]string{}
	for _, key := range f.fresh {
		changes[key] = f.mine[key].encode()
	}
	for _, key := range f.gone {
		changes[key] = ""
	}
	if len(changes) > 0 {
		err = d.Save(changes)
	}
	return f, err
}

// sift decides what becomes of each thing that is kept.
func sift(all map[string]string, open []string, who seeker) found {
	var notes byOrder
	for key, value := range all {
		if n, ok := decodeNote(value); ok && strings.HasPrefix(key, letterKey) == (n.ID != "") {
			notes = append(notes, keyed{key, n})
		}
	}
	sort.Sort(notes)
	f := found{guest: who.guest, mine: map[string]note{}}
	for _, kept := range notes {
		key, n := kept.key, kept.note
		left := n.Tab != who.tab && !slices.Contains(open, n.Tab)
		if f.guest == "" && left && n.guest() != "" && !n.stale(who.now) {
			f.guest = n.guest()
		}
		switch {
		case n.goesWith(who.signOut), left && n.stale(who.now):
			f.gone = append(f.gone, key)
		case n.Tab == who.tab:
			f.mine[key] = n
		case left && who.wants(n, f.guest):
			n.Tab = who.tab
			f.mine[key] = n
			f.fresh = append(f.fresh, key)
		}
	}
	if f.guest == "" {
		f.guest = NewGuest()
	}
	return f
}

// wants reports whether what nobody has is for the seeker, who is that guest unless somebody is signed in: what is theirs, what
// was written before it was known whose it is, and what is too old to be sent by anybody, which becomes a draft.
func (who *seeker) wants(n note, guest string) bool {
	if n.ID == "" {
		return n.Room == who.room
	}
	l := n.letter(who.now)
	return n.Owner == who.owner || n.Owner == "" || n.guest() != "" && (n.guest() == guest || l.pastDeadline(who.now)) ||
		n.Author != "" && n.Author == who.me
}

// keyed is a note and the key that it is kept under.
type keyed struct {
	key string
	note
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
