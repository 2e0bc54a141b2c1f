package hub_test

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/server/hub"
	"mayfly/shared/wire"
)

// wall is a wall clock that can be set. The monotonic clock is that of the bubble.
type wall struct{ forward atomic.Int64 }

func (w *wall) now() time.Time { return time.Now().Add(time.Duration(w.forward.Load())) }

// set moves the wall clock by d, forward or back.
func (w *wall) set(d time.Duration) { w.forward.Add(int64(d)) }

func TestClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began, wall := time.Now(), &wall{}
		c := hub.NewClock(wall.now)
		want := func(now, ahead time.Duration) {
			t.Helper()
			if got := c.Now().Sub(began); got != now || c.Ahead() != ahead {
				t.Errorf("the clock shows %s and is %s ahead, want %s and %s", got, c.Ahead(), now, ahead)
			}
		}
		want(0, 0)
		time.Sleep(time.Minute)
		want(time.Minute, 0)
		wall.set(-time.Hour)
		want(time.Minute, time.Hour)
		time.Sleep(time.Minute)
		want(2*time.Minute, time.Hour)
		wall.set(30 * time.Minute) // the wall clock is still behind the monotonic clock
		want(2*time.Minute, 30*time.Minute)
		wall.set(2 * time.Hour)
		want(92*time.Minute, 0)
		wall.set(-90 * time.Minute)
		time.Sleep(time.Minute)
		want(93*time.Minute, 90*time.Minute)
		c.AdvanceTo(began.Add(time.Hour))
		want(93*time.Minute, 90*time.Minute)
		c.AdvanceTo(began.Add(2 * time.Hour))
		want(2*time.Hour, 117*time.Minute)
		time.Sleep(time.Second)
		want(2*time.Hour+time.Second, 117*time.Minute)
	})
}

// beat returns the time in the beat that r gets.
func (r *recorder) beat(t *testing.T) time.Time {
	t.Helper()
	r.Beat()
	return time.UnixMilli(next[wire.Beat](t, r).Now)
}

func TestMessageLivesAsLongWhenTheClockIsSetBack(t *testing.T) {
	bubble(t, testConfig, func(t *testing.T, w world) {
		ann := w.in(t, "ann", "lobby")
		ann.Post(post(1, "lobby", 0))
		ann.take()
		before := ann.beat(t)
		time.Sleep(time.Minute)
		w.wall.set(-time.Hour)
		if now := ann.beat(t); now.Sub(before) != time.Minute {
			t.Errorf("a minute later it is %s later", now.Sub(before))
		}
		ann.Post(post(2, "lobby", time.Minute))
		if a := ann.take()[0].(wire.Accepted); a.Expires-a.At != time.Minute.Milliseconds() || a.At != before.Add(time.Minute).UnixMilli() {
			t.Errorf("accepted %+v, want it at %s for a minute", a, before.Add(time.Minute))
		}
		time.Sleep(time.Minute)
		ann.want(t, expired("lobby", 2))
		time.Sleep(3*time.Minute - time.Nanosecond)
		ann.want(t)
		time.Sleep(time.Nanosecond)
		ann.want(t, expired("lobby", 1))
		if j := w.person("ben").join(t, "lobby", nil); len(j.Messages) != 0 {
			t.Errorf("joined %+v, want nothing", j)
		}
	})
}

func TestMessageGoesWhenTheClockIsSetForward(t *testing.T) {
	bubble(t, testConfig, func(t *testing.T, w world) {
		ann := w.in(t, "ann", "lobby")
		ann.Post(post(1, "lobby", 0))
		ann.take()
		w.wall.set(time.Hour)
		if j := w.person("ben").join(t, "lobby", nil); len(j.Messages) != 0 {
			t.Errorf("joined %+v, want nothing", j)
		}
		time.Sleep(time.Second) // Run looks at the clock once a second
		ann.want(t, expired("lobby", 1))
		ann.Post(post(2, "lobby", 0))
		if a := ann.take()[0].(wire.Accepted); a.Expires-ann.beat(t).UnixMilli() != 5*time.Minute.Milliseconds() {
			t.Errorf("accepted %+v, want it to live for 5 min", a)
		}
		w.wall.set(-time.Hour)
		time.Sleep(5*time.Minute - time.Nanosecond)
		ann.want(t)
		time.Sleep(time.Nanosecond)
		ann.want(t, expired("lobby", 2))
	})
}

// TestClockIsNotBehindWhatIsStored: the wall clock was set back, and then the process was restarted. The hub's clock must
// advance to the time of the stored message.
func TestClockIsNotBehindWhatIsStored(t *testing.T) {
	bubble(t, testConfig, func(t *testing.T, w world) {
		at := time.Now().Add(time.Hour).UnixMilli()
		w.stream.AppendMessage("lobby", wire.Message{ID: id(1), At: at, Expires: at + 60_000})
		ann := w.in(t, "ann", "lobby")
		if now := ann.beat(t); now.UnixMilli() != at {
			t.Errorf("it is %s, and a message was posted at %s", now, time.UnixMilli(at))
		}
		time.Sleep(time.Minute)
		ann.want(t, expired("lobby", 1))
	})
}
