package outbox

import (
	"maps"
	"time"

	"mayfly/shared/clock"
)

const (
	// A tab that has just started or woken sends no entries until its next adoption has ended. But after adoptTimeout it
	// sends them even if that adoption has not ended.
	adoptTimeout = 3 * time.Second
	// how long after the start a second adoption begins: if the user has loaded the page again, the old page may still have
	// counted as open during the first adoption
	adoptAgain = 5 * time.Second
	// how long a tab must have been closed before another tab adopts its records. Perhaps the user is loading the page of
	// the closed tab again, which can take many seconds on a slow device: that page must get its own records back
	reloadTime = 20 * time.Second
	settleTime = 5 * time.Second  // how long Settle waits at most until the device has stored everything
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
	// runs on the client's loop after each adoption. guest is the secret of the tab's guest. If the tab had no guest yet,
	// guest is the secret of the guest whose entries the tab has adopted; "": it has adopted none. adopted is false if the
	// device failed
	OnAdopt func(guest string, adopted bool)
}

// A Persister stores the user's entries and drafts on the device (write-behind). Each save writes all changes since the last
// save in one transaction. So if an entry becomes a draft, the device has either the entry or the draft, even after a crash.
// A save does not wait for a running adoption: the user may close the page before the adoption ends.
type Persister struct {
	Config // static

	stored   map[string]string // the records of this tab on the device, by key
	saving   bool              // a save runs
	failed   *clock.Moment     // when a save or an adoption last failed; nil: none has failed since the last good save
	adoption adoptState
	restored string       // the room for which the last adoption has looked for a draft
	late     bool         // Tick has not asked for the second adoption yet, which is due adoptAgain after the start
	required clock.Moment // when Require was last called
	fresh    bool         // the tab is new, and no adoption has begun
	// the names of tabs whose records this tab adopts at once, without waiting for reloadTime. If the page was loaded again,
	// they are the names that this tab had before. If the tab is new, they are the tabs that were closed before it was
	// opened. Empty once the second adoption has begun
	former []string
	// the closed tabs whose records this tab may adopt after reloadTime. The key is the name of a closed tab; the value is
	// the moment when this tab first saw that the other was closed
	left    map[string]clock.Moment
	ready   bool         // since the last call of Require, an adoption has ended or adoptTimeout has passed
	signOut string       // an owner who has signed out: the next adoption deletes the records of this owner; "": nobody
	settled []func()     // the functions that were passed to Settle, to be called once the device has stored everything
	asked   clock.Moment // when Settle was last called
}

// NewPersister returns a Persister. Call Start before the first Tick.
func NewPersister(c Config) *Persister { return &Persister{Config: c, stored: map[string]string{}} }

// Start requires the first adoption (see Require), and schedules a second adoption, which begins adoptAgain later.
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

// Require asks for an adoption. From now on Ready returns false, until an adoption has ended or adoptTimeout has passed.
func (p *Persister) Require(now clock.Moment) {
	p.required, p.ready = now, false
	p.Want()
}

// Ready reports whether the client may send entries and turn old entries into drafts. When this tab starts or wakes, another
// tab may have adopted some of its entries. If both tabs used these entries, a text could be both sent and returned to the
// composer. So after a call of Require, Ready returns false until an adoption that began after that call has ended, or until
// TimedOut finds that adoptTimeout has passed or that there is no Device.
func (p *Persister) Ready() bool { return p.ready }

// Restored reports whether the client has looked on the device for drafts of that room. Without a device it returns true.
func (p *Persister) Restored(room string) bool { return p.Device == nil || p.restored == room }

// TimedOut makes Ready return true if there is no Device, or if adoptTimeout has passed since Require was called. TimedOut
// returns true only if Ready returned false before this call and returns true after it.
func (p *Persister) TimedOut(now clock.Moment) bool {
	if p.ready || p.Device != nil && now.Since(p.required) < adoptTimeout {
		return false
	}
	p.ready = true
	return true
}

