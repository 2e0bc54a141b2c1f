// Package client is Mayfly's client without a screen: it connects and comes back, joins a room, keeps what lives there
// in the server's order, lets it go when its time is up, and holds what one writes until the server has it. It knows
// nothing of browsers, so all of it runs natively, in tests on virtual time. Sockets are dialled by whoever makes the
// session; drawing is left to those who subscribe to its View.
//
// One goroutine, Run, owns all state. Methods only leave it word, so none of them blocks.
package client

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"slices"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"mayfly/app/client/outbox"
	"mayfly/app/client/transport"
	"mayfly/shared/clock"
	"mayfly/shared/wire"
)

// Config is what a session needs to begin.
type Config struct {
	Dial   transport.Dial // by WebSocket
	Polls  transport.Dial // where networks let none through, see DialPolls; nil: no other way is tried
	Guest  string         // the secret of an anonymous person, see NewGuest: whoever has it is that person. "": see KeepGuest
	Client string         // name/version, for the server's logs; may be empty
	Room   string         // joined at once; "": none before Enter
	SignIn SignIn         // nil: nobody can sign in
	Device outbox.Device  // stores what the user has written and not sent; nil: nothing does

	// KeepGuest, if not nil, is told the secret of a session that began without one: of a guest who is gone from this device and has
	// left something unsent, or a new one. It must not block.
	KeepGuest func(secret string)

	// Speaks asks which protocol the server speaks, and returns "" if there is no answer. It may block for some seconds.
	// nil: it is always ours.
	Speaks func() string
}

// NewGuest returns a new secret for Config.Guest: 128 random bits as 22 base64url characters.
func NewGuest() string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// Client is one person's part in one room. Run must run for anything to happen. Its methods never block; call them from
// anywhere.
type Client struct {
	// static after New
	dial      transport.Dial
	polls     transport.Dial
	client    string
	signIn    SignIn
	keepGuest func(string)
	speaks    func() string
	moment    clock.Clock
	wake      chan struct{} // capacity 1: todo has grown
	events    chan event

	mu          sync.Mutex // guards what follows
	todo        []func()   // run by the loop, in order
	shown       View       // the last one published
	subscribers []*func(View)
	telling     sync.Mutex // held while subscribers are called, so that each gets the views in order

	// owned by Run
	work       sync.WaitGroup // every goroutine that Run began
	view       View
	changed    bool   // view is not published yet
	guest      string // "": not known yet
	clock      serverClock
	outbox     outbox.Outbox
	drafts     outbox.Drafts
	persister  *outbox.Persister
	link       *link // nil between two attempts
	ladder     ladder
	probe      *link // nil while there is none
	retry      retry
	tried      bool          // an attempt has failed
	gone       *clock.Moment // when the connection was lost that is still shown as there; nil: none is
	noNetwork  bool
	restarting bool
	ended      string // why the session waits for the person; "": it does not
	endedAs    Status // then
	rejoin     *again // the server was too busy for a join

	known        bool   // it was said who is signed in
	who          string // the sign-in that all of this is of, "" for a guest
	over         bool   // it has ended, and the person has not said what follows
	version      int    // of the token, last heard of
	refusedToken string // that the server did not take, and the sign-in does not know of yet
	unknownToken string // whose key it did not know
	renewals     int    // how many in a row it refused as old
	noToken      bool   // the last attempt failed for want of one
	reauth       *again // the server was not ready for a token
}

// New returns a session that Run brings to life.
func New(c Config) *Client {
	v := View{Room: c.Room}
	if c.SignIn == nil {
		c.SignIn = nobody{}
	}
	s := &Client{
		dial: c.Dial, polls: c.Polls, client: c.Client, signIn: c.SignIn, keepGuest: c.KeepGuest, speaks: c.Speaks, moment: clock.New(),
		wake: make(chan struct{}, 1), events: make(chan event, 64),
		guest: c.Guest, view: v, shown: v, retry: newRetry(),
	}
	s.persister = outbox.NewPersister(outbox.Config{
		Device: c.Device, Clock: func() clock.Moment { return s.moment() }, Entries: &s.outbox, Drafts: &s.drafts,
		Go: s.work.Go, Do: s.do, OnAdopt: s.onAdopt,
	})
	return s
}

