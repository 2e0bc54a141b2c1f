package client_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/app/client"
	"mayfly/app/client/transport"
	"mayfly/shared/wire"
)

// office is a server that answers polls as the test tells it to.
type office struct {
	t    *testing.T
	ask  chan *poll // the polls that bring only hello
	tell chan *poll // the polls that bring more frames
}

// poll is a poll that waits for its answer.
type poll struct {
	t      *testing.T
	ctx    context.Context
	size   int
	hello  wire.Hello
	frames []wire.Frame // the frames after hello
	reply  chan reply
}

type reply struct {
	status int
	after  string // the header Retry-After of the answer
	body   []byte
	err    error
}

func newOffice(t *testing.T) *office {
	return &office{t, make(chan *poll, 1000), make(chan *poll, 1000)}
}

func (o *office) post(ctx context.Context, body []byte) (int, func(string) string, []byte, error) {
	p := &poll{t: o.t, ctx: ctx, size: len(body), reply: make(chan reply, 1)}
	for line := range wire.Split(body) {
		f, err := wire.Decode(line)
		if err != nil {
			o.t.Errorf("a poll brings %q: %v", line, err)
		}
		p.frames = append(p.frames, f)
	}
	p.hello, p.frames = p.frames[0].(wire.Hello), p.frames[1:]
	if len(p.frames) > 0 {
		o.tell <- p
	} else {
		o.ask <- p
	}
	select {
	case r := <-p.reply:
		return r.status, func(name string) string { return map[string]string{"Retry-After": r.after}[name] }, r.body, r.err
	case <-ctx.Done():
		return 0, nil, nil, ctx.Err()
	}
}

// asked returns the next poll that brings only hello. It must come within a minute, wait at the server for the time wait,
// and have that cursor in lobby; "" means no cursor.
func (o *office) asked(wait time.Duration, cursor string) *poll {
	o.t.Helper()
	return o.next(o.ask, wait, cursor)
}

// told does what asked does, for a poll that brings more frames.
func (o *office) told(cursor string) *poll {
	o.t.Helper()
	return o.next(o.tell, 0, cursor)
}

// next returns the next of polls. It skips polls that the client has given up, because there may be one between leaving
// one room and entering another.
func (o *office) next(polls chan *poll, wait time.Duration, cursor string) *poll {
	o.t.Helper()
	for {
		select {
		case p := <-polls:
			if synctest.Wait(); p.ctx.Err() != nil {
				continue
			}
			got := ""
			if len(p.hello.Rooms) > 0 && p.hello.Rooms[0].Cursor != nil {
				got = fmt.Sprint(p.hello.Rooms[0].Epoch, " ", p.hello.Rooms[0].Seq)
			}
			if *p.hello.Wait != wait.Milliseconds() || got != cursor {
				o.t.Fatalf("a poll waits %d ms with the cursor %q, want %s and %q", *p.hello.Wait, got, wait, cursor)
			}
			return p
		case <-time.After(time.Minute):
			o.t.Fatal("no poll came within a minute")
			return nil
		}
	}
}

// wantNone fails if a poll has brought more than hello.
func (o *office) wantNone() {
	o.t.Helper()
	synctest.Wait()
	select {
	case p := <-o.tell:
		o.t.Fatalf("a poll came: %+v %+v", p.hello, p.frames)
	default:
	}
}

// answer answers p with a welcome, followed by frames.
func (p *poll) answer(frames ...wire.Frame) { p.say(append([]wire.Frame{welcome()}, frames...)...) }

func (p *poll) say(frames ...wire.Frame) {
	var lines [][]byte
	for _, f := range frames {
		lines = append(lines, wire.Encode(f))
	}
	p.reply <- reply{status: 200, body: append(wire.Batch(lines...), '\n')}
	synctest.Wait()
}

func resumed(head int64, messages ...wire.Message) wire.Joined {
	j := joined(head, messages...)
	j.Resumed = true
	return j
}

