package network_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"mayfly/app/session"
	"mayfly/cmd/mayfly/e2e/rig"
	"mayfly/shared/wire"
)

// heap returns the bytes of the server's live heap, after a collection.
func heap(t *testing.T, admin string) int64 {
	t.Helper()
	rig.Get(t, "http://"+admin+"/debug/pprof/heap?gc=1")
	return int64(rig.Scrape(t, admin)["go_memstats_heap_alloc_bytes"])
}

// TestReaderThatStops posts 100,000 messages while one member reads nothing.
func TestReaderThatStops(t *testing.T) {
	t.Parallel()
	const (
		posts     = 100_000
		underWay  = 1000 // posts without an answer
		maxGrowth = 64 << 20
	)
	admin := rig.FreeAddr(t)
	server := rig.Serve(t, "-admin", admin, "-rate", "1000000/1s", "-room-messages", "100000", "-room-bytes", "200MiB", "-ttl", "2s")

	stalled := rig.Dial(t, server)
	stalled.Hello(session.NewGuest(), wire.Join{Room: wire.DefaultRoom})
	cursor := rig.Next[wire.Joined](stalled) // the last thing that it reads for a long time

	witness := rig.Dial(t, server)
	witness.Hello(session.NewGuest(), wire.Join{Room: wire.DefaultRoom})
	rig.Next[wire.Joined](witness)
	author := rig.Dial(t, server)
	author.Hello(session.NewGuest())
	rig.Next[wire.Welcome](author)
	author.Send(wire.Join{Room: wire.DefaultRoom})
	rig.Next[wire.Joined](author)

	before := heap(t, admin)
	var readers sync.WaitGroup
	readers.Go(func() { // everyone else keeps getting them
		last := int64(0)
		for i := range posts {
			p := rig.Next[wire.Posted](witness)
			if p.Seq <= last || p.Text != strconv.Itoa(i) {
				t.Errorf("seq %d with %q after %d, want %d", p.Seq, p.Text, last, i)
				return
			}
			last = p.Seq
		}
	})
	places := make(chan struct{}, underWay)
	readers.Go(func() {
		for range posts {
			rig.Next[wire.Accepted](author)
			<-places
		}
	})
	most := before
	for i := range posts {
		places <- struct{}{}
		author.Send(wire.Post{ID: fmt.Sprintf("0190a8f0-0000-7000-8000-%012d", i), Room: wire.DefaultRoom, Text: strconv.Itoa(i)})
		if i%10_000 == 9_999 {
			most = max(most, heap(t, admin))
		}
	}
	readers.Wait()
	grown := max(most, heap(t, admin)) - before
	t.Logf("the live heap was %.1f MiB and grew by at most %.1f MiB", float64(before)/(1<<20), float64(grown)/(1<<20))
	if grown > maxGrowth {
		t.Errorf("the live heap grew by %d bytes, want at most %d", grown, maxGrowth)
	}

	said, err := stalled.ReadToEnd()
	var closed *wire.ClosedError
	if !errors.As(err, &closed) {
		t.Fatalf("the stalled reader's connection ended with %v, want a close", err)
	}
	if b, ok := said.(wire.Bye); ok && b.Code != wire.CodeSlow {
		t.Errorf("the stalled reader was told %+v, want slow", b)
	}
	again := rig.Dial(t, server)
	again.Hello(session.NewGuest(), wire.Join{Room: wire.DefaultRoom, Cursor: &wire.Cursor{Epoch: cursor.Epoch, Seq: cursor.Head}})
	if j := rig.Next[wire.Joined](again); j.Epoch != cursor.Epoch || j.Head < posts {
		t.Errorf("it came back to %s, head %d, want epoch %s and all %d", j.Epoch, j.Head, cursor.Epoch, posts)
	}
}

// TestStopUnderLoad stops the server while 1,000 are connected and some of them post. What it has accepted it brings to everyone
// before it says goodbye to them: without -data nobody can be told later.
func TestStopUnderLoad(t *testing.T) {
	t.Parallel()
	const (
		people, posting = 1000, 20
		every           = 500 * time.Millisecond // and each one's posts: 40,000 deliveries a second
	)
	server := rig.Serve(t, "-rate", "100000/1s", "-conns-per-ip", "2000")
	var clients []*rig.Raw
	for range people {
		c := rig.Dial(t, server)
		c.Hello(session.NewGuest(), wire.Join{Room: wire.DefaultRoom})
		clients = append(clients, c)
	}
	for _, c := range clients {
		rig.Next[wire.Joined](c)
	}
	ctx, stop := context.WithCancel(t.Context())
	var writers, readers sync.WaitGroup
	for i, c := range clients[:posting] {
		writers.Go(func() {
			ticker := time.NewTicker(every)
			defer ticker.Stop()
			for n := 0; ; n++ {
				select {
				case <-ctx.Done():
					return
				case <-ticker.C:
				}
				if c.TrySend(wire.Post{ID: fmt.Sprintf("0190a8f0-0000-7000-8000-%06d%06d", i, n), Room: wire.DefaultRoom, Text: "load"}) != nil {
					return
				}
			}
		})
	}
	var mu sync.Mutex
	byes := map[wire.Code]int{}
	retries := map[int64]int{}
	accepted := map[int64]bool{}
	var seen [people]map[int64]bool
	for i, c := range clients {
		readers.Go(func() {
			var last wire.Frame
			own, posted := []int64{}, map[int64]bool{}
			err := c.Each(func(f wire.Frame) {
				switch f := f.(type) {
				case wire.Accepted:
					own = append(own, f.Seq)
				case wire.Posted:
					posted[f.Seq] = true
				}
				last = f
			})
			var closed *wire.ClosedError
			b, ok := last.(wire.Bye)
			if !ok || !errors.As(err, &closed) || closed.Code != wire.CloseFor(b.Code) {
				t.Errorf("a client heard %+v last, then %v", last, err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			seen[i] = posted
			for _, seq := range own {
				accepted[seq] = true
			}
			byes[b.Code]++
			retries[b.RetryMS/100]++
		})
	}
	onlooker := rig.DialAnd(t, server, wire.DefaultRoom)
	for range 3 * posting { // the load is on
		rig.Next[wire.Posted](onlooker)
	}
	began := time.Now()
	server.Stop()
	took := time.Since(began)
	stop()
	writers.Wait()
	readers.Wait()
	t.Logf("stopped in %s; byes %v; retry_ms spread over %d tenths of a second; %d posts accepted", took.Round(time.Millisecond), byes, len(retries), len(accepted))
	for i := range seen {
		for seq := range accepted {
			if !seen[i][seq] {
				t.Fatalf("message %d was accepted, and client %d was told goodbye without it", seq, i)
			}
		}
	}
	if took > 15*time.Second {
		t.Errorf("stopping took %s, want at most 15 s", took)
	}
	if byes[wire.CodeRestart] != people || len(retries) < 5 {
		t.Errorf("byes = %v with retry_ms (in 0.1 s) %v, want restart for all, spread", byes, retries)
	}
}
