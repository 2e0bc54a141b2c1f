package measure_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"mayfly/app/client"
	"mayfly/cmd/mayfly/e2e/rig"
	"mayfly/shared/wire"
)

const (
	expiringRooms = 10
	perRoom       = 100_000
	expiringLife  = 7 * time.Minute  // of the first messages; posting takes less
	expiringTime  = 50 * time.Second // between the deadlines of the first messages and the last ones
)

// TestDeliveriesWhileAMillionExpire posts a million messages of 100 characters in ten rooms, which all expire within
// expiringTime. It prints how much memory a message takes, and how long messages in another room are on their way: before
// the first of the million expires, and while they expire.
func TestDeliveriesWhileAMillionExpire(t *testing.T) {
	server := rig.Serve(t, "-rate", "1000000/1s", "-ttl", (2 * expiringLife).String(),
		"-room-messages", fmt.Sprint(2*perRoom), "-room-bytes", "64MiB", "-stream-bytes", "8GiB")
	before, began := resident(t, server.Pid()), time.Now()
	var posting sync.WaitGroup
	firsts, lasts := make([]int64, expiringRooms), make([]int64, expiringRooms)
	for i := range expiringRooms {
		r := rig.DialAnd(t, server, fmt.Sprint("full-", i))
		posting.Go(func() { firsts[i], lasts[i] = fillRoom(t, r, fmt.Sprint("full-", i), began.Add(expiringLife)) })
	}
	posting.Wait()
	if t.Failed() {
		return
	}
	took, grown := time.Since(began), resident(t, server.Pid())-before
	first, last := time.UnixMilli(slices.Min(firsts)), time.UnixMilli(slices.Max(lasts))
	if !time.Now().Before(first) {
		t.Fatalf("posting took %s, want it to end before the first message expires", took)
	}
	const all = expiringRooms * perRoom
	t.Logf("%d messages in %.0f s, %d bytes of memory each", all, took.Seconds(), grown/all)

	peace, expiry := deliveries(t, server, first, last)
	late := rig.Dial(t, server)
	late.Hello(client.NewGuest(), wire.Join{Room: "full-0"})
	if j := rig.Next[wire.Joined](late); len(j.Messages) > 0 {
		t.Errorf("%d messages have not expired", len(j.Messages))
	}
	t.Logf("before they expire: %s", spread(peace))
	t.Logf("while %.0f a second expire: %s", all/last.Sub(first).Seconds(), spread(expiry))
}

// fillRoom posts perRoom messages, with 1,000 unanswered ones at most. They expire one after the other, from the given time
// on and within expiringTime. It returns the first and the last deadline, in Unix milliseconds.
func fillRoom(t *testing.T, r *rig.Raw, room string, from time.Time) (first, last int64) {
	unanswered := make(chan struct{}, 1000)
	go func() {
		for n := range perRoom {
			unanswered <- struct{}{}
			ttl := time.Until(from.Add(expiringTime * time.Duration(n) / perRoom))
			p := wire.Post{ID: uuid.NewString(), Room: room, Text: fmt.Sprintf("%0100d", n), TTL: ttl.Milliseconds()}
			if err := r.TrySend(p); err != nil {
				t.Error(err)
				return
			}
		}
	}()
	accepted := 0
	for accepted < perRoom && !t.Failed() {
		a := rig.Next[wire.Accepted](r)
		if accepted++; first == 0 {
			first = a.Expires
		}
		first, last = min(first, a.Expires), max(last, a.Expires)
		<-unanswered
	}
	return first, last
}

// deliveries posts a message every 20 ms until the time last, and returns in order how long each was on its way to another
// member: those that were posted before the time first, and the others.
func deliveries(t *testing.T, server *rig.Server, first, last time.Time) (before, after []time.Duration) {
	from, to := rig.DialAnd(t, server, "quiet"), rig.DialAnd(t, server, "quiet")
	go from.Each(func(wire.Frame) {}) //nolint:errcheck // the connection ends with the test
	var mu sync.Mutex                 // guards sent
	sent := map[string]time.Time{}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		every := time.NewTicker(20 * time.Millisecond)
		defer every.Stop()
		for now := range every.C {
			id := uuid.NewString()
			mu.Lock()
			sent[id] = time.Now()
			mu.Unlock()
			if err := from.TrySend(wire.Post{ID: id, Room: "quiet", Text: "a message"}); err != nil || now.After(last) {
				return
			}
		}
	}()
	for done := false; !done; {
		p := rig.Next[wire.Posted](to)
		mu.Lock()
		at := sent[p.ID]
		mu.Unlock()
		if took := time.Since(at); at.Before(first) {
			before = append(before, took)
		} else {
			after = append(after, took)
		}
		done = at.After(last) || t.Failed()
	}
	<-ended
	slices.Sort(before)
	slices.Sort(after)
	return before, after
}

// spread describes durations, which are in order.
func spread(all []time.Duration) string {
	at := func(share float64) float64 { return float64(all[int(share*float64(len(all)-1))].Microseconds()) / 1000 }
	return fmt.Sprintf("%d messages, median %.1f ms, 99 %% %.1f ms, worst %.1f ms", len(all), at(0.5), at(0.99), at(1))
}
