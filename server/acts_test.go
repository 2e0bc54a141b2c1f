package server_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/shared/wire"
)

// actSteps are what Ann sends in the lobby, one after the other, and what she gets for it. Notes 1 and 2 there are hers,
// note 3 is Ben's.
var actSteps = []struct{ send, want string }{
	{`{"type":"react","room":"lobby","seq":1,"emoji":"👍"}`, "reacted to 1: 👍 true, seq 4"},
	{`{"type":"react","room":"lobby","seq":1,"emoji":"👍","on":true}`, "reacted to 1: 👍 true, repeat"},
	{`{"type":"react","room":"lobby","seq":3,"emoji":"❤️","extra":{}}`, "reacted to 3: ❤️ true, seq 5"},
	{`{"type":"react","room":"lobby","seq":1,"emoji":"👍","on":false}`, "reacted to 1: 👍 false, seq 6"},
	{`{"type":"react","room":"lobby","seq":1,"emoji":"👍","on":false}`, "reacted to 1: 👍 false, repeat"},
	{`{"type":"react","room":"lobby","seq":1,"emoji":":+1:"}`, "refused react lobby seq 1: emoji"},
	{`{"type":"react","room":"lobby","seq":1}`, "refused react lobby seq 1: emoji"},
	{`{"type":"react","room":"lobby","seq":0,"emoji":"👍"}`, "refused react lobby seq 0: gone"},
	{`{"type":"react","room":"lobby","seq":99,"emoji":"no"}`, "refused react lobby seq 99: gone"},
	{`{"type":"react","room":"tea","seq":1,"emoji":"👍"}`, "refused react tea seq 1: room"},
	{`{"type":"react","seq":1,"emoji":"👍"}`, "refused react  seq 1: room"},
	{`{"type":"react","room":"lobby","seq":-1,"emoji":"👍"}`, "refused react lobby seq -1: frame"},
	{`{"type":"remove","room":"lobby","seq":3}`, "refused remove lobby seq 3: forbidden"},
	{`{"type":"remove","room":"lobby","seq":0}`, "refused remove lobby seq 0: gone"},
	{`{"type":"remove","room":"lobby","seq":0}`, "refused remove lobby seq 0: gone"},
	{`{"type":"remove","room":"lobby","seq":4}`, "refused remove lobby seq 4: gone"},
	{`{"type":"remove","room":"tea","seq":2}`, "refused remove tea seq 2: room"},
	{`{"type":"remove","room":"lobby","seq":2}`, "removed [2] author, seq 7"},
	{`{"type":"remove","room":"lobby","seq":2}`, "removed [2] author, repeat"},
	{`{"type":"remove","room":"lobby","seq":"2"}`, "refused remove lobby no seq: frame"},
	{`{"type":"react","room":"lobby","seq":2,"emoji":"👍"}`, "refused react lobby seq 2: gone"},
	{`{"type":"post","id":"0190a8f0-0000-7000-8000-000000000002","room":"lobby","text":"again"}`, "accepted 2, repeat"},
	{`{"type":"post","id":"0190a8f0-0000-7000-8000-000000000009","room":"lobby","text":"x","reply_to":2}`,
		"refused post lobby no seq: gone"},
	{`{"type":"post","id":"0190a8f0-0000-7000-8000-000000000009","room":"lobby","text":"x","reply_to":0}`,
		"refused post lobby no seq: gone"},
	{`{"type":"post","id":"0190a8f0-0000-7000-8000-000000000009","room":"lobby","text":"x",` +
		`"reply_to":3,"mentions":["u-b","u-a","u-b"]}`,
		"accepted 8 | posted 8, reply to 3, mentions [u-b u-a]"},
	{`{"type":"remove","room":"lobby","seq":8}`, "removed [8] author, seq 9"},
}

// told says what a frame tells.
func told(f wire.Frame) string {
	seqOr := func(seq int64, repeat bool) string {
		if repeat {
			return "repeat"
		}
		return fmt.Sprint("seq ", seq)
	}
	switch f := f.(type) {
	case wire.Reacted:
		return fmt.Sprintf("reacted to %d: %s %v, %s", f.To, f.Emoji, f.On, seqOr(f.Seq, f.Repeat))
	case wire.Removed:
		return fmt.Sprintf("removed %v %s, %s", f.Seqs, f.Why, seqOr(f.Seq, f.Repeat))
	case wire.Refused:
		seq := "no seq"
		if f.Seq != nil {
			seq = fmt.Sprint("seq ", *f.Seq)
		}
		return fmt.Sprintf("refused %s %s %s: %s", f.Re, f.Room, seq, f.Code)
	case wire.Accepted:
		if f.Repeat {
			return fmt.Sprintf("accepted %d, repeat", f.Seq)
		}
		return fmt.Sprintf("accepted %d", f.Seq)
	case wire.Posted:
		return fmt.Sprintf("posted %d, reply to %d, mentions %v", f.Message.Seq, f.ReplyTo, f.Mentions)
	}
	return wire.Kind(f)
}

