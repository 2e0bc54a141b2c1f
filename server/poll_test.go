package server_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/server"
	"mayfly/server/admission"
	"mayfly/server/auth"
	"mayfly/server/session"
	"mayfly/server/stream/streamtest"
	"mayfly/shared/wire"
)

const (
	second = time.Second
	moment = 50 * time.Millisecond // how long an answer waits for more frames (gatherFor)
	annS   = "AnnAnnAnnAnnAnnAnnAnnA"
	benS   = "BenBenBenBenBenBenBenB"
)

// TestPollChat: two users chat by polls. Each gets the messages of the other, with the cursor from the answer before.
func TestPollChat(t *testing.T) {
	bubble(t, nil, func(t *testing.T, h *house) {
		ann, ben := h.poller(t, home), h.poller(t, "192.0.2.2")
		first := ann.poll(asGuest(annS, "lobby"))
		first.want("welcome joined", moment)
		if j := frame[wire.Joined](first); j.Head != 0 || j.Resumed || j.Epoch != "memory" {
			t.Errorf("joined %+v", j)
		}
		waits := ben.start(resumed(asGuest(benS, "lobby"), 0))
		synctest.Wait()
		time.Sleep(3 * second)
		posted := ann.poll(waiting(resumed(asGuest(annS, "lobby"), 0), 0), post(1, "lobby"))
		posted.want("welcome joined accepted posted", moment)
		got := <-waits
		got.want("welcome joined posted", 3*second+moment)
		if w := frame[wire.Welcome](got); w.Now != time.Now().UnixMilli() {
			t.Errorf("welcome says %d at %d: a clock set by it would be late", w.Now, time.Now().UnixMilli())
		}
		if p, own := frame[wire.Posted](got), frame[wire.Posted](posted); !reflect.DeepEqual(p, own) ||
			p.User.ID != frame[wire.Welcome](first).User.ID ||
			frame[wire.Accepted](posted).Seq != p.Seq {
			t.Errorf("the other got %+v, the author %+v", p, own)
		}
		ben.poll(waiting(resumed(asGuest(benS, "lobby"), 1), 0)).want("welcome joined", 0)
		late := h.poller(t, home).poll(resumed(asGuest(benS, "lobby"), 0))
		late.want("welcome joined", moment)
		if j := frame[wire.Joined](late); !j.Resumed || len(j.Messages) != 1 ||
			!reflect.DeepEqual(j.Messages[0], frame[wire.Posted](got).Message) {
			t.Errorf("an older cursor got %+v", j)
		}
	})
}

func TestPollWait(t *testing.T) {
	const whole = 25 * second
	bubble(t, nil, func(t *testing.T, h *house) {
		p := h.poller(t, home)
		for _, tt := range []struct {
			wait string
			want time.Duration
			bye  bool
		}{
			{``, whole, false},
			{`,"wait_ms":25000`, whole, false},
			{`,"wait_ms":25001`, whole, false},
			{`,"wait_ms":9007199254740991`, whole, false},
			{`,"wait_ms":1500`, 1500 * time.Millisecond, false},
			{`,"wait_ms":1`, time.Millisecond, false},
			{`,"wait_ms":0`, 0, false},
			{`,"wait_ms":-1`, 0, true},
			{`,"wait_ms":-9007199254740991`, 0, true},
			{`,"wait_ms":1.5`, 0, true},
			{`,"wait_ms":1e3`, 0, true},
			{`,"wait_ms":"1000"`, 0, true},
			{`,"wait_ms":null`, 0, true},
			{`,"wait_ms":9007199254740992`, 0, true},
			{`,"wait_ms":1,"wait_ms":1`, 0, true},
		} {
			a := p.send(`{"type":"hello","guest":"` + annS +
				`","rooms":[{"room":"lobby","epoch":"memory","seq":0}]` + tt.wait + `}`)
			want := "welcome joined"
			if tt.bye {
				want = "bye:protocol"
			}
			t.Log(tt.wait)
			a.want(want, tt.want)
		}
		h.issuer.SetSlow(4 * second) // the time for checking a token counts as a part of the wait
		hello := resumed(asGuest(annS, "tea"), 0)
		hello.Guest, hello.Token = nil, new(h.issuer.Issue("ada", time.Hour))
		p.poll(hello).want("welcome joined", whole)
	})
}

