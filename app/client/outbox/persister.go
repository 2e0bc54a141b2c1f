package outbox

import (
	"maps"
	"time"

	"mayfly/shared/clock"
)

const (
	adoptTimeout = 3 * time.Second  // how long a tab that starts or wakes waits for an adoption; then it goes on without it
	adoptAgain   = 5 * time.Second  // after the start: the page that was here before may have counted as open until now
	settleTime   = 5 * time.Second  // how long leaving the page waits for unsaved text
	saveAgain    = 10 * time.Second // after the device failed
)

// Config is what a Persister needs to begin.
type Config struct {
	Device  Device // nil: nothing is stored
	Clock   clock.Clock
	Entries *Outbox
	Drafts  *Drafts

	Go      func(func())                     // runs a function that may block, beside the loop
	Do      func(func())                     // leaves a function to the loop
	OnAdopt func(guest string, adopted bool) // runs on the loop after Adopt; adopted is false if the device failed
}

// A Persister stores the user's entries and drafts on the device (write-behind). It saves the difference between the wanted
// records and the stored ones in one transaction. So an entry that becomes a draft is always one of the two, also after a
// crash. Saving does not wait for an adoption, because the page may be closed before the adoption ends.
type Persister struct {
	Config // static

	stored   map[string]string // by key
	saving   bool
	failed   *clock.Moment // when the device failed; nil: it did not fail the last time
	adoption adoptState
	late     bool         // one more adoption is to come, adoptAgain after required
	required clock.Moment // when Require was called
	ready    bool         // an adoption has ended since, or timed out
	signOut  string       // the owner who has signed out, until nothing of theirs is stored
	settled  []func()     // called once everything is stored that can be
	asked    clock.Moment // when the last of them was added
}

// NewPersister returns a Persister that waits for Start.
func NewPersister(c Config) *Persister { return &Persister{Config: c, stored: map[string]string{}} }

// Start requires the first adoption.
func (p *Persister) Start(now clock.Moment) {
	p.Require(now)
	p.late = true
}

// Want asks for an adoption.
func (p *Persister) Want() { p.adoption.want() }

// Require asks for an adoption, and makes Ready wait for it.
func (p *Persister) Require(now clock.Moment) {
	p.required, p.ready = now, false
	p.Want()
}

// Ready reports whether the entries may be sent and may lapse: another tab does not have them.
func (p *Persister) Ready() bool { return p.ready }

// TimedOut makes the Persister ready if it does not have to wait for an adoption, or not any longer. It reports whether it
// did.
func (p *Persister) TimedOut(now clock.Moment) bool {
	if p.ready || p.Device != nil && now.Since(p.required) < adoptTimeout {
		return false
	}
	p.ready = true
	return true
}

// Settle calls f once everything the user has written is stored as far as the device can, or after some seconds.
func (p *Persister) Settle(f func()) { p.settled, p.asked = append(p.settled, f), p.Clock() }

// SignOut forgets everything, because owner has signed out, and has what the device stores of theirs deleted.
func (p *Persister) SignOut(owner string) {
	p.Entries.entries, p.signOut = nil, owner
	p.Drafts.clear()
}

// Tick saves the records that have changed, and begins an adoption for c if an adoption is due. It calls the functions that
// were given to Settle once nothing is being saved, or settleTime after the last of them was given.
func (p *Persister) Tick(now clock.Moment, c func(now clock.Moment) Claimant) {
	able := p.failed == nil || now.Since(*p.failed) >= saveAgain
	if p.late && able && now.Since(p.required) >= adoptAgain {
		p.late = false
		p.Want()
	}
	if p.Device != nil && !p.saving && able {
		p.save()
	}
	if p.Device != nil && !p.adoption.runs() && (p.adoption.wanted() || p.signOut != "" && able) {
		p.adopt(c(now))
	}
	if !p.saving || now.Since(p.asked) >= settleTime {
		for _, f := range p.settled {
			f()
		}
		p.settled = nil
	}
}

// save saves the difference between what is to be stored and what is stored.
func (p *Persister) save() {
	desired := p.desired()
	changes := map[string]string{}
	for key, value := range desired {
		if p.stored[key] != value {
			changes[key] = value
		}
	}
	for key := range p.stored {
		if desired[key] == "" {
			changes[key] = ""
		}
	}
	if len(changes) == 0 {
		return
	}
	p.saving = true
	p.Go(func() {
		err := p.Device.Save(changes)
		p.Do(func() { p.onSaved(changes, err) })
	})
}

