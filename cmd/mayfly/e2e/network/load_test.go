package network_test

import (
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

// TestStopUnderLoad stops the server while 100 are connected and some of them post. What it has accepted it brings to everyone
// before it says goodbye to them: without -data nobody can be told later. (The same with 1,000, 20 times: e2e/measure.)
func TestStopUnderLoad(t *testing.T) {
	t.Parallel()
	rig.StopUnderLoad(t, 100, 20, 500*time.Millisecond)
}
