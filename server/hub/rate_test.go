package hub_test

import (
	"errors"
	"testing"
	"time"

	"mayfly/server/hub"
	"mayfly/shared/wire"
)

// crowd is how many messages the guests of one address may post together. In crowded, one user may post more, so that only
// the limit of the address counts.
const crowd = 1000

func crowded() hub.Config {
	c := testConfig
	c.Posts, c.GuestPosts, c.RoomMessages = 2*crowd, crowd, 10*crowd
	return c
}

func TestGuestsOfOneAddressShareARate(t *testing.T) {
	bubble(t, crowded(), func(t *testing.T, w world) {
		ann, ben := w.guestIn(t, "ann", "192.0.2.1", "lobby"), w.guestIn(t, "ben", "192.0.2.1", "lobby")
		for n := range crowd {
			[]*recorder{ann, ben}[n%2].Post(post(n, "lobby", 0))
			if n == crowd/2 {
				time.Sleep(4 * time.Second)
			}
		}
		ann.take()
		ben.take()
		ben.Post(post(crowd, "lobby", 0))
		if got := next[wire.Refused](t, ben); got.Code != wire.CodeRate || got.RetryMS != 6000 || got.Re != "post" ||
			got.Message != "Slow down: all guests from your network together may send 1000 messages in 10 s." {
			t.Errorf("refused = %+v, want rate after 6000 ms", got)
		}
		ann.Post(post(0, "lobby", 0)) // a repeat costs nothing
		if a := next[wire.Accepted](t, ann); !a.Repeat {
			t.Errorf("accepted = %+v, want a repeat", a)
		}
		for name, other := range map[string]*recorder{
			"a guest from elsewhere":          w.guestIn(t, "cleo", "192.0.2.2", "lobby"),
			"a guest from nobody knows where": w.guestIn(t, "dora", "", "lobby"),
			"no guest, from the same address": w.in(t, "emil", "lobby"),
		} {
			other.take()
			other.Post(post(1, "lobby", 0))
			if got := other.take(); len(got) != 2 || wire.Kind(got[0]) != "accepted" {
				t.Errorf("%s: %+v, want accepted", name, got)
			}
		}
		ben.take()
		time.Sleep(6*time.Second - time.Millisecond)
		ben.Post(post(crowd+1, "lobby", 0))
		if got := next[wire.Refused](t, ben); got.RetryMS != 1 {
			t.Errorf("1 ms early: %+v, want refused", got)
		}
		time.Sleep(time.Millisecond)
		ben.Post(post(crowd+2, "lobby", 0))
		if got := ben.take(); len(got) != 2 {
			t.Errorf("after retry_ms: %+v, want accepted and posted", got)
		}
	})
}

func TestWhatIsNotAcceptedCostsAnAddressNothing(t *testing.T) {
	bubble(t, crowded(), func(t *testing.T, w world) {
		ann := w.guestIn(t, "ann", "192.0.2.1", "lobby")
		w.stream.FailAppends(errors.New("broken"))
		for n := range 2 * crowd {
			ann.Post(post(n, "lobby", 0))
		}
		for _, f := range ann.take() {
			if r, ok := f.(wire.Refused); !ok || r.Code != wire.CodeUnavailable {
				t.Fatalf("got %+v, want unavailable", f)
			}
		}
		w.stream.FailAppends(nil)
		ann.Post(post(0, "lobby", 0))
		if got := ann.take(); len(got) != 2 {
			t.Errorf("once it works again: %+v, want accepted and posted", got)
		}
	})
}