// TestWhatEndsAPollsWait has everything that may come with a poll or while it waits, and when the answer then comes.
func TestWhatEndsAPollsWait(t *testing.T) {
	for _, tt := range []struct {
		name   string
		frames []wire.Frame                 // the frames after hello
		happen func(t *testing.T, h *house) // what happens a second later
		hello  func(h *house, o *wire.Hello)
		want   string
		took   time.Duration
	}{
		{name: "nothing", want: "welcome joined", took: 25 * second},
		{name: "an answer: accepted", frames: []wire.Frame{post(1, "lobby")}, want: "welcome joined accepted posted", took: moment},
		{name: "an answer: refused", frames: []wire.Frame{post(1, "tea")}, want: "welcome joined refused:room", took: moment},
		{name: "an answer: joined", frames: []wire.Frame{wire.Join{Room: "lobby", Cursor: &wire.Cursor{Epoch: "memory"}}}, want: "welcome joined joined", took: moment},
		{name: "no answer", frames: []wire.Frame{wire.Leave{Room: "lobby"}}, want: "welcome joined", took: 25 * second},
		{name: "an answer: refused leave", frames: []wire.Frame{wire.Leave{Room: "tea"}}, want: "welcome joined refused:room", took: moment},
		{name: "a joined that is not resumed", hello: func(_ *house, o *wire.Hello) { o.Rooms[0].Cursor = nil }, want: "welcome joined", took: moment},
		{name: "a joined of another epoch", hello: func(_ *house, o *wire.Hello) { o.Rooms[0].Epoch = "other" }, want: "welcome joined", took: moment},
		{name: "a joined that is not empty", hello: func(h *house, _ *wire.Hello) { h.say(1, time.Hour) }, want: "welcome joined", took: moment},
		{name: "a room that is refused", hello: func(_ *house, o *wire.Hello) { o.Rooms = append(o.Rooms, wire.Join{Room: "No!"}) }, want: "welcome joined refused:room", took: moment},
		{name: "posted", happen: func(_ *testing.T, h *house) { h.say(1, time.Hour) }, want: "welcome joined posted", took: second + moment},
		{name: "an expiry", hello: func(h *house, o *wire.Hello) { h.say(1, 3*second); o.Rooms[0].Seq = 1 }, want: "welcome joined removed", took: 25 * second},
		{name: "somebody who comes", happen: func(t *testing.T,
			h *house) {
			h.in(t, h.issuer.Issue("eve", time.Hour), "")
		}, want: "welcome joined presence",
			took: 15*second + moment},
		{name: "somebody who types", happen: func(t *testing.T, h *house) {
			h.in(t, h.issuer.Issue("eve", time.Hour), "").send(wire.Typing{Room: "lobby"})
		}, want: "welcome joined typing", took: second + moment},
		{name: "oneself, typing elsewhere", happen: func(t *testing.T, h *house) {
			h.poller(t, home).poll(waiting(asGuest(annS, "lobby"), 0), wire.Typing{Room: "lobby"})
		}, want: "welcome joined", took: 25 * second},
		{name: "a sign of typing", frames: []wire.Frame{wire.Typing{Room: "lobby"}}, want: "welcome joined",
			took: 25 * second},
		{name: "an answer: people", frames: []wire.Frame{wire.Who{Room: "lobby"}}, want: "welcome joined people",
			took: moment},
		{name: "an answer: authed", frames: []wire.Frame{wire.Rename{Name: "Ann"}}, want: "welcome joined authed",
			took: moment},
		{name: "an answer: refused rename", frames: []wire.Frame{wire.Rename{Name: "Ann"}},
			hello: func(h *house, o *wire.Hello) { o.Guest, o.Token = nil, new(h.issuer.Issue("ada", time.Hour)) },
			want:  "welcome joined refused:forbidden", took: moment},
		{name: "one's own name, changed elsewhere", happen: func(t *testing.T, h *house) {
			h.poller(t, home).poll(waiting(asGuest(annS, "lobby"), 0), wire.Rename{Name: "Ann"})
		}, want: "welcome joined authed", took: 25 * second},
		{name: "oneself, elsewhere", happen: func(t *testing.T, h *house) { h.poller(t, home).poll(waiting(asGuest(annS, "lobby"), 0)) }, want: "welcome joined", took: 25 * second},
		{name: "a better name", hello: func(h *house, o *wire.Hello) { o.Guest, o.Token = nil, new(h.issuer.Issue("ada", time.Hour)) },
			happen: func(_ *testing.T, h *house) { h.issuer.Says("ada", auth.Change{Name: "Ada Lovelace"}) }, want: "welcome joined authed", took: 25 * second},
		{name: "the end of a token is near", hello: func(h *house, o *wire.Hello) { o.Guest, o.Token = nil, new(h.issuer.Issue("ada", 70*second)) },
			want: "welcome joined expiring", took: 25 * second},
		{name: "no access any more", hello: func(h *house, o *wire.Hello) { o.Guest, o.Token = nil, new(h.issuer.Issue("ada", time.Hour)) },
			happen: func(_ *testing.T, h *house) {
				h.issuer.Says("ada", auth.Change{Refused: &auth.Error{Code: wire.CodeForbidden, Reason: wire.ReasonUserInactive, Next: wire.NextNever, Message: "No."}})
			}, want: "bye:forbidden", took: second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, nil, func(t *testing.T, h *house) {
				hello := resumed(asGuest(annS, "lobby"), 0)
				if tt.hello != nil {
					tt.hello(h, &hello)
				}
				answers := h.poller(t, home).start(append([]wire.Frame{hello}, tt.frames...)...)
				if tt.happen != nil {
					time.Sleep(second)
					tt.happen(t, h)
				}
				(<-answers).want(tt.want, tt.took)
			})
		})
	}
}