// startPolling runs a client in lobby that polls and is online. It returns the first poll that waits for news.
func startPolling(t *testing.T, o *office, turn transport.Slot) (*tester, *poll) {
	t.Helper()
	c := startClient(t, client.New(client.Config{Dial: transport.DialPolls(o.post, turn), Guest: guest, Client: "test/1", Room: "lobby"}))
	o.asked(0, "").answer(joined(3, message(3, ann, "id-old", "old", time.Hour)))
	c.wantStatus(client.Online)
	c.wantTexts("old")
	return c, o.asked(wire.PollWait, "e1 3")
}

// TestPollsAreAConnection: one poll waits for news, other polls carry the user's frames, and each frame comes once and in
// order.
func TestPollsAreAConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		c, waits := startPolling(t, o, nil)
		time.Sleep(3 * time.Second)
		waits.answer(resumed(3), posted(4, ann, "news", time.Hour))
		c.wantTexts("old", "news")
		waits = o.asked(wire.PollWait, "e1 4")
		if *waits.hello.Guest != guest || waits.hello.Client != "test/1" {
			t.Errorf("hello = %+v", waits.hello)
		}
		c.Send("mine")
		carries := o.told("e1 4") // while the poll for news still waits
		p := carries.frames[0].(wire.Post)
		c.Send("and more")
		c.Send("and more still")
		o.wantNone() // only one poll at a time carries frames
		mine := wire.Posted{Room: "lobby", Message: message(5, me, p.ID, "mine", time.Hour)}
		carries.answer(resumed(4), accept(p, 5, time.Hour), mine)
		c.wantTexts("old", "news", "mine", "and more", "and more still")
		both := o.told("e1 4")
		if len(both.frames) != 2 || both.frames[0].(wire.Post).Text != "and more" {
			t.Errorf("the next poll carries %+v, want both", both.frames)
		}
		waits.answer(resumed(4), mine, posted(6, ann, "aha", time.Hour))
		c.wantTexts("old", "news", "mine", "aha", "and more", "and more still")
		if v := c.now(); v.Messages[2].State != client.Sent || v.Unsent != 2 || v.Head != 3 {
			t.Errorf("view = %+v", v)
		}
		waits = o.asked(wire.PollWait, "e1 6")
		both.answer(resumed(6), accept(both.frames[0].(wire.Post), 7, time.Hour), accept(both.frames[1].(wire.Post), 8, time.Hour))
		more, still := both.frames[0].(wire.Post), both.frames[1].(wire.Post)
		again := resumed(8, message(7, me, more.ID, more.Text, time.Hour), message(8, me, still.ID, still.Text, time.Hour))
		waits.answer(again)
		c.wantTexts("old", "news", "mine", "aha", "and more", "and more still")
		if v := c.now(); v.Unsent != 0 || v.Head != 3 {
			t.Errorf("view = %+v, want nothing unsent and the head of when the room was joined", v)
		}
		for range 100 { // nothing happens for 40 minutes
			waits = o.asked(wire.PollWait, "e1 8")
			time.Sleep(wire.PollWait)
			waits.answer(resumed(8))
		}
		c.wantStatus(client.Online)
	})
}

// TestPollThatIsNotResumed: a joined that does not resume replaces the messages of its own epoch. Messages of another
// epoch stay before it.
func TestPollThatIsNotResumed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		c, waits := startPolling(t, o, nil)
		waits.answer(joined(900, message(900, ann, "id-later", "much later", time.Hour)))
		c.wantTexts("much later")
		other := joined(1, message(1, ann, "id-life", "another life", time.Hour))
		other.Epoch = "e2"
		o.asked(wire.PollWait, "e1 900").answer(other)
		c.wantTexts("much later", "another life")
		o.asked(wire.PollWait, "e2 1").answer(joined(0)) // from a node that is behind
		o.asked(wire.PollWait, "e1 0")
	})
}