// toldAll says what frames tell.
func toldAll(frames []wire.Frame) string {
	var all []string
	for _, f := range frames {
		all = append(all, told(f))
	}
	return strings.Join(all, " | ")
}

// lastJoined checks what a newcomer gets after actSteps.
func lastJoined(t *testing.T, j wire.Joined) {
	t.Helper()
	if j.Head != 9 || len(j.Messages) != 2 || j.Messages[0].Seq != 1 || len(j.Messages[0].Reactions) != 0 ||
		j.Messages[1].Seq != 3 || len(j.Messages[1].Reactions) != 1 {
		t.Errorf("a newcomer gets %+v", j)
	}
}

func TestActsByWebSocket(t *testing.T) {
	onVirtualTime(t, func(t *testing.T, n *node) {
		ann, ben := n.hello(t, annS, "lobby"), n.hello(t, benS, "lobby")
		ann.send(post(1, "lobby"), post(2, "lobby"))
		for range 4 {
			ann.read()
		}
		ben.send(post(3, "lobby"))
		expect[wire.Posted](ann)
		for range 4 {
			ben.read()
		}
		for _, step := range actSteps {
			ann.write(step.send)
			for _, want := range strings.Split(step.want, " | ") {
				if f, err := ann.read(); err != nil || told(f) != want {
					t.Fatalf("%s: got %q, %v; want %q", step.send, told(f), err, want)
				}
				if strings.Contains(want, "repeat") || strings.HasPrefix(want, "refused") ||
					strings.HasPrefix(want, "accepted") {
					continue
				}
				if f, err := ben.read(); err != nil || told(f) != want {
					t.Fatalf("%s: Ben got %q, %v; want %q", step.send, told(f), err, want)
				}
			}
		}
		cleo := n.dial(t)
		cleo.send(wire.Hello{Rooms: []wire.Join{{Room: "lobby"}}})
		expect[wire.Welcome](cleo)
		lastJoined(t, expect[wire.Joined](cleo))
	})
}

func TestActsByPolls(t *testing.T) {
	bubble(t, nil, func(t *testing.T, h *house) {
		ann, ben := h.poller(t, home), h.poller(t, "192.0.2.2")
		hello := waiting(asGuest(annS, "lobby"), 0)
		ann.poll(hello, post(1, "lobby"), post(2, "lobby"))
		ben.poll(waiting(asGuest(benS, "lobby"), 0), post(3, "lobby"))
		for _, step := range actSteps {
			a := ann.send(string(wire.Encode(hello)) + "\n" + step.send)
			if got := toldAll(a.frames[min(2, len(a.frames)):]); got != step.want {
				t.Fatalf("%s: got %q, want %q", step.send, got, step.want)
			}
		}
		lastJoined(t, frame[wire.Joined](ben.poll(waiting(asGuest(benS, "lobby"), 0))))
		j := frame[wire.Joined](ben.poll(resumed(asGuest(benS, "lobby"), 3)))
		if !j.Resumed || fmt.Sprint(j.Removed) != "[2 8]" || len(j.Messages) != 0 || len(j.Reacted) != 2 ||
			len(j.Reacted[0].Reactions) != 0 ||
			j.Reacted[1].Seq != 3 {
			t.Errorf("Ben comes back and gets %+v", j)
		}
	})
}

// TestActsEndAPollsWait: a reaction and a removal end it, whether they come while it waits or came before it.
func TestActsEndAPollsWait(t *testing.T) {
	for name, act := range map[string]wire.Frame{
		"reacted": wire.React{Room: "lobby", Seq: 1, Emoji: "👍"}, "removed": wire.Remove{Room: "lobby", Seq: 1},
	} {
		bubble(t, nil, func(t *testing.T, h *house) {
			ann, ben := h.poller(t, home), h.poller(t, "192.0.2.2")
			hello := waiting(asGuest(annS, "lobby"), 0)
			ann.poll(hello, post(1, "lobby"))
			waits := ben.start(resumed(asGuest(benS, "lobby"), 1))
			synctest.Wait()
			time.Sleep(second)
			ann.poll(hello, act).want("welcome joined "+name, moment)
			(<-waits).want("welcome joined "+name, second+moment)
			ben.poll(resumed(asGuest(benS, "lobby"), 1)).want("welcome joined", moment)
			ben.poll(waiting(resumed(asGuest(benS, "lobby"), 2), second)).want("welcome joined", second)
		})
	}
}