// say stores a message in the lobby that no client has posted.
func (h *house) say(n int, ttl time.Duration) {
	now := time.Now()
	h.stream.AppendMessage("lobby", wire.Message{ID: fmt.Sprint(n), User: wire.User{ID: "u-say"}, Text: fmt.Sprintf("note %d", n), At: now.UnixMilli(),
		Expires: now.Add(ttl).UnixMilli()})
}

// TestPollGathers: frames that come within 50 ms after the frame that ends the wait are in the same answer. Later frames
// are in the next answer. Each comes once.
func TestPollGathers(t *testing.T) {
	bubble(t, nil, func(t *testing.T, h *house) {
		p := h.poller(t, home)
		answers := p.start(resumed(asGuest(annS, "lobby"), 0))
		time.Sleep(second)
		for i := range 5 {
			h.say(i, time.Hour)
			time.Sleep(20 * time.Millisecond)
		}
		a := <-answers
		a.want("welcome joined posted posted posted", second+moment)
		rest := frame[wire.Joined](p.poll(resumed(asGuest(annS, "lobby"), a.frames[4].(wire.Posted).Seq)))
		if !rest.Resumed || len(rest.Messages) != 2 || rest.Messages[0].Text != "note 3" || rest.Messages[1].Text != "note 4" {
			t.Errorf("the next poll got %+v, want notes 3 and 4", rest)
		}
	})
}

// TestPollAnswersEveryFrame: an answer has the answers to all frames, in their order, however long the stream takes.
func TestPollAnswersEveryFrame(t *testing.T) {
	bubble(t, nil, func(t *testing.T, h *house) {
		p := h.poller(t, home)
		hello := waiting(asGuest(annS, "lobby", "No!", "tea"), 0)
		p.poll(hello).want("welcome joined refused:room joined", moment)
		release := h.stream.Hold()
		answers := p.start(hello, post(1, "lobby"), post(2, "attic"), post(3, "tea"), wire.Leave{Room: "tea"}, post(4, "tea"))
		time.Sleep(3 * second)
		release()
		a := <-answers
		a.want("welcome joined refused:room joined refused:room refused:room accepted posted accepted", 3*second+moment)
		if w := frame[wire.Welcome](a); !w.MayPost || w.Limits.Posts != 20 || w.TTL.Default != 300_000 {
			t.Errorf("welcome %+v", w)
		}
		h.stream.FailAppends(fmt.Errorf("broken"))
		a = p.poll(hello, post(5, "lobby"))
		a.want("welcome joined refused:room joined refused:unavailable", moment)
		if got := a.frames[4].(wire.Refused); got.ID != post(5, "").ID || got.RetryMS == 0 {
			t.Errorf("refused %+v", got)
		}
	})
}

// TestPollPostsOnlyToItsRooms: a poll is not in the rooms of an earlier poll, even while the earlier one still waits.
func TestPollPostsOnlyToItsRooms(t *testing.T) {
	bubble(t, nil, func(t *testing.T, h *house) {
		p := h.poller(t, home)
		answers := p.start(waiting(resumed(asGuest(annS, "lobby"), 0), 2*second))
		synctest.Wait()
		a := p.poll(waiting(asGuest(annS, "tea"), 0), post(1, "lobby"), post(2, "tea"))
		a.want("welcome joined refused:room accepted posted", moment)
		(<-answers).want("welcome joined", 2*second)
		p.poll(waiting(asGuest(annS), 0), post(1, "tea")).want("welcome refused:room", moment)
	})
}

// TestPollWithoutItsStream: the stream does not answer. A client may send a refused post again, even to a room without
// members. An open room can be read.
func TestPollWithoutItsStream(t *testing.T) {
	bubble(t, nil, func(t *testing.T, h *house) {
		p := h.poller(t, home)
		p.poll(waiting(asGuest(annS, "lobby"), 0), post(1, "lobby"))
		h.stream.FailAppends(errors.New("gone"))
		h.stream.FailFollows(errors.New("gone"))
		a := p.poll(waiting(asGuest(annS, "lobby", "tea"), 0), post(2, "lobby"), post(3, "tea"))
		a.want("welcome joined refused:unavailable refused:unavailable refused:unavailable", moment)
		if j := frame[wire.Joined](a); j.Room != "lobby" || len(j.Messages) != 1 {
			t.Errorf("joined %+v, want lobby and its message", j)
		}
		for _, f := range a.frames {
			if r, ok := f.(wire.Refused); ok && r.RetryMS == 0 {
				t.Errorf("%+v does not say when to try again", r)
			}
		}
		h.stream.FailAppends(nil)
		h.stream.FailFollows(nil)
		p.poll(waiting(asGuest(annS, "lobby", "tea"), 0), post(2, "lobby"), post(3, "tea")).want("welcome joined joined accepted posted accepted posted", moment)
	})
}

