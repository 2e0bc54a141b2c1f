package hub

import (
	"crypto/rand"
	"maps"
	"slices"
	"sync"
	"time"

	"mayfly/shared/wire"
)

// moderation carries out what moderators decide about one room. The caller of a method whose name ends in Locked holds
// room.mu. What they have decided is in the field order of the room's timeline.
type moderation struct {
	room     *room // static
	sweeping sweeping
	paces    paces
}

// Moderate carries out an act of a moderator. It makes these checks, in the order of docs/protocol.md: room, forbidden,
// repeat, rate, unavailable. (Each name but repeat is the code of the refusal.) If no check refuses the act, Moderate hands
// its event, a KindDecision, to the stream. Once the stream delivers the event to this node, every member of the room is
// told, c included. Moderate blocks until then, for orderTimeout at most: what the moderator sends next counts in the
// room as the act has made it.
func (c *Client) Moderate(f wire.Moderate) {
	if !c.hub.posts.begin() {
		return
	}
	defer c.hub.posts.done()
	a := &act{actKey: actKey{kind: KindDecision, user: c.userID}, sender: c}
	r := c.memberOf(f.Room)
	if r == nil {
		code, message, retry := c.notJoinedReason(f.Room)
		a.refuse(c, f.Room, code, message, retry)
		return
	}
	e, ok := r.acts.beginDecision(a, f)
	if !ok {
		return
	}
	r.turns.take(a.user, newTurn(c, r, e, func(_ Receipt, err error) { r.acts.onAppended(a, err) }))
	a.wait()
}

// beginDecision makes the checks of Moderate from forbidden on, and returns the event of a, which the caller must give to
// the stream. If ok is false, there is no event to store: the sender of a has its answer.
func (s *acts) beginDecision(a *act, f wire.Moderate) (e Event, ok bool) {
	r, c := s.room, a.sender
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case c.user.Load().Role != wire.RoleModerator:
		a.refuse(c, r.name, wire.CodeForbidden, notModerator, 0)
		return e, false
	case wire.IsAboutUser(f.Act) && f.Act != wire.ActLift && r.moderation.isModeratorLocked(f.User):
		a.refuse(c, r.name, wire.CodeForbidden, aModerator, 0)
		return e, false
	}
	now := r.hub.clock.Now().UnixMilli()
	d := r.moderation.decisionLocked(c, f, now)
	if !s.undecidedLocked() && r.moderation.soAlreadyLocked(d, now) {
		s.answerDecisionLocked(c, d)
		return e, false
	}
	a.chargedAt = time.Now()
	if wait := r.hub.chargeAct(c, a.chargedAt); wait > 0 {
		a.refuse(c, r.name, wire.CodeRate, r.hub.tooManyActs(), wait)
		return e, false
	}
	if wait := r.moderation.fullLocked(d, now); wait > 0 {
		r.hub.refundAct(c, a.chargedAt)
		a.refuse(c, r.name, wire.CodeUnavailable, tooManyBarred, wait)
		return e, false
	}
	a.id, a.decision, a.ended = rand.Text(), &d, make(chan struct{})
	s.byID[a.id] = a
	c.posts.add()
	r.hub.posts.add()
	return Event{Kind: KindDecision, User: c.userID, ID: a.id, At: now, Expires: r.moderation.keepsUntilLocked(d, now),
		Body: encodeBody(d)}, true
}

// decisionLocked returns the decision that f asks for.
func (m *moderation) decisionLocked(c *Client, f wire.Moderate, now int64) decision {
	r := m.room
	d := decision{Act: f.Act, By: *c.user.Load()}
	if wire.IsAboutUser(f.Act) {
		d.User = m.someUserLocked(f.User)
	}
	switch f.Act {
	case wire.ActMute, wire.ActBan:
		d.Until = now + *f.For
	case wire.ActSlow, wire.ActTTL:
		d.For = *f.For
	}
	if f.Act == wire.ActBan {
		d.Addresses = r.hub.directory.addresses.of(f.User)
		if person := r.timeline.order.barred[f.User]; len(d.Addresses) == 0 && person != nil && person.ban.holds(now) {
			d.Addresses = person.addresses // nothing newer is known
		}
		d.Addresses = d.Addresses[:min(len(d.Addresses), maxAddresses)]
	}
	return d
}

// maxAddresses is the most addresses in one decision. Further ones of a banned guest are stored by an actSpread.
const maxAddresses = 64

