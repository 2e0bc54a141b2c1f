package pkce

import "time"

// minGain is how many milliseconds longer an access token must be good to replace another.
const minGain = 1000

// listenLocked handles the messages of other tabs that have come. It ignores messages about other sign-ins than this tab's
// own and the one in the shared record.
func listenLocked(m *monitor) {
	for _, text := range m.tabs.take() {
		message := parseQuery(text)
		if message["kind"] == "token" {
			m.syncLocked() // it may belong to a new sign-in
		}
		signInID := message["session"]
		ours := m.record != nil && signInID == m.record.signInID
		switch message["kind"] {
		case "ask":
			if ours && m.leftLocked() > milliseconds(message["left"])+minGain {
				m.sendTokenLocked()
			}
		case "token":
			if ours {
				acceptTokenLocked(m, message)
			}
		case "out", "end":
			if ours {
				m.dropLocked() // also a record that was written while the other tab deleted it
				m.outcome.problem = Problem{}
			}
			if message["kind"] == "end" && signInID == m.formerID && m.record == nil && m.outcome.problem == (Problem{}) {
				// Also if syncLocked noticed first that the record is gone.
				m.outcome = outcome{true, Problem{Cause: SignInEnded}}
			}
		}
	}
}

// acceptTokenLocked makes the access token in the message this tab's own if it is good for longer.
func acceptTokenLocked(m *monitor, message map[string]string) {
	now := m.now()
	late := max(0, now.Wall.UnixMilli()-milliseconds(message["sent"]))
	life, left := milliseconds(message["life"]), milliseconds(message["left"])-late
	text := message["access"]
	if text == "" || text == m.tokens.refused || left <= m.leftLocked()+minGain || left > life ||
		life > maxLife.Milliseconds() {
		return
	}
	if raw := message["record"]; raw != "" {
		if r := m.records.copyOf(raw); r != nil {
			m.setRecordLocked(r, raw)
		}
	}
	age := time.Duration(life-left) * time.Millisecond
	m.useLocked(newAccess(text, now.Add(-age), time.Duration(life)*time.Millisecond))
}