// desired returns what is to be stored, by key.
func (p *Persister) desired() map[string]string {
	desired := map[string]string{}
	tab := p.Device.Tab()
	for i := range p.Entries.entries {
		e := &p.Entries.entries[i]
		desired[entryKey+e.ID] = e.encoded(tab)
	}
	for room, d := range p.Drafts.rooms {
		if text := d.text(); text != "" {
			r := record{Tab: tab, Room: room, Text: text, Written: d.changed.Wall.UnixMilli()}
			desired[draftKey+d.id] = r.encode()
		}
	}
	return desired
}

// onSaved runs when the device has saved changes, or has failed.
func (p *Persister) onSaved(changes map[string]string, err error) {
	p.saving, p.failed = false, nil
	if err != nil {
		now := p.Clock()
		p.failed = &now
		return
	}
	maps.Copy(p.stored, changes)
	maps.DeleteFunc(p.stored, func(_, value string) bool { return value == "" })
	for i := range p.Entries.entries {
		e := &p.Entries.entries[i]
		e.stored.saved = p.stored[entryKey+e.ID] != ""
	}
}

// adopt adopts for c what closed tabs have left.
func (p *Persister) adopt(c Claimant) {
	c.tab, c.signOut = p.Device.Tab(), p.signOut
	p.signOut = ""
	p.adoption.begin()
	before := maps.Clone(p.stored)
	p.Go(func() {
		a, err := adopt(p.Device, &c)
		p.Do(func() {
			p.adoption.end()
			p.ready = p.ready || !p.adoption.wanted()
			if err == nil {
				p.onAdopted(a, before)
			} else if c.signOut != "" { // what is theirs must go
				now := p.Clock()
				p.signOut, p.failed = c.signOut, &now
			}
			p.OnAdopt(a.guest, err == nil)
		})
	})
}

// onAdopted runs when an adoption has ended. It takes over entries and drafts that other tabs left. It forgets those stored
// entries of this tab that another tab adopted while this tab was frozen.
func (p *Persister) onAdopted(a adoption, before map[string]string) {
	now := p.Clock()
	for key := range before {
		if _, is := a.mine[key]; !is {
			delete(p.stored, key)
		}
	}
	for key, r := range a.mine {
		if p.stored[key] == "" { // the next save deletes it if it is not to be stored
			p.stored[key] = r.encode()
		}
	}
	p.Entries.keepOnly(func(e *Entry) bool { return before[entryKey+e.ID] == "" || p.stored[entryKey+e.ID] != "" })
	var entries []Entry
	for _, key := range a.adopted {
		switch r := a.mine[key]; {
		case r.goesWith(p.signOut): // the owner has signed out meanwhile
		case r.ID == "" && p.Drafts.has(r.Room, r.Text): // another tab had adopted it from here, meanwhile
		case r.ID == "":
			p.Drafts.giveBack(r.Room, r.Text, now)
		case p.Entries.find(r.Room, r.ID) == nil:
			e := entryOf(&r, now)
			p.Entries.await(&e, now)
			entries = append(entries, e)
		}
	}
	p.Entries.entries = append(entries, p.Entries.entries...)
}

// An adoptState says whether an adoption is wanted and whether one runs.
type adoptState int

const (
	adoptIdle    adoptState = iota // no adoption is wanted, none runs
	adoptWanted                    // an adoption must begin
	adopting                       // an adoption runs
	adoptingMore                   // an adoption runs, and another must begin after it
)

func (s adoptState) wanted() bool { return s == adoptWanted || s == adoptingMore }

func (s adoptState) runs() bool { return s == adopting || s == adoptingMore }

// want asks for an adoption. What another tab leaves from now on, one that runs may miss.
func (s *adoptState) want() {
	switch *s {
	case adoptIdle:
		*s = adoptWanted
	case adopting:
		*s = adoptingMore
	}
}

// begin begins the adoption. It covers what was wanted.
func (s *adoptState) begin() { *s = adopting }

// end ends it.
func (s *adoptState) end() {
	if *s == adoptingMore {
		*s = adoptWanted
	} else {
		*s = adoptIdle
	}
}