func TestPollRepeats(t *testing.T) {
	bubble(t, nil, func(t *testing.T, h *house) {
		first, renewed := h.issuer.Issue("ada", time.Hour), h.issuer.Issue("ada", time.Hour)
		socket := h.in(t, first, "")
		for i, tt := range []struct {
			name        string
			hello, next wire.Hello
			repeat      bool
		}{
			{"a guest's secret", asGuest(annS, "lobby"), asGuest(annS, "lobby"), true},
			{"another secret", asGuest(annS, "lobby"), asGuest(benS, "lobby"), false},
			{"a token", wire.Hello{Token: &first, Rooms: asGuest("", "lobby").Rooms}, wire.Hello{Token: &renewed, Rooms: asGuest("", "lobby").Rooms}, true},
			{"nothing", wire.Hello{Rooms: asGuest("", "lobby").Rooms}, wire.Hello{Rooms: asGuest("", "lobby").Rooms}, false},
		} {
			one := h.poller(t, home).poll(waiting(tt.hello, 0), post(i, "lobby"))
			two := h.poller(t, "192.0.2.2").poll(waiting(tt.next, 0), post(i, "lobby"))
			was, is := frame[wire.Accepted](one), frame[wire.Accepted](two)
			if was.Repeat || is.Repeat != tt.repeat || tt.repeat != (is.Seq == was.Seq) {
				t.Errorf("%s: accepted %+v, then %+v", tt.name, was, is)
			}
			if same := frame[wire.Welcome](one).User == frame[wire.Welcome](two).User; same != tt.repeat {
				t.Errorf("%s: the same person is %v", tt.name, same)
			}
		}
		socket.take()
		socket.send(post(2, "lobby")) // the same on a socket
		if a := got[wire.Accepted](socket); !a.Repeat {
			t.Errorf("on a socket %+v, want a repeat", a)
		}
	})
}

// TestAnyNodeAnswersAPoll: the polls of a user go to two nodes in turn. No message is lost or comes twice.
func TestAnyNodeAnswersAPoll(t *testing.T) {
	bubble(t, nil, func(t *testing.T, h *house) {
		other := open(t, h.issuer, h.ledger, h.stream, nil)
		defer other.stop()
		synctest.Wait()
		nodes := []*poller{h.poller(t, home), other.poller(t, home)}
		id := frame[wire.Welcome](nodes[0].poll(waiting(asGuest(annS, "lobby"), 0))).User.ID
		cursor, seen := int64(0), []string{}
		for i := range 10 {
			h.say(i, time.Hour)
			a := nodes[i%2].poll(waiting(resumed(asGuest(annS, "lobby"), cursor), 0))
			j := frame[wire.Joined](a)
			for _, m := range j.Messages {
				seen = append(seen, m.Text)
			}
			if frame[wire.Welcome](a).User.ID != id || !j.Resumed {
				t.Errorf("poll %d: %s", i, a.body)
			}
			cursor = j.Head
		}
		if len(seen) != 10 || seen[9] != "note 9" {
			t.Errorf("seen %q, want 10 notes", seen)
		}
	})
}

func TestBadPolls(t *testing.T) {
	hello := `{"type":"hello","guest":"` + annS + `","wait_ms":0,"rooms":[{"room":"lobby"}]}`
	bubble(t, nil, func(t *testing.T, h *house) {
		p := h.poller(t, home)
		for _, tt := range []struct{ name, body, want string }{
			{"nothing", "", "bye:protocol"},
			{"line ends", "\n\n\r\n", "bye:protocol"},
			{"no JSON", "hello", "bye:protocol"},
			{"half of it", hello[:30], "bye:protocol"},
			{"in a list", "[" + hello + "]", "bye:protocol"},
			{"two on a line", hello + hello, "bye:protocol"},
			{"NUL", "\x00", "bye:protocol"},
			{"no UTF-8", "{\"type\":\"hello\",\"guest\":\"\xff\"}", "bye:protocol"},
			{"UTF-16", "\xff\xfe{\x00", "bye:protocol"},
			{"byte order mark", "\ufeff" + hello, "bye:protocol"},
			{"gzip", "\x1f\x8b\x08\x00", "bye:protocol"},
			{"a form", "type=hello", "bye:protocol"},
			{"deep", strings.Repeat("[", 60_000), "bye:protocol"},
			{"another frame first", string(wire.Encode(post(1, "lobby"))) + "\n" + hello, "bye:protocol"},
			{"an unknown frame first", `{"type":"dance"}` + "\n" + hello, "bye:protocol"},
			{"a bad guest", `{"type":"hello","guest":"short"}`, "bye:protocol"},
			{"a bad session", `{"type":"hello","session":"short"}`, "bye:protocol"},
			{"half a cursor", `{"type":"hello","rooms":[{"room":"lobby","seq":1}]}`, "bye:protocol"},
			{"rooms of another type", `{"type":"hello","rooms":{}}`, "bye:protocol"},
			{"hello twice", hello + "\n" + hello, "welcome joined bye:protocol"},
			{"hello twice, broken", hello + "\n" + `{"type":"hello","rooms":5}`, "welcome joined bye:protocol"},
			{"three bad frames", hello + "\n{\n[]\n{}\n" + string(wire.Encode(post(1, "lobby"))), "welcome joined refused:frame refused:frame bye:protocol"},
			{"two bad frames", hello + "\n{\n" + string(wire.Encode(post(1, "lobby"))) + "\n{}", "welcome joined refused:frame accepted posted refused:frame"},
			{"unknown frames and members", `{"x":[{}],"type":"hello","wait_ms":0,"WAIT_MS":-1}` + "\r\n\r\n" + `{"type":"dance"}` + "\r\n", "welcome"},
		} {
			if a := p.send(tt.body); a.status != http.StatusOK || a.kinds() != tt.want {
				t.Errorf("%s: %d %s, want %s", tt.name, a.status, a.body, tt.want)
			} else if b, ok := a.frames[len(a.frames)-1].(wire.Bye); ok && b.Message == "" {
				t.Errorf("%s: no word in %+v", tt.name, b)
			}
		}
	})
}

