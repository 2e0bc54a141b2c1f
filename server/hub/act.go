package hub

import (
	"crypto/rand"
	"errors"
	"slices"
	"time"

	"mayfly/shared/wire"
)

// Emoji are the reactions that users may give.
var Emoji = [...]string{"👍", "❤️", "😂", "🎉", "😮", "🙏"}

const (
	// EventsPerMessage times Config.RoomMessages is how many events of one room the stream must have space for. Of these
	// EventsPerMessage events, one is the message itself, or the removal that has replaced the message. The others are the
	// events that give or take away reactions.
	EventsPerMessage = 10
	// givenPerMessage times Config.RoomMessages is the limit of reaction events in a room. At the limit, users can give no
	// more reactions, but can still take away each reaction that they have given. So a room has at most twice as many
	// reaction events as the limit. That is why EventsPerMessage-1 is halved here.
	givenPerMessage = (EventsPerMessage - 1) / 2

	// actTimeout is how long the room waits for the event of an act after the stream has stored it. If the stream does
	// not deliver the event in this time, the sender of the act is told to try again.
	actTimeout = 5 * time.Second
)

// act is something that a user does to a message: giving a reaction, taking a reaction away, or taking the message back. It
// is also what a moderator decides about the room (moderate.go).
// An act exists until the stream has stored its event and delivered the event to this node. Before the delivery this node
// does not know whether the act changes anything: an event of another client may come first.
type act struct {
	actKey
	on       bool          // for a reaction: true gives it, false takes it away
	decision *decision     // for an act of a moderator
	ended    chan struct{} // closed when the act ends, or the earlier one that it repeats; nil: no connection waits for it

	id        string // the id of the act's event
	sender    *Client
	repeats   []*Client // clients of the same user that asked for the same act later and wait for the same answer
	chargedAt time.Time // when the act was counted against the rate of the user
	stored    bool      // the stream has stored the event
	until     time.Time // when the room stops waiting for the stored event; set when stored becomes true
}

// actKey says who acts, on which message, and in which way. A user may send several acts with the same actKey before they
// are stored, such as a reaction on, off and on again. Once all of them are stored, the message is as the last of them
// wants it.
type actKey struct {
	kind  Kind   // KindReaction, KindRemoval or KindDecision
	user  string // the id of the user who acts
	to    int64  // the seq of the message; 0 for a decision
	emoji string // the emoji of a reaction; empty for a removal or a decision
}

// acts are the acts in one room that have no answer yet. room.mu guards them. The caller of a method whose name ends in
// Locked holds room.mu.
type acts struct {
	room   *room           // static
	byID   map[string]*act // by the id of the event
	newest map[actKey]*act // the last act with each actKey
}

func newActs(r *room) acts { return acts{r, map[string]*act{}, map[actKey]*act{}} }

// React gives a reaction to a message, or takes it away. It makes these checks, in the order of docs/protocol.md: room,
// forbidden, gone, emoji, repeat, rate, full, unavailable. Each name is the code of the refusal, except repeat: that check
// finds out whether the reaction is already as the user wants it, or an earlier act that asks for the same has no answer
// yet. For a repeat, React stores nothing. (If this node may not have the message yet, it refuses with unavailable right
// after room.) A reaction that passes all checks is handed to the stream as an event, and React returns. Once the stream
// delivers the event to this node, every member of the room is told, c included.
func (c *Client) React(f wire.React) {
	c.act(f.Room, &act{actKey: actKey{KindReaction, c.userID, f.Seq, f.Emoji}, on: f.On == nil || *f.On, sender: c})
}

// Remove takes back a message of the user's own; a moderator may take back any message. It makes these checks, in this
// order: room, repeat, gone, forbidden, rate, unavailable. Each name is the code of the refusal, except repeat: that check
// finds out whether the user has asked for the same removal before, and then nothing is stored. (If this node may not have
// the message yet, it refuses with unavailable right after room.) A removal that passes all checks is handed to the stream
// as an event. Once the stream delivers the event to this node, every member of the room is told, c included. Remove blocks
// until then, for orderTimeout at most, so that what the user sends next on this connection is handled after the removal.
func (c *Client) Remove(f wire.Remove) {
	c.act(f.Room, &act{actKey: actKey{kind: KindRemoval, user: c.userID, to: f.Seq}, sender: c})
}

