package client

import (
	"time"

	"mayfly/shared/clock"
)

// What those who subscribed get to see: how the session stands, and how far each message of one's own is.

// publish hands the view, if it is a new one, to those who subscribed.
func (s *Client) publish() {
	if !s.changed {
		return
	}
	s.changed = false
	s.view = s.view.apart()
	s.view.Unsent = s.outbox.Len()
	s.view.Drafts = s.drafts.Returned(s.view.Room)
	s.view.Ended, s.view.NextTry, s.view.clock = s.ended, time.Time{}, s.clock
	if s.link == nil && s.ended == "" {
		s.view.NextTry = time.Now().Add(max(0, s.retry.Due(s.moment())))
	}
	s.telling.Lock()
	defer s.telling.Unlock()
	s.mu.Lock()
	s.shown = s.view
	subscribers := s.subscribers
	s.mu.Unlock()
	for _, show := range subscribers {
		(*show)(s.view)
	}
}

// mark brings the view in line with the connection and the outbox.
func (s *Client) mark(now clock.Moment) {
	if s.gone != nil && now.Since(*s.gone) >= calm {
		s.gone = nil
	}
	status := s.status()
	s.changed = s.changed || status != s.view.Status
	s.view.Status = status
	for i := len(s.view.Messages) - 1; i >= 0 && s.view.Messages[i].Seq == 0; i-- { // what is not accepted stands at the end
		m := &s.view.Messages[i]
		state, reason, ok := s.outbox.State(s.view.Room, m.id, now, status == Online)
		if ok && (m.State != state || m.Reason != reason) {
			m = s.change(i)
			m.State, m.Reason = state, reason
		}
	}
}

// change returns the i-th message of a view that nobody has yet.
func (s *Client) change(i int) *Message {
	s.view.Messages = copied(s.view.Messages)
	s.changed = true
	return &s.view.Messages[i]
}

func (s *Client) status() Status {
	switch {
	case s.ended != "":
		return s.endedAs
	case s.link != nil && s.link.welcomed, s.gone != nil:
		return Online
	case s.noNetwork, s.noToken:
		return Offline
	case s.restarting:
		return Restarting
	case !s.tried:
		return Connecting
	default:
		return Reconnecting
	}
}

// pending returns the entries for room, as they are shown there.
func (s *Client) pending(room string) (messages []Message) {
	for _, e := range s.outbox.In(room) {
		messages = append(messages, sending(s.view.Me, e.ID, e.Text))
	}
	return messages
}

// showPending shows the entries for the room, and no other messages that the server has not.
func (s *Client) showPending() { s.view, s.changed = s.view.withOwn(s.pending(s.view.Room)), true }
