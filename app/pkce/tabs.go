package pkce

import "sync"

// tabs sends messages to the other tabs and receives theirs. A message is a URL query. Each message has the parameters kind
// and session; session is the id of a sign-in (SignInID). These are the kinds, with their other parameters and their
// meaning:
//
//	ask    left          asks for an access token that is good for more than left ms from now
//	token  access, life  an access token, and its whole life in ms
//	       left, sent    how many ms the token was still good when the message was sent, and when that was, in Unix ms: a
//	                     frozen tab reads the message late, and must subtract the delay from left
//	       record        in Mode Tab: the sender's stored record, for a tab that is a duplicate of the sender's tab
//	out                  the user signed out
//	end                  the provider or the server ended the sign-in
type tabs struct {
	mu    sync.Mutex           // guards what follows
	post  func(message string) // sends a message to the other tabs; nil: join was not called yet
	inbox []string             // the messages of other tabs that take has not returned yet
}

// join joins the channel of the tabs by joinChannel, which is Browser.Join. onMessage runs when a message of another tab has
// come, and take then returns that message. leave leaves the channel.
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

// take returns the messages that have come since take was last called.
func (t *tabs) take() (messages []string) {
	t.mu.Lock()
	messages, t.inbox = t.inbox, nil
	t.mu.Unlock()
	return messages
}

// send sends a message to the other tabs. pairs are the names and values of its parameters, alternating. Before join was
// called, send does nothing.
func (t *tabs) send(pairs ...string) {
	t.mu.Lock()
	post := t.post
	t.mu.Unlock()
	if post != nil {
		post(encodeQuery(pairs...))
	}
}