// act makes the checks of a in the room of that name. If a passes, it hands the event of a to the stream.
func (c *Client) act(room string, a *act) {
	if !c.hub.posts.begin() {
		return
	}
	defer c.hub.posts.done()
	r := c.memberOf(room)
	if r == nil {
		code, message, retry := c.notJoinedReason(room)
		if a.kind == KindReaction {
			code, message, retry = c.excludedReason(room)
		}
		a.refuse(c, room, code, message, retry)
		return
	}
	if !r.acts.reaches(c, a.to) {
		a.refuse(c, room, wire.CodeUnavailable, notArrived, retryUnavailable)
		return
	}
	if e, ok := r.acts.begin(a); ok {
		c.hub.stream.Append(r.name, e, func(_ Receipt, err error) { r.acts.onAppended(a, err) })
	}
	if a.ended != nil {
		a.wait()
	}
}

// refuse sends c the frame refused, which says that a was not carried out. retry is how long c must wait before it tries
// again; 0: it must not try again.
func (a *act) refuse(c *Client, room string, code wire.Code, message string, retry time.Duration) {
	f := wire.Refused{Re: wire.Kind(wire.React{}), Room: room, Seq: &a.to, Code: code, Message: message}
	switch a.kind {
	case KindRemoval:
		f.Re = wire.Kind(wire.Remove{})
	case KindDecision:
		f.Re, f.Seq = wire.Kind(wire.Moderate{}), nil
	}
	c.Refuse(f, retry)
}

// begin makes the checks of a and returns the event of a, which the caller must give to the stream. If ok is false, there
// is no event to store, and the caller does nothing more: the sender of a was refused, has its answer already, or will
// get the answer to an earlier act.
func (s *acts) begin(a *act) (e Event, ok bool) {
	s.room.mu.Lock()
	defer s.room.mu.Unlock()
	m := s.targetLocked(a.to)
	if a.kind == KindReaction && !s.mayReactLocked(a, m) || a.kind == KindRemoval && !s.mayTakeBackLocked(a, m) {
		return e, false
	}
	a.chargedAt = time.Now()
	if wait := s.room.hub.chargeAct(a.sender, a.chargedAt); wait > 0 {
		a.refuse(a.sender, s.room.name, wire.CodeRate, s.room.hub.tooManyActs(), wait)
		return e, false
	}
	if a.kind == KindReaction && a.on && s.fullLocked(a, m) {
		s.room.hub.refundAct(a.sender, a.chargedAt)
		return e, false
	}
	if a.id = rand.Text(); a.kind == KindRemoval {
		a.ended = make(chan struct{})
	}
	s.byID[a.id], s.newest[a.actKey] = a, a
	a.sender.posts.add()
	s.room.hub.posts.add()
	return a.event(m, s.room.hub.clock.Now()), true
}

// event returns the event of a. m is the message that a is about.
func (a *act) event(m *message, now time.Time) Event {
	e := Event{Kind: a.kind, User: a.user, ID: a.id, At: now.UnixMilli(), Expires: m.expires}
	if a.kind == KindReaction {
		e.Body = encodeBody(reaction{To: a.to, Emoji: a.emoji, On: a.on, User: *a.sender.user.Load()})
	} else {
		k, why := m.name.key(), wire.WhyAuthor
		if k.user != a.user {
			why = wire.WhyModerator
		}
		e.Body = encodeBody(removal{To: a.to, User: k.user, ID: k.id, At: m.at, Why: why})
	}
	return e
}

// targetLocked returns the message with that seq, even if the message was taken back. It returns nil if the room has no such
// message or if the message has expired. It also finds a message that the stream has stored but not yet delivered: the
// author got the seq in the frame accepted, and may already act on the message.
func (s *acts) targetLocked(seq int64) *message {
	m := s.room.timeline.find(seq)
	if m == nil {
		for k, p := range s.room.pending {
			if p.stored != nil && p.stored.Seq == seq {
				m = &message{seq: seq, name: k.name(), at: p.stored.At, expires: p.stored.Expires}
			}
		}
	}
	if m == nil || m.expires <= s.room.hub.clock.Now().UnixMilli() {
		return nil
	}
	return m
}