// TestPollsThatAreTurnedAway: the server rejects these polls, and handles none of their frames.
func TestPollsThatAreTurnedAway(t *testing.T) {
	hello := string(wire.Encode(waiting(asGuest(annS, "lobby"), 0)))
	full := hello + strings.Repeat(" ", wire.MaxMessage-len(hello))
	bubble(t, nil, func(t *testing.T, h *house) {
		for _, tt := range []struct {
			name, kind, origin string
			body               io.Reader
			status             int
		}{
			{"as it should be", pollType, "", strings.NewReader(hello), 200},
			{"with a parameter", "Application/X-NDJSON; charset=utf-8", "", strings.NewReader(hello), 200},
			{"no type", "", "", strings.NewReader(hello), 415},
			{"another", "application/json", "", strings.NewReader(hello), 415},
			{"what a form may send", "text/plain", "", strings.NewReader(hello), 415},
			{"nonsense", ";", "", strings.NewReader(hello), 415},
			{"64 KiB", pollType, "", strings.NewReader(full), 200},
			{"a byte more", pollType, "", strings.NewReader(full + "\n"), 413},
			{"64 KiB, of no length that is told", pollType, "", io.MultiReader(strings.NewReader(full)), 200},
			{"a byte more, of no length that is told", pollType, "", io.MultiReader(strings.NewReader(full + "\n")), 413},
			{"8 MiB", pollType, "", strings.NewReader(strings.Repeat(" ", 8<<20)), 413},
			{"our page", pollType, "https://chat.example.com", strings.NewReader(hello), 200},
			{"a foreign page", pollType, "https://evil.example", strings.NewReader(hello), 403},
			{"a foreign page, of another type", "text/plain", "https://evil.example", strings.NewReader(full + "\n"), 403},
			{"another scheme", pollType, "http://chat.example.com", strings.NewReader(hello), 403},
			{"no page of anybody's", pollType, "null", strings.NewReader(hello), 403},
		} {
			header := http.Header{}
			for k, v := range map[string]string{"Content-Type": tt.kind, "Origin": tt.origin} {
				if v != "" {
					header.Set(k, v)
				}
			}
			if a := h.poller(t, home).do("POST", tt.body, header); a.status != tt.status || len(a.body) < 20 {
				t.Errorf("%s: %d %q, want %d", tt.name, a.status, a.body, tt.status)
			}
		}
	})
}

// TestPollPlaces: polls and sockets share the slots of the server, and those of each address.
func TestPollPlaces(t *testing.T) {
	bubble(t, func(c *server.Config) { c.Conns, c.Each = 3, 2 }, func(t *testing.T, h *house) {
		h.in(t, h.issuer.Issue("ada", time.Hour), "")
		p, elsewhere := h.poller(t, home), h.poller(t, "192.0.2.2")
		first := p.start(resumed(asGuest(annS, "lobby"), 0))
		synctest.Wait()
		turned := func(a answer, status int) {
			t.Helper()
			if a.status != status || a.header.Get("Retry-After") == "" {
				t.Errorf("%d, Retry-After %q, want %d", a.status, a.header.Get("Retry-After"), status)
			}
		}
		turned(p.poll(asGuest(annS)), 429)
		second := elsewhere.start(resumed(asGuest(benS, "lobby"), 0))
		synctest.Wait()
		turned(elsewhere.poll(asGuest(benS)), 503)
		turned(p.poll(asGuest(annS)), 503)
		<-first
		<-second
		p.poll(waiting(asGuest(annS), 0)).want("welcome", 0) // the slots are free again
	})
}