// Subscribe calls show with the present view before it returns, and then with each new one, once a batch of frames, until
// stop is called. show runs on the session's goroutine: it must not block, nor call Subscribe. It may be under way when
// stop returns.
func (s *Client) Subscribe(show func(View)) (stop func()) {
	s.telling.Lock()
	defer s.telling.Unlock()
	s.mu.Lock()
	s.subscribers = append(slices.Clip(s.subscribers), &show)
	v := s.shown
	s.mu.Unlock()
	show(v)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.subscribers = slices.DeleteFunc(slices.Clone(s.subscribers), func(f *func(View)) bool { return f == &show })
	}
}

// Send posts text to the room. It returns why it can't, as one plain sentence, or "" if the message is on its way: it
// then stands in the view, and is sent again by itself until it is accepted, refused or too old.
func (s *Client) Send(text string) (problem string) {
	s.mu.Lock()
	v := s.shown
	s.mu.Unlock()
	text, problem = wire.CleanText(text)
	switch {
	case problem != "":
		return problem
	case v.Ended != "":
		return v.Ended
	case v.Room == "":
		return "There is no room to write to."
	case v.Refused != "":
		return v.Refused
	case v.Me.ID != "" && !v.MayPost:
		if v.Me.Anonymous {
			return "You may read here. Sign in to write."
		}
		return "You may read here, but not write."
	}
	post := wire.Post{ID: uuid.NewString(), Room: v.Room, Text: text}
	tooLong := v.Limits.Text > 0 && int64(utf8.RuneCountInString(text)) > v.Limits.Text
	size := int64(len(wire.Encode(post)))
	if tooLong || size > wire.MaxMessage || v.Limits.Message > 0 && size > v.Limits.Message {
		return "The message is longer than the server takes."
	}
	s.do(func() { s.send(post) })
	return ""
}

// Draft tells what stands in the field that one writes in, in that room, so that it is kept: until it is sent or an hour has
// passed, and over the end of the program where there is a Device. taken is the N of the last of View.Drafts that is in it.
func (s *Client) Draft(room, text string, taken int) {
	s.do(func() {
		s.drafts.Write(room, text, taken, s.moment())
		s.changed = true
	})
}

// Enter leaves the room and joins another; "" joins none. What is unsent in the old one is sent all the same.
func (s *Client) Enter(room string) { s.do(func() { s.enter(room) }) }

// Retry connects now instead of at NextTry, also after the session has ended; as a guest, if nobody is signed in any more. It
// takes the best way first.
func (s *Client) Retry() {
	s.do(func() {
		s.ended, s.ladder.polls = "", false
		s.retry.Now(s.moment())
		s.changed = true
	})
}

// Resend sends a message of one's own that waits or has failed once more, now. key is its Message.Key; what is not there or
// was accepted meanwhile is left alone.
func (s *Client) Resend(key string) {
	s.do(func() {
		i := s.view.unsent(key)
		if i < 0 {
			return
		}
		now := s.moment()
		s.outbox.Resend(s.view.Room, s.view.Messages[i].id, now)
		s.retry.Hurry(now)
	})
}

// Discard forgets a message of one's own that waits or has failed. If the server has it all the same, it comes back as sent.
// key is as for Resend.
func (s *Client) Discard(key string) {
	s.do(func() {
		if i := s.view.unsent(key); i >= 0 {
			s.outbox.Drop(s.view.Room, s.view.Messages[i].id)
			s.view.Messages = without(s.view.Messages, func(m *Message) bool { return m.Seq == 0 && m.Key == key })
			s.changed = true
		}
	})
}

// Wake tells that the page is looked at again, or that the device woke: what expired meanwhile goes at once, a
// connection that died meanwhile is replaced, and none is waited for. What another tab has taken over is no more sent here, nor
// given back.
func (s *Client) Wake() {
	s.do(func() {
		now := s.moment()
		s.persister.Require(now)
		s.retry.Hurry(now)
		s.ladder.await(now, 0)
	})
}

// Network tells whether the device has a network, as far as it knows. When one comes back, the session connects anew at
// once: a connection from before it went may be dead without a sign.
func (s *Client) Network(up bool) {
	s.do(func() {
		now := s.moment()
		if up && s.noNetwork {
			s.roam(now)
		}
		if up {
			s.retry.Hurry(now)
		}
		s.noNetwork, s.changed = !up, true
	})
}

// Settled calls f once everything the user has written is stored as far as the device can, or after some seconds. f must not
// block.
func (s *Client) Settled(f func()) { s.do(func() { s.persister.Settle(f) }) }