// someUserLocked returns the user with that id. If the user is not connected, it looks for the user's name in the messages
// of the room.
func (m *moderation) someUserLocked(id string) *wire.SomeUser {
	r := m.room
	if u, _ := r.hub.directory.find(id); u.ID != "" {
		known := u.Known()
		return &known
	}
	for _, live := range slices.Backward(r.timeline.live) {
		if live.name.author.Value().user != id {
			continue
		}
		if decoded, err := wire.DecodeMessage(live.json()); err == nil {
			known := decoded.User.Known()
			return &known
		}
	}
	return &wire.SomeUser{ID: id}
}

// undecidedLocked reports whether a decision of this node was not delivered yet. Until the delivery, soAlreadyLocked
// cannot tell whether another decision will change anything.
func (s *acts) undecidedLocked() bool {
	for _, a := range s.byID {
		if a.kind == KindDecision {
			return true
		}
	}
	return false
}

// soAlreadyLocked reports whether d would change nothing.
func (m *moderation) soAlreadyLocked(d decision, now int64) bool {
	r := m.room
	o, bounds := &r.timeline.order, r.hub.config.TTL
	switch d.Act {
	case wire.ActLift:
		person := o.barred[d.User.ID]
		return person == nil || !person.mute.holds(now) && !person.ban.holds(now)
	case wire.ActClear:
		return !r.timeline.clearableAt(now) && len(r.pending) == 0
	case wire.ActSlow:
		return o.slow.ms == d.For
	case wire.ActTTL:
		next := order{ttl: setting{ms: d.For}}
		return o.life(bounds) == next.life(bounds)
	}
	return false
}

// keepsUntilLocked returns until when the stream keeps the event of d (see order.keepsUntil).
func (m *moderation) keepsUntilLocked(d decision, now int64) int64 {
	until := m.room.timeline.order.keepsUntil(d, now, m.room.hub.config.TTL.Max)
	for _, a := range m.room.acts.byID { // decisions that were not delivered yet
		if d.User != nil && a.decision != nil && a.decision.User != nil && a.decision.User.ID == d.User.ID {
			until = max(until, a.decision.Until)
		}
	}
	return until
}

// fullLocked returns how long a moderator must wait until the room can perhaps keep one more mute or ban: until the stream
// drops what it stores about the first of the users. It returns 0 if the room can keep d now, or if d is neither a mute nor
// a ban.
func (m *moderation) fullLocked(d decision, now int64) (wait time.Duration) {
	o := &m.room.timeline.order
	if d.Act != wire.ActMute && d.Act != wire.ActBan {
		return 0
	}
	o.prune(now)
	hasPlace := o.barred[d.User.ID] != nil || len(o.barred) < MaxBarred
	if hasPlace && o.addresses()+len(d.Addresses) <= MaxBarAddresses {
		return 0
	}
	first := Forever
	for _, person := range o.barred {
		first = min(first, person.stored())
	}
	return time.Duration(max(first-now, 1)) * time.Millisecond
}

// answerDecisionLocked tells c that d has changed nothing.
func (s *acts) answerDecisionLocked(c *Client, d decision) {
	s.room.hub.counts.actRepeats.Add(1)
	f := d.moderated(s.room.name, 0, s.room.moderation.lifeLocked())
	f.Repeat = true
	c.member.Send(NewFrame(f))
}

// deliver passes e, an event of the room, to the room. Then it does what e makes necessary and what must not be done
// with room.mu held.
func (m *moderation) deliver(e Event) {
	r := m.room
	change, expelled := r.deliver(e)
	for _, c := range expelled {
		m.letGo(c)
	}
	if change.outcome != decided {
		return
	}
	switch change.decision.Act {
	case wire.ActBan: // this node may know addresses of the guest that the moderator's node does not know
		id := change.decision.User.ID
		if known := r.hub.directory.addresses.of(id); len(known) > 0 {
			r.hub.tasks.Go(func() { m.spread(id, known) })
		}
	case wire.ActClear:
		r.hub.tasks.Go(m.sweepUp)
	}
}