func TestPollOrigins(t *testing.T) {
	foreign := func(c *server.Config) {
		origins, err := admission.NewOrigins("https://chat.example.com", []string{"https://embed.example"}, "80")
		if err != nil {
			t.Fatal(err)
		}
		c.Origins, c.Each = origins, 1
	}
	bubble(t, foreign, func(t *testing.T, h *house) {
		p, body := h.poller(t, home), string(wire.Encode(waiting(asGuest(annS), 0)))
		for _, tt := range []struct {
			name, method, origin, kind string
			status                     int
			allowed                    string
		}{
			{"ours", "POST", "https://chat.example.com", pollType, 200, "https://chat.example.com"},
			{"foreign, allowed", "POST", "https://embed.example", pollType, 200, "https://embed.example"},
			{"and turned away", "POST", "https://embed.example", "text/plain", 415, "https://embed.example"},
			{"no page", "POST", "", pollType, 200, ""},
			{"foreign", "POST", "https://evil.example", pollType, 403, ""},
			{"asks first", "OPTIONS", "https://embed.example", "", 204, "https://embed.example"},
			{"foreign, asks first", "OPTIONS", "https://evil.example", "", 403, ""},
		} {
			header := http.Header{"Access-Control-Request-Method": {"POST"}, "Access-Control-Request-Headers": {"content-type"}}
			for k, v := range map[string]string{"Content-Type": tt.kind, "Origin": tt.origin} {
				if v != "" {
					header.Set(k, v)
				}
			}
			a := p.do(tt.method, strings.NewReader(body), header)
			if a.status != tt.status || a.header.Get("Access-Control-Allow-Origin") != tt.allowed || a.header.Get("Vary") != "Origin" ||
				a.header.Get("Access-Control-Allow-Credentials") != "" {
				t.Errorf("%s: %d %v, want %d for %q", tt.name, a.status, a.header, tt.status, tt.allowed)
			}
			if tt.status == 204 && (a.header.Get("Access-Control-Allow-Methods") != "POST" || a.header.Get("Access-Control-Allow-Headers") != "Content-Type") {
				t.Errorf("%s: %v does not allow a poll", tt.name, a.header)
			}
		}
		waits := p.start(resumed(asGuest(annS, "lobby"), 0))
		synctest.Wait()
		a := p.do("POST", strings.NewReader(body), http.Header{"Content-Type": {pollType}, "Origin": {"https://embed.example"}})
		if a.status != 429 || a.header.Get("Access-Control-Allow-Origin") == "" || a.header.Get("Access-Control-Expose-Headers") != "Retry-After" {
			t.Errorf("%d %v, want a 429 that the page can read", a.status, a.header)
		}
		<-waits
	})
}

// TestConfigIsSharedAsPolls checks that a page that may poll can also read /config.json, without which it cannot sign in.
func TestConfigIsSharedAsPolls(t *testing.T) {
	origins, err := admission.NewOrigins("https://chat.example.com", []string{"https://embed.example"}, "80")
	if err != nil {
		t.Fatal(err)
	}
	bubble(t, func(c *server.Config) { c.Origins = origins }, func(t *testing.T, h *house) {
		for _, tt := range []struct{ origin, allowed string }{
			{"", ""},
			{"https://chat.example.com", "https://chat.example.com"},
			{"https://embed.example", "https://embed.example"},
			{"https://evil.example", ""},
			{"https://embed.example.evil.example", ""},
			{"http://embed.example", ""},
			{"null", ""},
		} {
			r := httptest.NewRequest("GET", "/config.json", nil)
			if tt.origin != "" {
				r.Header.Set("Origin", tt.origin)
			}
			w := httptest.NewRecorder()
			h.Handler().ServeHTTP(w, r)
			if w.Code != 200 || w.Header().Get("Access-Control-Allow-Origin") != tt.allowed || w.Header().Get("Vary") != "Origin" {
				t.Errorf("from %q: %d %v, want it shared with %q", tt.origin, w.Code, w.Header(), tt.allowed)
			}
		}
	})
}

func TestPollIsNotKept(t *testing.T) {
	bubble(t, nil, func(t *testing.T, h *house) {
		a := h.poller(t, home).poll(waiting(asGuest(annS), 0))
		if a.header.Get("Cache-Control") != "no-store" || a.header.Get("X-Accel-Buffering") != "no" {
			t.Errorf("headers %v", a.header)
		}
	})
}

// TestPollerIsPresent: a user who polls counts as present for 30 s after the last poll, and only once, however many polls
// there are.
func TestPollerIsPresent(t *testing.T) {
	bubble(t, nil, func(t *testing.T, h *house) {
		ann, ben := h.poller(t, home), h.poller(t, home)
		people := func() int64 {
			return frame[wire.Joined](ben.poll(waiting(asGuest(benS, "lobby"), 0))).People
		}
		for range 3 {
			ann.poll(waiting(asGuest(annS, "lobby"), 2*second))
			time.Sleep(28 * second)
			if n := people(); n != 2 {
				t.Errorf("28 s after a poll there are %d people, want 2", n)
			}
		}
		time.Sleep(4 * second)
		if n := people(); n != 1 {
			t.Errorf("after 32 s there are %d, want 1", n)
		}
	})
}