// TestPollsTellTheTime: each welcome brings the server's time, and the user's present name.
func TestPollsTellTheTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		c, waits := startPolling(t, o, nil)
		w := welcome()
		w.Now += 5000
		w.User.Name = "Anonymous Egret"
		waits.say(w, resumed(3))
		if v := c.now(); v.Me.Name != "Anonymous Egret" || c.Now().UnixMilli() != w.Now {
			t.Errorf("one is %s at %d, want the new name at %d", v.Me.Name, c.Now().UnixMilli(), w.Now)
		}
	})
}

func TestPollThatFails(t *testing.T) {
	const back = 500 * time.Millisecond
	for _, tt := range []struct {
		name     string
		reply    reply
		from, to time.Duration // the earliest and the latest time until the client comes back
	}{
		{"no network", reply{err: errors.New("unreachable")}, 0, back},
		{"a proxy without a server", reply{status: 502, body: []byte("<h1>Bad gateway</h1>")}, 0, back},
		{"too many", reply{status: 429, after: "7", body: []byte("Too many.")}, 7 * time.Second, 7 * time.Second},
		{"stopping", reply{status: 503, after: "2"}, 2 * time.Second, 2 * time.Second},
		{"another type", reply{status: 415}, 0, back},
		{"the page of a hotel", reply{status: 200, body: []byte("<h1>Welcome to our hotel</h1>")}, 0, back},
		{"nothing", reply{status: 200}, 0, back},
		{"restart", reply{status: 200, body: wire.Encode(wire.Bye{Code: wire.CodeRestart, RetryMS: 1500})}, 1500 * time.Millisecond, 1500 * time.Millisecond},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := newOffice(t)
				c, waits := startPolling(t, o, nil)
				time.Sleep(10 * time.Second)
				c.Send("mine")
				first := o.told("e1 3")
				waits.reply <- tt.reply
				failed := time.Now()
				again := o.asked(0, "e1 3")
				if took := time.Since(failed); took < tt.from || took > tt.to {
					t.Errorf("came back after %v, want %v to %v", took, tt.from, tt.to)
				}
				if first.ctx.Err() == nil {
					t.Error("the other poll goes on")
				}
				again.answer(resumed(3))
				o.asked(wire.PollWait, "e1 3")
				if p := o.told("e1 3"); !reflect.DeepEqual(p.frames[0].(wire.Post), first.frames[0].(wire.Post)) {
					t.Errorf("sent again: %+v, want %+v", p.frames, first.frames)
				}
			})
		})
	}
}

func TestPollThatIsTooBig(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		c, _ := startPolling(t, o, nil)
		c.Send("mine")
		o.told("e1 3").reply <- reply{status: 413}
		o.asked(0, "e1 3").answer(resumed(3))
		o.asked(wire.PollWait, "e1 3")
		o.wantNone() // the frame that caused the failure is not sent again
		if m := c.now().Messages[1]; m.State != client.Failed {
			t.Errorf("message = %+v", m)
		}
	})
}

// TestPollHoldsNoMoreThanItMay writes more frames than fit into one poll.
func TestPollHoldsNoMoreThanItMay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		c, _ := startPolling(t, o, nil)
		for i := range 9 {
			c.Send(fmt.Sprint(i) + strings.Repeat("語", wire.MaxText-1))
		}
		c.now()
		var got []string
		polls := 0
		for seq := int64(4); len(got) < 9; {
			p := o.told("e1 3")
			if polls++; p.size > wire.MaxMessage || polls > 3 {
				t.Errorf("poll %d has %d bytes", polls, p.size)
			}
			answer := []wire.Frame{resumed(3)}
			for _, f := range p.frames {
				got = append(got, f.(wire.Post).Text[:1])
				answer = append(answer, accept(f.(wire.Post), seq, time.Hour))
				seq++
			}
			p.answer(answer...)
		}
		if !slices.IsSorted(got) {
			t.Errorf("sent in the order %q", got)
		}
	})
}

