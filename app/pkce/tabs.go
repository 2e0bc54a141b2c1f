package pkce

import "sync"

// tabs sends messages to the other tabs and receives theirs. A message is a URL query. Its member kind is one of the kinds
// below, and its member session is the id of a sign-in. The kinds, their other members and their meaning:
//
//	ask    left                          the tab wants an access token that is good for more than left ms
//	token  left, life, access, sent      an access token; sent says when, because a frozen tab reads it late
//	       record                        in Mode Tab also the record, for a tab that was duplicated from this one
//	out                                  the user signed out
//	end                                  the provider or the server ended the sign-in
type tabs struct {
	mu    sync.Mutex // guards what follows
	post  func(message string)
	inbox []string // the messages of other tabs that take has not returned yet
}

// join joins the channel of the tabs. joinChannel is Browser.Join. onMessage runs when a message of another tab has come;
// take then returns that message.
func (t *tabs) join(
	joinChannel func(receive func(message string)) (send func(message string), leave func()), onMessage func(),
) (leave func()) {
	post, leave := joinChannel(func(message string) {
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

// send sends a message to the other tabs. pairs are its names and values, alternating. Before join, send does nothing.
func (t *tabs) send(pairs ...string) {
	t.mu.Lock()
	post := t.post
	t.mu.Unlock()
	if post != nil {
		post(encodeQuery(pairs...))
	}
}