func TestPollSignIn(t *testing.T) {
	bubble(t, nil, func(t *testing.T, h *house) {
		p := h.poller(t, home)
		token := h.issuer.Issue("ada", time.Hour)
		hello := waiting(asGuest("", "lobby"), 0)
		hello.Guest, hello.Token, hello.SignInID = nil, &token, new(phone)
		a := p.poll(hello, post(1, "lobby"))
		a.want("welcome joined accepted posted", moment)
		if w := frame[wire.Welcome](a); w.User != (wire.User{ID: "u-ada", Name: "ada"}) || w.AuthExpires != time.Now().Add(time.Hour-moment).UnixMilli() {
			t.Errorf("welcome %+v", w)
		}
		for _, reason := range []wire.Reason{wire.ReasonTokenExpired, wire.ReasonTokenScope, wire.ReasonTokenKeyUnknown} {
			bad := h.issuer.Refused(reason, false)
			b := frame[wire.Bye](p.poll(wire.Hello{Token: &bad}))
			if b.Code != reason.Code() || b.Reason != reason || b.Next != reason.Next() || b.Message == "" || (b.RetryMS != 0) != (b.Next == wire.NextLater) {
				t.Errorf("%s: bye %+v", reason, b)
			}
		}
		if b := frame[wire.Bye](p.poll(wire.Hello{Token: new("")})); b.Reason != wire.ReasonTokenMissing {
			t.Errorf("an empty token: %+v", b)
		}
		second := h.issuer.Issue("ada", 2*time.Hour)
		a = p.poll(hello, wire.Auth{Token: second})
		a.want("welcome joined authed", moment)
		if got := frame[wire.Authed](a).AuthExpires; got <= frame[wire.Welcome](a).AuthExpires {
			t.Errorf("renewed to %d", got)
		}
		a = p.poll(hello, wire.Auth{Token: h.issuer.Issue("eve", time.Hour)})
		if a.want("bye:forbidden", 0); frame[wire.Bye](a).Reason != wire.ReasonIdentityChanged {
			t.Errorf("another person's: %s", a.body)
		}
		if n := h.issuer.Says("ada", auth.Change{Name: "Ada"}); n != 0 {
			t.Errorf("%d polls follow what becomes of ada's name, want none after their answers", n)
		}
		h.issuer.SetDown(true)
		if b := frame[wire.Bye](p.poll(hello)); b.Code != wire.CodeBusy || b.RetryMS == 0 {
			t.Errorf("without keys: %+v", b)
		}
	})
}

func TestPollAnonymous(t *testing.T) {
	for policy, want := range map[session.Policy]string{session.GuestsDenied: "bye:auth", session.GuestsRead: "welcome joined refused:forbidden"} {
		bubble(t, func(c *server.Config) { c.Anonymous = policy }, func(t *testing.T, h *house) {
			a := h.poller(t, home).poll(waiting(asGuest(annS, "lobby"), 0), post(1, "lobby"))
			if a.kinds() != want || policy == session.GuestsDenied && frame[wire.Bye](a).Reason != wire.ReasonAnonymousOff {
				t.Errorf("%s: %s, want %s", policy, a.body, want)
			}
		})
	}
}

// TestPollLimitsOfAnAddress: the limits of an address, on wrong tokens and on the posts of its guests, hold for polls as
// for sockets.
func TestPollLimitsOfAnAddress(t *testing.T) {
	bubble(t, func(c *server.Config) { c.Posts = 600 }, func(t *testing.T, h *house) {
		p, elsewhere := h.poller(t, home), h.poller(t, "192.0.2.2")
		wrong := wire.Hello{Token: new("forged." + secret)}
		for i := range 19 {
			if b := frame[wire.Bye](p.poll(wrong)); b.Reason != wire.ReasonTokenSignature {
				t.Fatalf("token %d: %+v", i, b)
			}
		}
		if b := frame[wire.Bye](p.poll(wrong)); b.Code != wire.CodeRate || b.RetryMS == 0 {
			t.Errorf("the twentieth: %+v, want rate", b)
		}
		if b := frame[wire.Bye](elsewhere.poll(wrong)); b.Reason != wire.ReasonTokenSignature {
			t.Errorf("from elsewhere: %+v", b)
		}
		good := h.issuer.Issue("ada", time.Hour)
		p.poll(waiting(wire.Hello{Token: &good}, 0)).want("welcome", 0)
		many := func(guest string) answer {
			frames := []wire.Frame{waiting(asGuest(guest, "lobby"), 0)}
			for i := range 400 {
				frames = append(frames, post(i, "lobby"))
			}
			return p.poll(frames...)
		}
		for i, want := range []int{0, 0, 200, 400} { // all guests together may post 1,000
			if got := strings.Count(many(strings.Repeat(fmt.Sprint(i), 22)).kinds(), "refused:rate"); got != want {
				t.Errorf("guest %d: %d refused, want %d", i, got, want)
			}
		}
	})
}