// TestPollsEnterAnotherRoom: the client joins another room at once, and gets nothing of the old room any more.
func TestPollsEnterAnotherRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		c, waits := startPolling(t, o, nil)
		c.Send("last words")
		carries := o.told("e1 3")
		c.Send("the very last")
		c.now()
		c.Enter("tea")
		enters := o.asked(0, "")
		if waits.ctx.Err() == nil || len(enters.hello.Rooms) != 1 || enters.hello.Rooms[0].Room != "tea" {
			t.Fatalf("hello = %+v, want tea alone, and the other poll given up", enters.hello)
		}
		carries.answer(resumed(3), accept(carries.frames[0].(wire.Post), 4, time.Hour))
		last := o.told("")
		if p := last.frames[0].(wire.Post); p.Text != "the very last" || last.hello.Rooms[0].Room != "lobby" {
			t.Errorf("%+v after %+v, want the post with its room", p, last.hello)
		}
		tea := joined(9, message(9, ann, "id-tea", "tea", time.Hour))
		tea.Room = "tea"
		enters.answer(tea)
		c.wantTexts("tea")
		waits = o.asked(wire.PollWait, "e1 9")
		waits.answer(wire.Refused{Re: "hello", Room: "tea", Code: wire.CodeUnavailable, RetryMS: 4000})
		if p := o.asked(wire.PollWait, ""); p.hello.Rooms != nil {
			t.Errorf("hello = %+v, want no room that was refused", p.hello)
		}
		time.Sleep(4 * time.Second)
		o.asked(0, "e1 9")
	})
}

// TestPollsOfSeveralRooms speaks to the connection itself: another room is joined beside the first, which is resumed; and a
// join that is refused is answered as one.
func TestPollsOfSeveralRooms(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		conn, err := transport.DialPolls(o.post, nil)(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(wire.CloseNormal, "")
		write := func(f wire.Frame) {
			t.Helper()
			if err := conn.Write(wire.Encode(f)); err != nil {
				t.Fatal(err)
			}
		}
		want := func(kinds ...string) {
			t.Helper()
			message, err := conn.Read(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for line := range wire.Split(message) {
				f, err := wire.Decode(line)
				if err != nil {
					t.Fatal(err)
				}
				if r, ok := f.(wire.Refused); ok {
					got = append(got, r.Re)
				}
				got = append(got, wire.Kind(f))
			}
			if !slices.Equal(got, kinds) {
				t.Errorf("read %q, want %q", got, kinds)
			}
		}
		write(wire.Hello{Rooms: []wire.Join{{Room: "lobby"}, {Room: "attic"}}})
		o.asked(0, "").answer(joined(3), wire.Refused{Re: "hello", Room: "attic", Code: wire.CodeRoom})
		want("welcome", "joined", "hello", "refused")
		o.asked(wire.PollWait, "e1 3")
		write(wire.Join{Room: "tea"})
		tea := joined(1)
		tea.Room = "tea"
		o.asked(0, "e1 3").answer(resumed(4, message(4, ann, "id-news", "news", time.Hour)), tea)
		want("beat", "joined", "joined")
		o.asked(wire.PollWait, "e1 4")
		write(wire.Join{Room: "cellar"})
		o.asked(0, "e1 4").answer(resumed(4), wire.Refused{Re: "hello", Room: "cellar", Code: wire.CodeRoom})
		want("beat", "joined", "join", "refused")
		if p := o.asked(wire.PollWait, "e1 4"); len(p.hello.Rooms) != 2 {
			t.Errorf("rooms = %+v, want the two that are joined", p.hello.Rooms)
		}
	})
}

