package pkce

import (
	"time"
)

// What tabs tell each other is a query with a kind and a session. A tab heeds those of its own sign-in, and of one that the
// shared record names:
//
//	ask    left                          an access token is wanted that is good for longer than left
//	token  left, life, access, sent      here is one; a frozen tab hears late, so sent says when
//	       record                        where tabs share none, but a duplicated one has a copy
//	out                                  the person signed out
//	end                                  the provider or the server ended it

// better is by how many milliseconds longer an access token must be good to take another's place.
const better = 1000

// receive takes a message from another tab.
func (s *SignIn) receive(text string) {
	s.hold()
	s.heard = append(s.heard, text)
	s.release()
}

// hear does what other tabs' messages say.
func (s *SignIn) hear() {
	heard := s.heard
	s.heard = nil
	for _, text := range heard {
		m := parameters(text)
		if m["kind"] == "token" {
			s.compare() // it may be somebody new
		}
		session := m["session"]
		ours := s.record != nil && session == s.record.session
		switch m["kind"] {
		case "ask":
			if ours && s.left() > milliseconds(m["left"])+better {
				s.tell()
			}
		case "token":
			if ours {
				s.take(m)
			}
		case "out", "end":
			if ours {
				s.drop() // also a record that was written while the other wiped it
				s.problem = nil
			}
			if m["kind"] == "end" && session == s.former && s.record == nil && s.problem == nil {
				s.over, s.problem = true, sessionEnded // also if the record was found missing before this was heard
			}
		}
	}
}

// left returns for how many milliseconds the access token is still good.
//
//go:noinline
func (s *SignIn) left() int64 { return max(0, s.access.left(s.moment()).Milliseconds()) }

// take makes the access token that another tab told of this one's, if it is better.
func (s *SignIn) take(m map[string]string) {
	now := s.moment()
	life, left := milliseconds(m["life"]), milliseconds(m["left"])-max(0, now.wall.Milliseconds()-milliseconds(m["sent"]))
	text := m["access"]
	if text == "" || text == s.refused || left <= s.left()+better || left > life || life > maxLife.Milliseconds() {
		return
	}
	if raw := m["record"]; raw != "" && s.mode == Tab && s.store.Save(recordKey, raw) == nil {
		if r := s.decode(parameters(raw)); r != nil {
			s.know(r, raw)
		}
	}
	age := time.Duration(life-left) * time.Millisecond
	s.adopt(newAccess(text, moment{now.wall - age, now.mono - age}, time.Duration(life)*time.Millisecond))
}

// tell tells the other tabs this one's access token.
func (s *SignIn) tell() {
	raw := ""
	if s.mode == Tab {
		raw = s.raw
	}
	s.send(query("kind", "token", "session", s.record.session, "left", itoa(s.left()), "life", itoa(s.access.life.Milliseconds()),
		"access", s.access.text, "sent", itoa(s.moment().wall.Milliseconds()), "record", raw))
}

// ask asks the other tabs for an access token that is good for longer.
func (s *SignIn) ask() {
	if s.record != nil {
		s.send(query("kind", "ask", "session", s.record.session, "left", itoa(s.left())))
		s.until(s.adopted, askTimeout)
	}
}
