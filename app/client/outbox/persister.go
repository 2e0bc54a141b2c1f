package outbox

import (
	"maps"
	"time"

	"mayfly/shared/clock"
)

const (
	// how long a tab that starts or wakes waits for an adoption before it goes on without it
	adoptTimeout = 3 * time.Second
	// a second adoption begins this long after the start, because during the first adoption the tab's previous page may
	// still have counted as open
	adoptAgain = 5 * time.Second
	// how long a tab must have been closed before an older tab adopts its records: a page that the user loads again needs
	// some seconds, and more of them on a slow device
	reloadTime = 20 * time.Second
	settleTime = 5 * time.Second  // how long Settle waits for unsaved text, while the user leaves the page
	saveAgain  = 10 * time.Second // how long after a failure of the device the next save begins
)

// Config is what a Persister needs to begin.
type Config struct {
	Device  Device // nil: nothing is stored
	Clock   clock.Clock
	Entries *Outbox
	Drafts  *Drafts

	Go func(func()) // runs a function on another goroutine, where it may block
	Do func(func()) // leaves a function for the client's loop to run
	// runs on the loop after each adoption; adopted is false if the device failed
	OnAdopt func(guest string, adopted bool)
}

// A Persister stores the user's entries and drafts on the device (write-behind). It saves the difference between the
// wanted records and the stored records in one transaction. So an entry that becomes a draft is stored as an entry or as
// a draft, never as both or neither, even after a crash. Saving does not wait for an adoption, because the user may close
// the page before the adoption ends.
type Persister struct {
	Config // static

	stored   map[string]string // the records of this tab on the device, by key
	saving   bool              // a save runs
	failed   *clock.Moment     // when the device failed; nil: it did not fail the last time
	adoption adoptState
	restored string       // the room for which the last adoption has looked for a draft
	late     bool         // a second adoption must begin, adoptAgain after the time required
	required clock.Moment // when Require was last called
	fresh    bool         // the tab is new, and no adoption has begun
	// the tabs whose records this tab adopts without waiting for reloadTime, until the adoption that late schedules: the
	// names that this tab had before its page was loaded again or, in a new tab, the tabs that were closed when it was
	// opened
	former []string
	// the closed tabs whose records this tab may adopt after reloadTime; for each, when this tab first saw it closed
	left    map[string]clock.Moment
	ready   bool         // an adoption has ended since the moment required, or the wait for an adoption has timed out
	signOut string       // an owner who has signed out: the next adoption deletes the records of this owner; "": nobody
	settled []func()     // the functions that Settle was given, to be called once the device has stored everything
	asked   clock.Moment // when Settle was last called
}

// NewPersister returns a Persister. Call Start before the first Tick.
func NewPersister(c Config) *Persister { return &Persister{Config: c, stored: map[string]string{}} }

// Start requires the first adoption, and schedules a second one, adoptAgain later.
func (p *Persister) Start(now clock.Moment) {
	p.Require(now)
	p.late = true
	if p.Device != nil {
		p.former = p.Device.Former()
		p.fresh = len(p.former) == 0
	}
}

// Want asks for an adoption, which Tick begins.
func (p *Persister) Want() { p.adoption.want() }

// Require asks for an adoption, and makes Ready wait for it.
func (p *Persister) Require(now clock.Moment) {
	p.required, p.ready = now, false
	p.Want()
}

// Ready reports whether the client may send entries and turn old entries into drafts. It is false as long as another tab
// may have adopted some of them, and this tab has not looked on the device yet.
func (p *Persister) Ready() bool { return p.ready }

// Restored reports whether the client has looked on the device for drafts of that room. Without a device it returns true.
func (p *Persister) Restored(room string) bool { return p.Device == nil || p.restored == room }

// TimedOut makes the Persister ready if it has no Device, or if adoptTimeout has passed since Require. It reports
// whether this call has made it ready.
func (p *Persister) TimedOut(now clock.Moment) bool {
	if p.ready || p.Device != nil && now.Since(p.required) < adoptTimeout {
		return false
	}
	p.ready = true
	return true
}

// Settle calls f when the device has stored everything that the user has written, when the device has failed, or after
// settleTime, whichever comes first.
func (p *Persister) Settle(f func()) { p.settled, p.asked = append(p.settled, f), p.Clock() }

// SignOut forgets all entries and drafts, because owner has signed out. The next adoption deletes owner's records from
// the device.
func (p *Persister) SignOut(owner string) {
	p.Entries.entries, p.signOut = nil, owner
	p.Drafts.clear()
}