// TestPollsTakeTurns: without a slot, the client polls every two seconds, and its polls do not wait.
func TestPollsTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		place := make(chan struct{}, 1)
		_, waits := startPolling(t, o, func(ctx context.Context) (func(), bool) {
			select {
			case place <- struct{}{}:
				return func() { <-place }, true
			case <-ctx.Done():
				return nil, false
			}
		})
		if len(place) != 1 {
			t.Fatal("a poll waits out of its turn")
		}
		go func() { place <- struct{}{} }() // another tab is the next to get the slot
		synctest.Wait()
		waits.answer(resumed(3))
		for range 3 {
			began := time.Now()
			p := o.asked(0, "e1 3")
			if took := time.Since(began); took != 2*time.Second {
				t.Errorf("asked after %v, want 2 s", took)
			}
			p.answer(resumed(3))
		}
		<-place
		o.asked(wire.PollWait, "e1 3")
	})
}

// pollAs runs a client in lobby that polls as Ada and is online. It returns the first poll that waits for news.
func pollAs(t *testing.T, o *office, in *signIn) (*tester, *poll) {
	t.Helper()
	c := startClient(t, client.New(client.Config{Dial: transport.DialPolls(o.post, nil), Guest: guest, Room: "lobby", Tokens: in}))
	c.Identify(in.set(func(*signIn) {}))
	w := welcome()
	w.User = ada
	o.asked(0, "").say(w, joined(3))
	c.wantStatus(client.Online)
	return c, o.asked(wire.PollWait, "e1 3")
}

// TestPollsRenew: once the server has accepted a newer token, all later polls have it. A token that the server refused is
// not used.
func TestPollsRenew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		in := &signIn{session: adas, version: 1}
		c, waits := pollAs(t, o, in)
		w := welcome()
		w.User = ada
		renew := func(version int, answer wire.Frame) {
			t.Helper()
			c.Identify(in.set(func(s *signIn) { s.version = version }))
			p := o.told("")
			if a := p.frames[0].(wire.Auth); a.Token != in.token() || a.SignInID == nil {
				t.Errorf("auth = %+v, want %s", a, in.token())
			}
			p.say(w, answer)
			waits.say(w, resumed(3))
			waits = o.asked(wire.PollWait, "e1 3")
		}
		renew(2, wire.Authed{User: ada})
		wantToken(t, waits.hello, "token-2")
		renew(3, wire.Refused{Re: "auth", Code: wire.CodeAuth, Next: wire.NextLater, RetryMS: 60_000})
		wantToken(t, waits.hello, "token-2")
		c.wantStatus(client.Online)
		time.Sleep(5 * time.Second)
		waits.say(w, resumed(3), wire.Expiring{InMS: 50_000})
		o.asked(wire.PollWait, "e1 3")
		if in.wakes != 1 {
			t.Errorf("told %d times that the token ends soon, want once", in.wakes)
		}
	})
}

// TestPollsSignOut: the server gets the signout, although the connection is closed at once, and gets it after the frames
// that were on their way.
func TestPollsSignOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		in := &signIn{session: adas, version: 1}
		c, waits := pollAs(t, o, in)
		c.Send("on its way")
		carries := o.told("e1 3")
		c.Identify(in.set(func(s *signIn) { s.session = "" }))
		guests := o.asked(0, "")
		wantToken(t, guests.hello, "")
		guests.answer(joined(3))
		o.asked(wire.PollWait, "e1 3")
		w := welcome()
		w.User = ada
		carries.say(w, resumed(3), accept(carries.frames[0].(wire.Post), 4, time.Hour))
		out := o.told("")
		wantToken(t, out.hello, "token-1")
		if _, ok := out.frames[0].(wire.Signout); !ok {
			t.Fatalf("the last poll carries %+v, want signout", out.frames)
		}
		out.say(wire.Bye{Code: wire.CodeAuth, Reason: wire.ReasonTokenRevoked, Next: wire.NextLogin})
		if waits.ctx.Err() == nil {
			t.Error("a poll of Ada's still waits")
		}
		v := c.wantStatus(client.Online)
		if v.Me != me || len(in.ended) > 0 {
			t.Errorf("one is %+v, and the sign-in ended %q", v.Me, in.ended)
		}
	})
}
