package pkce

import (
	"time"
)

// A message between tabs is a URL query with a kind and, in session, the id of a sign-in. A tab ignores messages about other
// sign-ins than its own and the one in the shared record. The kinds and their further members:
//
//	ask    left                          the tab wants an access token that is good for longer than left
//	token  left, life, access, sent      an access token; sent is the time, because a frozen tab reads this late
//	       record                        in Mode Tab also the record, for a tab that was duplicated from this one
//	out                                  the user signed out
//	end                                  the provider or the server ended the sign-in

// minGain is how many milliseconds longer an access token must be good to replace another.
const minGain = 1000

// onTabMessage runs when another tab sends a message.
func (s *SignIn) onTabMessage(text string) {
	s.hold()
	s.tabInbox = append(s.tabInbox, text)
	s.release()
}

// handleTabMessages handles the messages in tabInbox.
func (s *SignIn) handleTabMessages() {
	heard := s.tabInbox
	s.tabInbox = nil
	for _, text := range heard {
		m := parseQuery(text)
		if m["kind"] == "token" {
			s.syncRecord() // it may belong to a new sign-in
		}
		session := m["session"]
		ours := s.record != nil && session == s.record.signInID
		switch m["kind"] {
		case "ask":
			if ours && s.leftMillis() > milliseconds(m["left"])+minGain {
				s.sendToken()
			}
		case "token":
			if ours {
				s.acceptToken(m)
			}
		case "out", "end":
			if ours {
				s.dropRecord() // also a record that was written while the other tab deleted it
				s.problem = nil
			}
			if m["kind"] == "end" && session == s.formerID && s.record == nil && s.problem == nil {
				s.ended, s.problem = true, sessionEnded // also if syncRecord noticed first that the record is gone
			}
		}
	}
}

// leftMillis returns for how many milliseconds the access token is still good.
//
//go:noinline
func (s *SignIn) leftMillis() int64 { return max(0, s.access.left(s.moment()).Milliseconds()) }

// acceptToken makes the access token in message m this tab's own if it is good for longer.
func (s *SignIn) acceptToken(m map[string]string) {
	now := s.moment()
	late := max(0, now.Wall.UnixMilli()-milliseconds(m["sent"]))
	life, left := milliseconds(m["life"]), milliseconds(m["left"])-late
	text := m["access"]
	if text == "" || text == s.refused || left <= s.leftMillis()+minGain || left > life || life > maxLife.Milliseconds() {
		return
	}
	if raw := m["record"]; raw != "" && s.mode == Tab && s.store.Save(recordKey, raw) == nil {
		if r := s.decode(parseQuery(raw)); r != nil {
			s.setRecord(r, raw)
		}
	}
	age := time.Duration(life-left) * time.Millisecond
	s.setAccess(newAccess(text, now.Add(-age), time.Duration(life)*time.Millisecond))
}

// sendToken sends this tab's access token to the other tabs.
func (s *SignIn) sendToken() {
	raw := ""
	if s.mode == Tab {
		raw = s.raw
	}
	s.send(encodeQuery("kind", "token", "session", s.record.signInID, "left", itoa(s.leftMillis()),
		"life", itoa(s.access.life.Milliseconds()), "access", s.access.text,
		"sent", itoa(s.moment().Wall.UnixMilli()), "record", raw))
}

// askTabs asks the other tabs for an access token that is good for longer, and waits a little. It releases s.mu meanwhile.
func (s *SignIn) askTabs() {
	if s.record != nil {
		s.send(encodeQuery("kind", "ask", "session", s.record.signInID, "left", itoa(s.leftMillis())))
		s.waitFor(s.accessChanged, askTimeout)
	}
}