// mayReactLocked makes the checks of React from forbidden to repeat (see React). m is the message, or nil. If it returns
// false, the caller must not store a: the sender of a has an answer already, or waits for the answer to an earlier act.
func (s *acts) mayReactLocked(a *act, m *message) bool {
	problem, wait := s.room.moderation.silencesLocked(a.sender)
	switch {
	case problem != "":
		a.refuse(a.sender, s.room.name, wire.CodeForbidden, problem, wait)
	case m == nil || m.takenBack() != nil:
		a.refuse(a.sender, s.room.name, wire.CodeGone, messageGone, 0)
	case !slices.Contains(Emoji[:], a.emoji):
		a.refuse(a.sender, s.room.name, wire.CodeEmoji, badEmoji, 0)
	case s.joinLocked(a):
	case s.newest[a.actKey] == nil && m.hasReaction(a.user, a.emoji) == a.on:
		s.answerLocked(a, a.sender, already, m)
	default:
		return true
	}
	return false
}

// mayTakeBackLocked makes three of the checks that Remove lists: repeat, gone, and forbidden. m is the message to take
// back; nil: there is no such message. If mayTakeBackLocked returns false, the caller must not store a: the sender of a has
// been answered or refused, or will get the answer to an earlier act that asks for the same.
func (s *acts) mayTakeBackLocked(a *act, m *message) bool {
	switch {
	case m != nil && m.takenBack() != nil && m.takenBack().by == a.user:
		s.answerLocked(a, a.sender, already, m)
	case m == nil || m.takenBack() != nil:
		a.refuse(a.sender, s.room.name, wire.CodeGone, messageGone, 0)
	case m.name.author.Value().user != a.user && a.sender.user.Load().Role != wire.RoleModerator:
		a.refuse(a.sender, s.room.name, wire.CodeForbidden, notYours, 0)
	case s.joinLocked(a):
	default:
		return true
	}
	return false
}

// joinLocked returns true if the newest act with the actKey of a asks for the same as a and has no answer yet. Then a is
// not stored (single flight): the sender of a gets the answer to the earlier act, too. If maxRepeats clients wait for
// that answer already, joinLocked refuses a, and returns true, too.
func (s *acts) joinLocked(a *act) bool {
	first := s.newest[a.actKey]
	if first == nil || first.on != a.on {
		return false
	}
	if len(first.repeats) >= maxRepeats {
		a.refuse(a.sender, s.room.name, wire.CodeRate, actUnanswered, retryUnavailable)
		return true
	}
	first.repeats, a.ended = append(first.repeats, a.sender), first.ended
	a.sender.posts.add()
	return true
}

// fullLocked reports whether m or the room has reached a limit and can take no further reaction. If so, it refuses a.
func (s *acts) fullLocked(a *act, m *message) bool {
	config := s.room.hub.config
	size := aroundEmoji + len(a.emoji) + aroundReactor + len(a.user)
	switch {
	case m.reactors(a.emoji) >= wire.MaxReactors:
		a.refuse(a.sender, s.room.name, wire.CodeFull, reactionsFull, 0)
	case s.room.timeline.events+len(s.byID) >= givenPerMessage*config.RoomMessages,
		s.room.timeline.bytes+s.room.pendingBytes+size > config.RoomBytes:
		a.refuse(a.sender, s.room.name, wire.CodeFull, roomFull, s.room.nextExpiryLocked(s.room.hub.clock.Now()))
	default:
		return false
	}
	return true
}

// answerLocked answers c when an act has changed nothing. c is the sender of a, or another client that asked for the same
// as a while a had no answer. why is the reason. If why is the constant already, the message already was as the act
// wants it, and the answer is marked as a repeat. For any other why, the answer is a refusal. If a is an act of a
// moderator, the answer is a repeat for every why. m is the message, or nil.
func (s *acts) answerLocked(a *act, c *Client, why outcome, m *message) {
	switch {
	case a.decision != nil:
		s.answerDecisionLocked(c, *a.decision)
	case why == full:
		a.refuse(c, s.room.name, wire.CodeFull, reactionsFull, 0)
	case why != already:
		a.refuse(c, s.room.name, wire.CodeGone, messageGone, 0)
	case a.kind == KindReaction:
		s.room.hub.counts.actRepeats.Add(1)
		c.member.Send(NewFrame(wire.Reacted{Room: s.room.name, To: a.to, User: *c.user.Load(), Emoji: a.emoji, On: a.on,
			Repeat: true}))
	default:
		s.room.hub.counts.actRepeats.Add(1)
		c.member.Send(NewFrame(wire.Removed{Room: s.room.name, Seqs: []int64{a.to}, Why: m.takenBack().why, Repeat: true}))
	}
}