func TestARefusalForTheAddressCostsThePersonNothing(t *testing.T) {
	config := crowded()
	config.Posts, config.Per = crowd/10, 10*time.Second
	bubble(t, config, func(t *testing.T, w world) {
		for n := range 10 {
			guest := w.guestIn(t, id(n), "192.0.2.1", "lobby")
			for i := range config.Posts {
				guest.Post(post(i, "lobby", 0))
			}
			guest.Close()
		}
		ann := w.guestIn(t, "ann", "192.0.2.1", "lobby")
		time.Sleep(5 * time.Second)
		ann.Post(post(0, "lobby", 0))
		next[wire.Refused](t, ann)
		time.Sleep(5 * time.Second)
		for n := range config.Posts {
			ann.Post(post(n, "lobby", 0))
		}
		if got := ann.take(); len(got) != 2*config.Posts {
			t.Errorf("once the address may again: %d frames, the last %+v, want all accepted and posted", len(got), got[len(got)-1])
		}
	})
}

// TestGivingBackKeepsTheOthersTimes: a post that fails late is refunded at its own time, not at the time of a later post.
func TestGivingBackKeepsTheOthersTimes(t *testing.T) {
	config := testConfig
	config.Posts, config.Per = 2, 10*time.Second
	bubble(t, config, func(t *testing.T, w world) {
		ann, ben := w.in(t, "ann", "lobby", "tea"), w.in(t, "ben", "tea")
		ben.Post(post(0, "tea", 0))
		w.stream.Bound(1)
		release := w.stream.Hold()
		ann.Post(post(1, "tea", 0)) // this one will fail: the room is full
		time.Sleep(2 * time.Second)
		ann.Post(post(2, "lobby", 0))
		time.Sleep(2 * time.Second)
		release()
		ann.take()
		w.stream.Bound(0)
		time.Sleep(6 * time.Second) // the first post would no longer count; the second still does
		ann.Post(post(3, "lobby", 0))
		ann.take()
		ann.Post(post(4, "lobby", 0))
		if got := next[wire.Refused](t, ann); got.RetryMS != 2000 {
			t.Errorf("refused = %+v, want rate after 2000 ms", got)
		}
	})
}

func TestStats(t *testing.T) {
	bubble(t, testConfig, func(t *testing.T, w world) {
		ann, ben := w.in(t, "ann", "lobby", "tea"), w.in(t, "ben", "lobby")
		before := w.Stats()
		if before.Rooms != 2 || before.Messages != 0 || before.Accepted != 0 || len(before.Refused) != len(wire.RefusedCodes)+1 {
			t.Errorf("stats at first = %+v", before)
		}
		ann.Post(post(1, "lobby", time.Second))
		ann.Post(post(2, "tea", time.Minute))
		ann.Post(post(2, "tea", time.Minute))
		ben.Post(post(1, "No!", 0))
		ben.Post(wire.Post{ID: id(3), Room: "lobby", Text: " "})
		ben.Refuse(wire.Refused{Re: "post", Code: "newer than this"}, 0)
		ann.take()
		got := w.Stats()
		if got.Messages != 2 || got.Bytes < 200 || got.Accepted != 2 || got.Repeated != 1 || got.Deliveries != 3 || got.Expired != 0 {
			t.Errorf("stats = %+v, want 2 messages, 2 accepted, 1 repeated, 3 deliveries", got)
		}
		for code, n := range got.Refused {
			want := map[wire.Code]int64{wire.CodeRoom: 1, wire.CodeText: 1, hub.CodeOther: 1}[code]
			if n != want {
				t.Errorf("refused %s %d times, want %d", code, n, want)
			}
		}
		time.Sleep(time.Second)
		ann.take()
		if got := w.Stats(); got.Messages != 1 || got.Expired != 1 || got.Deliveries != 5 {
			t.Errorf("stats a second later = %+v, want 1 message, 1 expired, 5 deliveries", got)
		}
		ann.Close()
		ben.Close()
		time.Sleep(2 * time.Minute)
		if got := w.Stats(); got.Rooms != 0 || got.Messages != 0 || got.Bytes != 0 || got.Accepted != 2 {
			t.Errorf("stats once all left = %+v, want no room", got)
		}
	})
}
