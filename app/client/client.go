// Package client is Mayfly's client without a screen: it connects and reconnects, joins rooms, keeps their live messages in
// the server's order, removes them when they expire, and holds what the user writes until the server has it. It knows
// nothing of browsers, so all of it runs natively, in tests on virtual time. The caller dials sockets; drawing is left to
// the subscribers of its View.
//
// Client has the methods for other goroutines: they leave work for the loop, so none of them blocks. The engine has the
// state, which only the loop, Run, touches. Files from the top down: client, publisher, engine, probe, frames, signin,
// reconnect, sender, rooms, view, mailbox; then those that decide without I/O: identity, connection, fallback; then link,
// retry, config, tokens, clock. A file refers to those below it.
package client

import (
	"context"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"mayfly/shared/wire"
)

// Client is the part of one user in the rooms of a server. Run must run for anything to happen. Its methods never block;
// call them from any goroutine.
type Client struct {
	mailbox   // work for the loop
	publisher // the view last published, and its subscribers
	engine    *engine
}

// New returns a Client that Run brings to life.
func New(c Config) *Client {
	if c.Tokens == nil {
		c.Tokens = nobody{}
	}
	s := &Client{mailbox: mailbox{wake: make(chan struct{}, 1)}}
	s.engine = newEngine(c, &s.mailbox)
	s.shown = View{Room: c.Room}
	return s
}

// Send posts text to the room that is shown. It returns why it can't, or the zero Problem if the message is on its way: it
// then stands in the view, and is sent again by itself until it is accepted, refused or too old.
func (s *Client) Send(text string) Problem {
	v, _ := s.last()
	text, problem := wire.CleanText(text)
	switch {
	case problem != "":
		return Problem{Message: problem}
	case v.Ended != Problem{}:
		return v.Ended
	case v.Room == "":
		return Problem{Code: NoRoom}
	case v.Refused != Problem{}:
		return v.Refused
	case v.Me.ID != "" && !v.MayPost:
		if v.Me.Anonymous {
			return Problem{Code: GuestsRead}
		}
		return Problem{Code: ReadOnly}
	}
	post := wire.Post{ID: uuid.NewString(), Room: v.Room, Text: text}
	tooLong := v.Limits.Text > 0 && int64(utf8.RuneCountInString(text)) > v.Limits.Text
	size := int64(len(wire.Encode(post)))
	if tooLong || size > wire.MaxMessage || v.Limits.Message > 0 && size > v.Limits.Message {
		return Problem{Code: TooLong}
	}
	s.do(func() { s.engine.sender.send(post, s.engine.clock()) })
	return Problem{}
}

// Draft stores the composer's text in that room until it is sent or an hour has passed, also after the end of the program if
// there is a Device. taken is the N of the last of View.Drafts that the text includes.
func (s *Client) Draft(room, text string, taken int) {
	s.do(func() { s.engine.sender.drafts.Write(room, text, taken, s.engine.clock()) })
}

// Enter leaves the room and joins another; "" joins none. The unsent entries for the old room are sent all the same.
func (s *Client) Enter(room string) { s.do(func() { s.engine.enter(room) }) }

// Retry connects now instead of at NextTry, also after the client has ended; as a guest, if the sign-in has ended. It tries
// the WebSocket first.
func (s *Client) Retry() {
	s.do(func() {
		s.engine.connection.resume()
		s.engine.fallback.polls = false
		s.engine.retry.Now(s.engine.clock())
	})
}

// Resend sends an entry that waits or has failed once more, now. key is its Message.Key. Resend does nothing if there is no
// such entry or the server has accepted it.
func (s *Client) Resend(key string) {
	s.do(func() {
		now := s.engine.clock()
		if s.engine.sender.resend(key, now) {
			s.engine.retry.Hurry(now)
		}
	})
}

// Discard forgets an entry that waits or has failed. If the server has it all the same, it comes back as sent. key is as for
// Resend.
func (s *Client) Discard(key string) { s.do(func() { s.engine.sender.discard(key) }) }

// Wake says that the user looks at the page again, or that the device woke: the client removes what expired meanwhile at
// once, replaces a connection that died meanwhile, and waits for none. What another tab has adopted meanwhile is no longer
// sent here, nor given back.
func (s *Client) Wake() {
	s.do(func() {
		now := s.engine.clock()
		s.engine.sender.persister.Require(now)
		s.engine.retry.Hurry(now)
		s.engine.fallback.awaitProbe(now, 0)
	})
}

// Network says whether the device has a network, as far as it knows. When one comes back, the client reconnects at once: a
// connection from before may be dead without a sign.
func (s *Client) Network(up bool) { s.do(func() { s.engine.onNetwork(up) }) }

// Identify says as whom the user is signed in, at first and whenever that changes. The client connects anew as another user.
// When the user signs out, the client tells the server, and forgets what the user had written and not sent, and all that was
// shown. When a sign-in ends otherwise, the client keeps all of that and waits: only Retry makes the user a guest.
func (s *Client) Identify(i Identity) { s.do(func() { s.engine.onIdentity(i) }) }

// Settled calls f once everything the user has written is stored as far as the device can, or after some seconds. f must not
// block.
func (s *Client) Settled(f func()) { s.do(func() { s.engine.sender.persister.Settle(f) }) }

// Now returns the server's time, as far as the client knows it; zero before the first welcome.
func (s *Client) Now() time.Time {
	_, server := s.last()
	if server.server.IsZero() {
		return time.Time{}
	}
	return server.now(s.engine.clock())
}

// Run runs the client until ctx is done; then it closes the connection and returns nil. Call it once.
func (s *Client) Run(ctx context.Context) error {
	e := s.engine
	defer s.work.Wait()
	defer e.links.hangUp()
	timer := time.NewTimer(0)
	defer timer.Stop()
	e.retry.Now(e.clock())
	e.sender.persister.Start(e.clock())
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-s.wake:
			s.runTodo()
		case event := <-e.links.events:
			e.handle(event)
			for range len(e.links.events) { // what came with it is one batch
				e.handle(<-e.links.events)
			}
		case <-timer.C:
		}
		wait := e.tick()
		s.publish(e.view(&s.shown), e.server)
		timer.Reset(wait)
	}
}