// Settle returns at once, and Tick calls f later: when the device has stored everything that the user has written, when the
// device has failed, or after settleTime, whichever comes first.
func (p *Persister) Settle(f func()) { p.settled, p.asked = append(p.settled, f), p.Clock() }

// SignOut forgets all entries and drafts, because owner has signed out. The next adoption deletes owner's records from
// the device.
func (p *Persister) SignOut(owner string) {
	p.Entries.entries, p.signOut = nil, owner
	p.Drafts.clear()
}

// Tick saves the records that have changed. If an adoption is due, Tick begins it for the claimant that c returns. If no
// save runs then, or if settleTime has passed since Settle was last called, Tick calls the functions that were passed to
// Settle.
func (p *Persister) Tick(now clock.Moment, c func(now clock.Moment) Claimant) {
	able := p.failed == nil || now.Since(*p.failed) >= saveAgain
	if p.late && able && now.Since(p.required) >= adoptAgain {
		p.late = false
		p.Want()
	}
	if able && !p.adoption.runs() && len(p.awaited(now)) > 0 {
		p.Want()
	}
	if p.Device != nil {
		changes := p.changes()
		p.Device.Note(changes)
		if len(changes) > 0 && !p.saving && able {
			p.save(changes)
		}
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

// changes returns the difference between the records that desired returns and those that the device has.
func (p *Persister) changes() map[string]string {
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
	return changes
}

// save stores changes.
func (p *Persister) save(changes map[string]string) {
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
	// Only the first two adoptions use p.former. If the user has duplicated a tab, p.former of the copy contains the name of
	// the original tab. Later, if the user reloads the original, the copy must not take its records at once.
	if !p.late {
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
				// Perhaps the client knows the user only when the second adoption begins. So let that adoption, too, take
				// the records of these closed tabs without waiting for reloadTime.
				p.former = c.closed
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

// await makes tabs the new content of p.left: the closed tabs whose records an adoption has left for later. now is the
// moment when that adoption began. A tab that is in p.left already keeps its earlier moment.
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

// awaited returns those tabs in p.left whose records this tab may adopt now: at least reloadTime has passed since this tab
// first saw that they were closed.
func (p *Persister) awaited(now clock.Moment) (tabs []string) {
	for tab, first := range p.left {
		if now.Since(first) >= reloadTime {
			tabs = append(tabs, tab)
		}
	}
	return tabs
}

// onAdopted runs when an adoption has ended. It takes over the entries and drafts that other tabs left. earlier contains the
// records that this tab had when the adoption began. If one of these is not in a.mine, another tab has adopted it while this
// tab was frozen. Then onAdopted forgets its entry: otherwise both tabs would have the entry.
func (p *Persister) onAdopted(a adoption, earlier map[string]string) {
	now := p.Clock()
	for key := range earlier {
		if _, still := a.mine[key]; !still {
			delete(p.stored, key)
		}
	}
	for key, r := range a.mine {
		if p.stored[key] == "" { // add the record to p.stored: otherwise a save would never delete it from the device
			p.stored[key] = r.encode()
		}
	}
	p.Entries.keepOnly(func(e *Entry) bool { return earlier[entryKey+e.ID] == "" || p.stored[entryKey+e.ID] != "" })
	var entries []Entry
	for _, key := range a.adopted {
		switch r := a.mine[key]; {
		case r.goesWith(p.signOut): // the owner has signed out meanwhile
		case r.ID == "" && p.Drafts.has(r.Room, r.Text): // this tab still has the text of this draft from before
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

// begin runs when an adoption begins. No further adoption is wanted until want is called again.
func (s *adoptState) begin() { *s = adopting }

// end runs when the adoption has ended.
func (s *adoptState) end() {
	if *s == adoptingMore {
		*s = adoptWanted
	} else {
		*s = adoptIdle
	}
}
