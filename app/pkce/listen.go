package pkce

import "time"

// minGain is in milliseconds. A tab replaces its access token by that of another tab only if the other token ends more than
// minGain later.
const minGain = 1000

// listenLocked handles the messages that other tabs have sent. It ignores messages about other sign-ins than this tab's.
// There is one exception: if this tab has just lost its sign-in, a message "end" for that sign-in says why, and listenLocked
// sets the outcome.
func listenLocked(m *monitor) {
	for _, text := range m.tabs.take() {
		message := parseQuery(text)
		if message["kind"] == "token" {
			m.syncLocked() // the token may belong to a new sign-in, whose stored record this tab must read first
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
				m.dropLocked() // also deletes the stored record: this tab may have stored it after the other tab deleted it
				m.outcome.problem = Problem{}
			}
			if message["kind"] == "end" && signInID == m.formerID && m.record == nil && m.outcome.problem == (Problem{}) {
				// This tab's sign-in is gone: dropLocked has removed it just now, or syncLocked did so earlier, because the
				// stored record was gone. Only now does this tab learn the reason.
				m.outcome = outcome{true, Problem{Cause: SignInEnded}}
			}
		}
	}
}

// acceptTokenLocked handles a message "token". If the access token in the message ends more than minGain later than this
// tab's access token, and the server has not refused it, this tab uses it from now on.
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