// do leaves f to the loop.
func (s *Client) do(f func()) {
	s.mu.Lock()
	s.todo = append(s.todo, f)
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Now returns the server's time, as far as the session knows it; zero before the first welcome.
func (s *Client) Now() time.Time {
	s.mu.Lock()
	clock := s.shown.clock
	s.mu.Unlock()
	if clock.server.IsZero() {
		return time.Time{}
	}
	return clock.now(s.moment())
}

// Run keeps the session going until ctx is done; then it closes the connection and returns nil. It may be called once.
func (s *Client) Run(ctx context.Context) error {
	defer s.work.Wait()
	defer s.hangUp()
	timer := time.NewTimer(0)
	defer timer.Stop()
	s.retry.Now(s.moment())
	s.persister.Start(s.moment())
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-s.wake:
			s.runTodo()
		case e := <-s.events:
			s.handle(e)
			for range len(s.events) { // what came along with it is one batch
				s.handle(<-s.events)
			}
		case <-timer.C:
		}
		wait := s.look()
		s.publish()
		timer.Reset(wait)
	}
}

func (s *Client) runTodo() {
	s.mu.Lock()
	todo := s.todo
	s.todo = nil
	s.mu.Unlock()
	for _, f := range todo {
		f()
	}
}

// look does all that is due now and returns how long it is until the next thing.
func (s *Client) look() time.Duration {
	now := s.moment()
	s.watch(now)
	if s.persister.TimedOut(now) {
		s.beginAs("")
	}
	if s.link == nil && s.ended == "" && s.guest != "" && s.retry.Due(now) <= 0 {
		s.connect(now)
	}
	s.climb(now)
	if s.rejoin != nil && now.Since(s.rejoin.from) >= s.rejoin.wait {
		s.join()
	}
	if s.reauth != nil && now.Since(s.reauth.from) >= s.reauth.wait {
		s.reauth = nil
		s.ask("")
	}
	wait := lookAtLeast
	if s.persister.Ready() {
		s.lapse(now)
		s.flush(now)
		wait = min(wait, s.outbox.Wait(now))
	}
	s.drafts.Forget(now)
	s.mark(now)
	s.persister.Tick(now, s.claimant)
	if s.link == nil && s.ended == "" && s.guest != "" {
		wait = min(wait, s.retry.Due(now))
	}
	if s.gone != nil {
		wait = min(wait, calm-now.Since(*s.gone))
	}
	if s.clock.server.IsZero() {
		return max(wait, 0)
	}
	before := len(s.view.Messages)
	server := s.clock.now(now)
	s.view = s.view.Prune(server)
	s.changed = s.changed || len(s.view.Messages) != before
	if next := s.view.nextExpiry(); !next.IsZero() {
		wait = min(wait, next.Sub(server))
	}
	return max(wait, 0)
}

// send puts the post on the screen and on its way.
func (s *Client) send(p wire.Post) {
	s.outbox.Add(outbox.Entry{ID: p.ID, Room: p.Room, Text: p.Text, Author: s.view.Me.ID, Owner: s.owner(), TTL: s.view.TTL},
		s.moment())
	if p.Room == s.view.Room {
		s.view.Messages = append(slices.Clip(s.view.Messages), sending(s.view.Me, p.ID, p.Text))
		s.changed = true
	}
}

// lapse makes drafts of what could not be sent in time.
func (s *Client) lapse(now clock.Moment) {
	lapsed := s.outbox.Lapse(now)
	for _, e := range lapsed {
		s.drafts.Lapse(e.Room, e.Text, now)
	}
	if len(lapsed) > 0 {
		s.showPending()
	}
}

func (s *Client) enter(room string) {
	if room == s.view.Room {
		return
	}
	if s.view.Room != "" {
		s.write(wire.Leave{Room: s.view.Room})
	}
	now := s.moment()
	s.drafts.Enter(room, now)
	s.view = s.view.enter(room, s.pending(room))
	s.changed = true
	s.persister.Want()
	s.join()
}

// join asks for the room from the cursor on. Before there is a connection, hello does so.
func (s *Client) join() {
	s.rejoin = nil
	if s.view.Room != "" {
		s.write(s.request())
		s.link.forgetAside(s.view.Room)
	}
}

func (s *Client) request() wire.Join {
	j := wire.Join{Room: s.view.Room}
	if cursor := s.view.cursor; cursor.Epoch != "" {
		j.Cursor = &cursor
	}
	return j
}

// write sends a frame if there is a connection to send it on.
func (s *Client) write(f wire.Frame) {
	if s.link == nil || s.link.conn == nil {
		return
	}
	_ = s.link.conn.Write(wire.Encode(f)) // if it fails, Read says so, once it has brought all that came before: nobody might bring it again
}