// onDecidedLocked runs when the stream has delivered the decision in c, which has changed something. It tells the members.
// It returns the clients that are not members any more, because they are banned: the caller must call letGo for each.
func (m *moderation) onDecidedLocked(e Event, c change) (expelled []*Client) {
	r := m.room
	if c.decision.Act == wire.ActBan || c.decision.Act == actSpread {
		expelled = m.expelLocked(c.decision.User.ID)
	}
	if c.decision.Act == wire.ActSlow && r.acts.byID[e.ID] != nil { // one node, the moderator's, stores them for all
		m.keepPacesLocked()
	}
	if c.decision.Act == wire.ActClear {
		m.sweeping.due = time.Time{} // at once, or as soon as the sweeps of an earlier clear are stored
		if r.acts.byID[e.ID] == nil {
			m.sweeping.due = time.Now().Add(sweepAfter)
		}
	}
	if c.outcome == decided {
		r.sendLocked(NewFrame(c.decision.moderated(r.name, e.Seq, m.lifeLocked())))
	}
	return expelled
}

// keepPacesLocked does what keepPaceLocked does, for the last posts of all users. A post that the stream has not answered
// may fail, so it does not count. If it succeeds, its event comes behind the one of the slow mode, and deliver keeps its
// time.
func (m *moderation) keepPacesLocked() {
	r := m.room
	last, expires := maps.Clone(r.pace.last), map[string]int64{}
	for k, p := range r.pending {
		if p.stored == nil && last[k.user] == p.noted {
			last[k.user] = p.before
		} else if p.stored != nil && last[k.user] == p.stored.At {
			expires[k.user] = p.stored.Expires
		}
	}
	for _, posted := range slices.AppendSeq(slices.Clone(r.timeline.live), maps.Values(r.timeline.removed)) {
		if user := posted.name.key().user; posted.at == last[user] {
			expires[user] = posted.expires
		}
	}
	for user, at := range last {
		m.keepPaceLocked(user, at, expires[user])
	}
}

// keepPaceLocked makes the stream store that the user last posted at that time, if the stream holds nothing of that post
// from expires on, and slow mode lasts longer. Without this, a node that reads the room later would let the user post
// too early. The caller has counted something in Hub.posts, so that Drain waits for the event, too.
func (m *moderation) keepPaceLocked(user string, at, expires int64) {
	r := m.room
	now, until := r.hub.clock.Now().UnixMilli(), at+r.timeline.order.slow.ms
	if until <= max(expires, now) || !r.pace.reserve(user, at, until) {
		return
	}
	r.hub.posts.add()
	m.paces.waiting = append(m.paces.waiting,
		Event{Kind: KindPace, User: user, ID: rand.Text(), At: now, Expires: until, Body: encodeBody(at)})
	if !m.paces.storing {
		m.paces.storing = true
		r.hub.tasks.Go(m.storePaces) // not with room.mu held: see the package comment
	}
}

// paces are the events of KindPace that storePaces has not handed to the stream yet.
type paces struct {
	waiting []Event
	storing bool // storePaces runs
}

// storePaces hands the events in m.paces to the stream.
func (m *moderation) storePaces() {
	r := m.room
	for {
		r.mu.Lock()
		events := m.paces.waiting
		m.paces = paces{storing: len(events) > 0}
		r.mu.Unlock()
		if len(events) == 0 {
			return
		}
		var logged sync.Once // if one event fails, many may
		for _, e := range events {
			r.hub.stream.Append(r.name, e, func(_ Receipt, err error) {
				if err != nil {
					logged.Do(func() {
						r.hub.log.Warn("slow mode may forget posts: their times are not stored", "room", r.name, "err", err)
					})
				}
				r.hub.posts.done()
			})
		}
	}
}

// isModeratorLocked reports whether the user with that id is known to be a moderator: because the user is connected, or by a
// message in the room.
func (m *moderation) isModeratorLocked(id string) bool {
	return m.someUserLocked(id).Role == wire.RoleModerator
}

// lifeLocked returns how long a message of the room lives, in milliseconds.
func (m *moderation) lifeLocked() int64 { return m.room.timeline.order.life(m.room.hub.config.TTL) }

// lifetime returns for how many milliseconds a message lives. ttl is the time that its post asks for, in milliseconds; 0
// asks for the room's. If ttl is too short or too long, problem is the sentence for the refusal.
func (m *moderation) lifetime(ttl int64) (ms int64, problem string) {
	r := m.room
	bounds := r.hub.config.TTL
	r.mu.Lock()
	bounds.Default = m.lifeLocked()
	r.mu.Unlock()
	if ttl == 0 {
		ttl = bounds.Default
	}
	if ttl < bounds.Min || ttl > bounds.Default {
		return 0, badTTL(bounds)
	}
	return ttl, ""
}
