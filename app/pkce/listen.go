package pkce

import "time"

// minGain is how much later an access token must end to replace another access token, in milliseconds.
const minGain = 1000

// listenLocked handles the messages that other tabs have sent. It ignores a message about another sign-in than this
// tab's, except an "end" of the sign-in that this tab had before.
func listenLocked(m *monitor) {
	for _, text := range m.tabs.take() {
		message := parseQuery(text)
		if message["kind"] == "token" {
			m.syncLocked() // the token may belong to a new sign-in, whose record must be read first
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
				m.dropLocked() // this also deletes a record that this tab stored after the other tab had deleted it
				m.outcome.problem = Problem{}
			}
			if message["kind"] == "end" && signInID == m.formerID && m.record == nil && m.outcome.problem == (Problem{}) {
				// dropLocked has ended that sign-in just now, or syncLocked ended it earlier because the record was gone.
				m.outcome = outcome{true, Problem{Cause: SignInEnded}}
			}
		}
	}
}

// acceptTokenLocked uses the access token in the message if it ends later than this tab's own.
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