// TestPollRateIsThePersons: the rate of a user counts the posts of all polls and sockets.
func TestPollRateIsThePersons(t *testing.T) {
	bubble(t, nil, func(t *testing.T, h *house) {
		token := h.issuer.Issue("ada", time.Hour)
		socket := h.in(t, token, "")
		for i := range 10 {
			socket.send(post(i, "lobby"))
		}
		for i := range 12 {
			a := h.poller(t, home).poll(waiting(wire.Hello{Token: &token, Rooms: asGuest("", "lobby").Rooms}, 0), post(10+i, "lobby"))
			if refused := strings.Contains(a.kinds(), "refused:rate"); refused != (i >= 10) {
				t.Errorf("post %d: %s", 10+i, a.kinds())
			}
		}
	})
}

// TestSignOutEndsPolls: a sign-out ends the polls that wait, on both nodes, and every later poll is refused.
func TestSignOutEndsPolls(t *testing.T) {
	bubble(t, nil, func(t *testing.T, h *house) {
		other := open(t, h.issuer, h.ledger, streamtest.NewMemory(), nil)
		defer other.stop()
		synctest.Wait()
		token := h.issuer.Issue("ada", time.Hour)
		hello := resumed(asGuest("", "lobby"), 0)
		hello.Guest, hello.Token, hello.SignInID = nil, &token, new(phone)
		here, there := h.poller(t, home).start(hello), other.poller(t, home).start(hello)
		time.Sleep(second)
		a := h.poller(t, home).poll(hello, wire.Signout{})
		for _, a := range []answer{a, <-here, <-there, other.poller(t, home).poll(hello)} {
			if b := frame[wire.Bye](a); a.kinds() != "bye:auth" || b.Reason != wire.ReasonTokenRevoked || b.Next != wire.NextLogin || a.took > second {
				t.Errorf("after %s: %s, want token_revoked", a.took, a.body)
			}
		}
		a = h.poller(t, home).poll(asGuest(annS, "lobby"), wire.Signout{})
		if b := frame[wire.Bye](a); b.Reason != wire.ReasonTokenRevoked {
			t.Errorf("a guest who signs out: %+v", b)
		}
	})
}

// TestPollEndsWithItsToken: a poll delivers nothing later than 60 s after auth_expires.
func TestPollEndsWithItsToken(t *testing.T) {
	bubble(t, nil, func(t *testing.T, h *house) {
		token := h.issuer.Issue("ada", second)
		time.Sleep(51 * second) // 10 s are left
		hello := resumed(asGuest("", "lobby"), 0)
		hello.Guest, hello.Token = nil, &token
		a := h.poller(t, home).poll(hello)
		if b := frame[wire.Bye](a); a.kinds() != "bye:auth" || b.Reason != wire.ReasonTokenExpired || b.Next != wire.NextRenew || a.took < 10*second || a.took > 11*second {
			t.Errorf("after %s: %s", a.took, a.body)
		}
	})
}

// TestCloseEndsPolls: when the server stops, polls get a bye as soon as their posts are answered. It tells the clients to
// come back at different times. New polls get 503.
func TestCloseEndsPolls(t *testing.T) {
	bubble(t, nil, func(t *testing.T, h *house) {
		waits := h.poller(t, home).start(resumed(asGuest(annS, "lobby"), 0))
		synctest.Wait()
		release := h.stream.Hold()
		posts := h.poller(t, home).start(waiting(asGuest(benS, "lobby"), 0), post(1, "lobby"))
		slow, w := io.Pipe() // a poll whose body never comes
		reads := make(chan answer, 1)
		go func() { reads <- h.poller(t, home).do("POST", slow, http.Header{"Content-Type": {pollType}}) }()
		synctest.Wait()
		closed := make(chan struct{})
		go func() {
			h.stop()
			close(closed)
		}()
		time.Sleep(second)
		if a := h.poller(t, home).poll(asGuest(annS)); a.status != 503 || a.header.Get("Retry-After") == "" {
			t.Errorf("while closing: %d", a.status)
		}
		release()
		for want, answers := range map[string]<-chan answer{"welcome joined posted bye:restart": waits, "welcome joined accepted posted bye:restart": posts, "bye:restart": reads} {
			a := <-answers
			if b := frame[wire.Bye](a); a.kinds() != want || b.RetryMS < 500 || b.RetryMS > 1500 || a.took != second {
				t.Errorf("after %s: %s, want %s", a.took, a.body, want)
			}
		}
		w.Close()
		<-closed
	})
}