// onAppended runs when the stream has stored the event of a, or has failed to store it.
func (s *acts) onAppended(a *act, err error) {
	s.room.mu.Lock()
	defer s.room.mu.Unlock()
	switch failed := s.room.hub.drainFailed.Load(); {
	case s.byID[a.id] != a: // a has ended already: its event was delivered before this acknowledgement
	case err == nil && (failed || s.room.closed):
		s.abandonLocked(a)
	case err == nil:
		a.stored, a.until = true, time.Now().Add(actTimeout)
	case failed: // send no answer: the server is stopping, and the client repeats the act on its next connection
		s.endLocked(a)
	default:
		s.room.hub.refundAct(a.sender, a.chargedAt)
		for _, c := range append(a.repeats, a.sender) {
			s.failLocked(a, c, err)
		}
		s.endLocked(a)
	}
}

func (s *acts) failLocked(a *act, c *Client, err error) {
	if errors.Is(err, ErrFull) && a.kind == KindReaction {
		a.refuse(c, s.room.name, wire.CodeFull, roomFull, s.room.nextExpiryLocked(s.room.hub.clock.Now()))
		return
	}
	a.refuse(c, s.room.name, wire.CodeUnavailable, actNotStored, retryUnavailable)
}

// senderLocked returns the client whose post or act became the event e. It returns nil if no client on this node waits
// for e, for example because a client of another node sent it.
func (s *acts) senderLocked(e Event) *Client {
	if p := s.room.pending[e.key()]; p != nil {
		return p.author
	}
	if a := s.byID[e.ID]; a != nil {
		return a.sender
	}
	return nil
}

// onDeliveredLocked runs when the stream has delivered e. c says what e has changed in the timeline. If e is the event of
// an act of this node, the clients that wait for the act get their answers and the act ends. If e has changed something,
// the sender of the act needs no answer here: like every member, it was already sent the change.
func (s *acts) onDeliveredLocked(e Event, c change) {
	a := s.byID[e.ID]
	if a == nil {
		return
	}
	why := c.outcome
	switch c.outcome {
	case reacted:
		why = already
		s.room.hub.counts.reactions.Add(1)
	case removed:
		why = already
		s.room.hub.counts.removals.Add(1)
		if author := c.message.name.key().user; author != a.user {
			s.room.hub.config.Audit.Removed(s.room.name, *a.sender.user.Load(), a.to, author)
		}
	case decided:
		s.room.hub.counts.decisions[a.decision.Act].Add(1)
		a.decision.writeTo(s.room.hub.config.Audit, s.room.name, e.At)
	default:
		s.room.hub.refundAct(a.sender, a.chargedAt)
		s.answerLocked(a, a.sender, why, c.message)
	}
	for _, client := range a.repeats {
		s.answerLocked(a, client, why, c.message)
	}
	s.endLocked(a)
}

// giveUpLocked refuses the acts whose event the stream has stored, but has not delivered within actTimeout.
func (s *acts) giveUpLocked(now time.Time) {
	for _, a := range s.byID {
		if !a.stored || a.until.After(now) {
			continue
		}
		for _, c := range append(a.repeats, a.sender) {
			a.refuse(c, s.room.name, wire.CodeUnavailable, actUnanswered, retryUnavailable)
		}
		s.abandonLocked(a)
	}
}

// abandonLocked ends an act whose event is stored but was not delivered yet. If a is a removal, abandonLocked also asks
// the stream to erase the message. Normally room.deliver does so when the event is delivered, but this node may never get
// the event.
func (s *acts) abandonLocked(a *act) {
	if a.kind == KindRemoval {
		s.room.hub.stream.Erase(s.room.name, a.to)
	}
	s.endLocked(a)
}

// endLocked removes a from the acts that have no answer yet.
func (s *acts) endLocked(a *act) {
	delete(s.byID, a.id)
	if s.newest[a.actKey] == a {
		delete(s.newest, a.actKey)
	}
	for _, c := range append(a.repeats, a.sender) {
		c.posts.done()
	}
	s.room.hub.posts.done()
	if a.ended != nil {
		close(a.ended)
	}
}
