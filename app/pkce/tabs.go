package pkce

import "sync"

// tabs is the channel to the other tabs. A message is a URL query with a kind and, in session, the id of a sign-in. The
// kinds and their further members:
//
//	ask    left                          the tab wants an access token that is good for longer than left
//	token  left, life, access, sent      an access token; sent is the time, because a frozen tab reads this late
//	       record                        in Mode Tab also the record, for a tab that was duplicated from this one
//	out                                  the user signed out
//	end                                  the provider or the server ended the sign-in
type tabs struct {
	mu    sync.Mutex // guards what follows
	post  func(message string)
	inbox []string // messages of other tabs that take has not returned yet
}

// join joins the channel. It calls onMessage after each message of another tab, which take returns then.
func (t *tabs) join(
	join func(receive func(message string)) (send func(message string), leave func()), onMessage func()) (leave func()) {
	post, leave := join(func(message string) {
		t.mu.Lock()
		t.inbox = append(t.inbox, message)
		t.mu.Unlock()
		onMessage()
	})
	t.mu.Lock()
	t.post = post
	t.mu.Unlock()
	return leave
}

// take returns the messages that have come since the last call.
func (t *tabs) take() (messages []string) {
	t.mu.Lock()
	messages, t.inbox = t.inbox, nil
	t.mu.Unlock()
	return messages
}

// send sends a message, as alternating names and values. Before join it does nothing.
func (t *tabs) send(pairs ...string) {
	t.mu.Lock()
	post := t.post
	t.mu.Unlock()
	if post != nil {
		post(encodeQuery(pairs...))
	}
}