// Tick saves the records that have changed. If an adoption is due, Tick begins it for the claimant that c returns. It
// calls the functions that were given to Settle once nothing is being saved, or settleTime after the last of them was
// given.
func (p *Persister) Tick(now clock.Moment, c func(now clock.Moment) Claimant) {
	able := p.failed == nil || now.Since(*p.failed) >= saveAgain
	if p.late && able && now.Since(p.required) >= adoptAgain {
		p.late = false
		p.Want()
	}
	if able && !p.adoption.runs() && len(p.awaited(now)) > 0 {
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

// save stores the records that desired returns. It writes only the difference from the records that the device has.
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

// desired returns the records that the device must store, by key.
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

// adopt adopts for c, on another goroutine, what closed tabs have left.
func (p *Persister) adopt(c Claimant) {
	c.tab, c.awaited, c.signOut = p.Device.Tab(), p.awaited(c.Now), p.signOut
	c.fresh, c.former = p.fresh, p.former
	p.fresh, p.signOut = false, ""
	if !p.late { // from now on wait: if this tab is a duplicate, a former name is that of the original tab
		p.former = nil
	}
	p.adoption.begin()
	before := maps.Clone(p.stored)
	p.Go(func() {
		a, err := adopt(p.Device, &c)
		p.Do(func() {
			p.adoption.end()
			p.restored = c.Room
			p.ready = p.ready || !p.adoption.wanted()
			if c.fresh {
				p.former = c.closed // also for the next adoption: perhaps the user becomes known only then
			}
			if err == nil {
				p.await(a.left, c.Now)
				p.onAdopted(a, before)
			} else { // try again later: records wait to be adopted or, after a sign-out, to be deleted
				now := p.Clock()
				p.signOut, p.failed = c.signOut, &now
			}
			p.OnAdopt(a.guest, err == nil)
		})
	})
}

// await stores in left the closed tabs that an adoption has not adopted from yet. now is when that adoption began.
func (p *Persister) await(tabs []string, now clock.Moment) {
	left := map[string]clock.Moment{}
	for _, tab := range tabs {
		left[tab] = now
		if first, ok := p.left[tab]; ok {
			left[tab] = first
		}
	}
	p.left = left
}

// awaited returns the tabs in left that this tab has seen closed for reloadTime: their records may be adopted now.
func (p *Persister) awaited(now clock.Moment) (tabs []string) {
	for tab, first := range p.left {
		if now.Since(first) >= reloadTime {
			tabs = append(tabs, tab)
		}
	}
	return tabs
}

// onAdopted runs when an adoption has ended. earlier holds the records that this tab had stored when the adoption began.
// onAdopted takes over the entries and drafts that other tabs left. It forgets the stored entries of this tab that
// another tab adopted while this tab was frozen.
func (p *Persister) onAdopted(a adoption, earlier map[string]string) {
	now := p.Clock()
	for key := range earlier {
		if _, still := a.mine[key]; !still {
			delete(p.stored, key)
		}
	}
	for key, r := range a.mine {
		if p.stored[key] == "" { // the next save deletes the record if desired does not return it
			p.stored[key] = r.encode()
		}
	}
	p.Entries.keepOnly(func(e *Entry) bool { return earlier[entryKey+e.ID] == "" || p.stored[entryKey+e.ID] != "" })
	var entries []Entry
	for _, key := range a.adopted {
		switch r := a.mine[key]; {
		case r.goesWith(p.signOut): // the owner has signed out meanwhile
		case r.ID == "" && p.Drafts.has(r.Room, r.Text): // this tab's own draft, which another tab had adopted
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

// An adoptState says whether an adoption is wanted and whether an adoption runs.
type adoptState int

const (
	adoptIdle    adoptState = iota // no adoption is wanted, none runs
	adoptWanted                    // an adoption must begin
	adopting                       // an adoption runs
	adoptingMore                   // an adoption runs, and another must begin after it
)

func (s adoptState) wanted() bool { return s == adoptWanted || s == adoptingMore }

func (s adoptState) runs() bool { return s == adopting || s == adoptingMore }

// want asks for an adoption. If an adoption runs already, a second adoption follows it, because the first may miss the
// records of a tab that is closed from now on.
func (s *adoptState) want() {
	switch *s {
	case adoptIdle:
		*s = adoptWanted
	case adopting:
		*s = adoptingMore
	}
}

// begin runs when an adoption begins. That adoption answers all earlier calls of want.
func (s *adoptState) begin() { *s = adopting }

// end runs when the adoption has ended.
func (s *adoptState) end() {
	if *s == adoptingMore {
		*s = adoptWanted
	} else {
		*s = adoptIdle
	}
}
