package client

import (
	"maps"
	"time"

	"mayfly/shared/clock"
)

const (
	seekTimeout = 3 * time.Second  // how long a tab waits for what was left to it, until it begins, or goes on, without
	seekAgain   = 5 * time.Second  // after the start: the page that was here before may have counted as open until now
	settleIn    = 5 * time.Second  // how long who wants to leave the page waits for what is to be kept
	keepAgain   = 10 * time.Second // after the device could not keep something, or not remove it
)

// A keeper has the device keep what the session holds for its writer: letters and drafts. What differs is saved, all of it at
// once, so that a letter that becomes a draft is one or the other whatever happens. It belongs to the session's loop. What is
// saved does not wait for what is looked for: the page may be closed before that is found.
type keeper struct {
	device  Device // static; nil: nothing is kept
	kept    map[string]string
	saving  bool
	seeking bool
	seeks   bool          // what other tabs have left is to be looked for
	late    bool          // and once more, seekAgain after began
	signOut string        // the owner who has signed out, until nothing of theirs is kept
	began   clock.Moment  // when the outbox was to wait for that
	sought  bool          // it was looked for since, or not to be had in time
	failed  *clock.Moment // when the device could not keep something, or not remove it; nil: it did the last
	settled []func()      // called once all is kept that can be
	asked   clock.Moment  // when the last of them was added
}

// Settled calls f once all that one has written is kept as far as the device can, or does not within some seconds. f must not block.
func (s *Client) Settled(f func()) {
	s.do(func() { s.keeper.settled, s.keeper.asked = append(s.keeper.settled, f), s.moment() })
}

// keep has the device keep what has changed.
func (s *Client) keep(now clock.Moment) {
	k := &s.keeper
	able := k.failed == nil || now.Since(*k.failed) >= keepAgain
	if k.late && able && now.Since(k.began) >= seekAgain {
		k.late, k.seeks = false, true
	}
	if k.device != nil && !k.saving && able {
		s.save()
	}
	if k.device != nil && !k.seeking && (k.seeks || k.signOut != "" && able) {
		s.seek(now)
	}
	if !k.saving || now.Since(k.asked) >= settleIn {
		for _, f := range k.settled {
			f()
		}
		k.settled = nil
	}
}

// seekFirst has what other tabs have left, or taken over, looked for before anything is sent or becomes a draft.
func (k *keeper) seekFirst(now clock.Moment) { k.began, k.seeks, k.sought = now, true, false }

func (s *Client) seek(now clock.Moment) {
	k := &s.keeper
	who := seeker{tab: k.device.Tab(), owner: s.owner(), guest: s.guest, me: s.view.Me.ID, room: s.view.Room, signOut: k.signOut, now: now}
	k.seeking, k.seeks, k.signOut = true, false, ""
	before := maps.Clone(k.kept)
	s.work.Go(func() {
		f, err := seek(k.device, who)
		s.do(func() {
			k.seeking, k.sought = false, k.sought || !k.seeks
			s.beginAs(f.guest)
			if err == nil {
				s.found(f, before)
			} else if who.signOut != "" { // what is theirs must go
				now := s.moment()
				k.signOut, k.failed = who.signOut, &now
			}
		})
	})
}

func (s *Client) save() {
	k := &s.keeper
	wanted := s.wanted()
	changes := map[string]string{}
	for key, value := range wanted {
		if k.kept[key] != value {
			changes[key] = value
		}
	}
	for key := range k.kept {
		if wanted[key] == "" {
			changes[key] = ""
		}
	}
	if len(changes) == 0 {
		return
	}
	k.saving = true
	s.work.Go(func() {
		err := k.device.Save(changes)
		s.do(func() { s.saved(changes, err) })
	})
}

func (s *Client) saved(changes map[string]string, err error) {
	k := &s.keeper
	k.saving, k.failed = false, nil
	if err != nil {
		now := s.moment()
		k.failed = &now
		return
	}
	maps.Copy(k.kept, changes)
	maps.DeleteFunc(k.kept, func(_, value string) bool { return value == "" })
	for i := range s.outbox.letters {
		l := &s.outbox.letters[i]
		l.kept = k.kept[letterKey+l.id] != ""
	}
}

// wanted returns what is to be kept, by key.
func (s *Client) wanted() map[string]string {
	wanted := map[string]string{}
	tab := s.keeper.device.Tab()
	for i := range s.outbox.letters {
		l := &s.outbox.letters[i]
		if n := l.note(tab); n != l.noted {
			l.noted, l.value = n, n.encode()
		}
		wanted[letterKey+l.id] = l.value
	}
	for room, d := range s.drafts.rooms {
		if text := d.text(); text != "" {
			wanted[draftKey+d.id] = note{Tab: tab, Room: room, Text: text, Written: d.changed.Wall.UnixMilli()}.encode()
		}
	}
	return wanted
}

// beginAs lets the session begin with a guest's secret, if it did not yet.
func (s *Client) beginAs(guest string) {
	if s.guest != "" {
		return
	}
	if guest == "" {
		guest = NewGuest()
	}
	s.guest = guest
	s.own()
	if s.keepGuest != nil {
		s.keepGuest(guest)
	}
}

// found takes in what is kept for this tab: letters and drafts that other tabs left, and no letter that was kept before and that
// another tab has found while this one was frozen.
func (s *Client) found(f found, before map[string]string) {
	k, now := &s.keeper, s.moment()
	for key := range before {
		if _, is := f.mine[key]; !is {
			delete(k.kept, key)
		}
	}
	for key, n := range f.mine {
		if k.kept[key] == "" { // if it is not wanted, either, it goes
			k.kept[key] = n.encode()
		}
	}
	s.outbox.keepOnly(func(l *letter) bool { return before[letterKey+l.id] == "" || k.kept[letterKey+l.id] != "" })
	var letters []letter
	for _, key := range f.fresh {
		switch n := f.mine[key]; {
		case n.goesWith(k.signOut): // which was said meanwhile
		case n.ID == "" && s.drafts.has(n.Room, n.Text): // it was taken over from here, meanwhile
		case n.ID == "":
			s.drafts.giveBack(n.Room, n.Text, false, now)
		case s.outbox.find(n.Room, n.ID) == nil:
			l := n.letter(now)
			s.outbox.await(&l, now)
			letters = append(letters, l)
		}
	}
	s.outbox.letters = append(letters, s.outbox.letters...)
	s.own()
	s.showOwn()
}

// showOwn shows what one wrote to the room and the server has not, and nothing else of the kind.
func (s *Client) showOwn() {
	s.view, s.changed = s.view.withOwn(s.outbox.in(s.view.Room, s.view.Me)), true
}

// owner returns whose the letters are that are written now, "" if that is not known yet.
func (s *Client) owner() string {
	switch {
	case s.who != "":
		return ownedBySignIn + s.who
	case !s.known, s.guest == "":
		return ""
	default:
		return ownedByGuest + s.guest
	}
}

// own makes what was written before it was known whose it is that of whoever comes first.
func (s *Client) own() {
	for i := range s.outbox.letters {
		if l := &s.outbox.letters[i]; l.owner == "" {
			l.owner = s.owner()
		}
	}
}
