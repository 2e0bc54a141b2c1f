package network_test

import (
	"errors"
	"flag"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"mayfly/app/client"
	"mayfly/cmd/mayfly/e2e/rig"
	"mayfly/shared/wire"
)

// heap returns the bytes of the server's live heap, after a collection.
func heap(t *testing.T, admin string) int64 {
	t.Helper()
	rig.Get(t, "http://"+admin+"/debug/pprof/heap?gc=1")
	return int64(rig.Scrape(t, admin)["go_memstats_heap_alloc_bytes"])
}

// untilMetric waits until ok returns true for the value of a metric of the server.
func untilMetric(t *testing.T, admin, series string, ok func(value float64) bool) {
	t.Helper()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for timeout := time.After(rig.Timeout); ; {
		value := rig.Scrape(t, admin)[series]
		if ok(value) {
			return
		}
		select {
		case <-again.C:
		case <-timeout:
			t.Fatalf("%s is %g", series, value)
		}
	}
}

var posts = flag.Int("posts", 4000, "messages that are posted while a reader has stopped; more if it is connected after that")

// TestReaderThatStops posts messages while one member reads nothing. The server must drop that member and everything that
// waited for it, and deliver the messages to everyone else. The messages are long, so that one burst is larger than the
// system's own buffers for the stalled reader. Between two bursts all messages expire, so the server's memory depends on
// the number of messages in a burst, and not on the speed of the machine.
func TestReaderThatStops(t *testing.T) {
	t.Parallel()
	const (
		size  = 3900 // bytes of a text
		burst = 2000
		// One in this many messages lives on. The author posts further messages only when the author and the witness have
		// read that one, so these two are never slow.
		lasts = 50

		maxGrowth = 64 << 20 // by how much the live heap may have grown at the end of a burst
		maxKept   = 5 << 20  // by how much it may have grown once all messages have expired
		ofEach    = 300      // bytes that each message leaves for a while: its id, by which the server recognises a repeat
	)
	admin := rig.FreeAddr(t)
	server := rig.Serve(t, "-admin", admin, "-rate", "1000000/1s", "-room-messages", "100000", "-room-bytes", "200MiB",
		"-ttl", "1h")

	stalled := rig.Dial(t, server)
	stalled.Hello(client.NewGuest(), wire.Join{Room: wire.DefaultRoom})
	cursor := rig.Next[wire.Joined](stalled) // the last frame that it reads for a long time
	witness := rig.DialAnd(t, server, wire.DefaultRoom)
	author := rig.DialAnd(t, server, wire.DefaultRoom)

	before := heap(t, admin)
	late, posted := 0, 0
	var most int64
	for ; posted < *posts || rig.Scrape(t, admin)[`mayfly_frames_dropped_total{reason="slow"}`] == 0; posted += burst {
		late += postBurst(t, author, witness, posted, burst, lasts, strings.Repeat("x", size))
		most = max(most, heap(t, admin)-before)
		if most > maxGrowth {
			t.Errorf("after %d messages the live heap has grown by %d bytes, want at most %d", posted+burst, most, maxGrowth)
		}
		if t.Failed() {
			return
		}
		untilMetric(t, admin, "mayfly_live_messages", func(live float64) bool { return int(live) == (posted+burst)/lasts })
	}
	t.Logf("%d messages, of which %d expired before the witness could read them; the live heap was %.1f MiB and grew by at most "+
		"%.1f MiB", posted, late, float64(before)/(1<<20), float64(most)/(1<<20))
	untilMetric(t, admin, "go_memstats_heap_alloc_bytes", func(float64) bool {
		return heap(t, admin)-before <= int64(maxKept+ofEach*posted)
	})

	said, err := stalled.ReadToEnd()
	var closed *wire.ClosedError
	if !errors.As(err, &closed) {
		t.Fatalf("the stalled reader's connection ended with %v, want a close", err)
	}
	if b, ok := said.(wire.Bye); ok && b.Code != wire.CodeSlow {
		t.Errorf("the stalled reader was told %+v, want slow", b)
	}
	again := rig.Dial(t, server)
	again.Hello(client.NewGuest(), wire.Join{Room: wire.DefaultRoom, Cursor: &wire.Cursor{Epoch: cursor.Epoch, Seq: cursor.Head}})
	if j := rig.Next[wire.Joined](again); j.Epoch != cursor.Epoch || j.Head < int64(posted) {
		t.Errorf("it came back to %s, head %d, want epoch %s and all %d", j.Epoch, j.Head, cursor.Epoch, posted)
	}
}

// postBurst lets the author post n messages, numbered from first on, and the witness read them, in order. It returns how
// many expired before the witness could read them: the server does not send these, but every other one must come.
func postBurst(t *testing.T, author, witness *rig.Raw, first, n, lasts int, padding string) (late int) {
	t.Helper()
	expires := make([]time.Time, n) // the index is the message's number minus first
	type gap struct {
		from, to int // the messages that the server left out: indexes from from to to-1
		at       time.Time
	}
	var gaps []gap
	accepted, next, head := 0, 0, int64(0)
	for i := range n {
		p := wire.Post{ID: uuid.NewString(), Room: wire.DefaultRoom, Text: fmt.Sprintf("%d .", first+i)}
		if (first+i+1)%lasts != 0 {
			p.Text, p.TTL = p.Text+padding, (2 * time.Second).Milliseconds()
			author.Send(p)
			continue
		}
		author.Send(p)
		for ; accepted <= i; accepted++ {
			if expires[accepted] = time.UnixMilli(rig.Next[wire.Accepted](author).Expires); t.Failed() {
				return 0
			}
		}
		for next <= i {
			got := rig.Next[wire.Posted](witness)
			var number int
			_, err := fmt.Sscanf(got.Text, "%d ", &number)
			at := number - first
			if err != nil || at < next || at > i || got.Seq <= head {
				t.Errorf("seq %d with number %d came after seq %d, want number %d", got.Seq, number, head, first+next)
				return 0
			}
			if at > next {
				gaps = append(gaps, gap{next, at, time.Now()})
			}
			next, head = at+1, got.Seq
		}
	}
	for _, g := range gaps {
		for i := g.from; i < g.to; i++ {
			if left := expires[i].Sub(g.at); left > 0 {
				t.Errorf("message %d was left out, which had %s to live", first+i, left)
			}
			late++
		}
	}
	return late
}

// TestStopUnderLoad stops the server while 100 clients are connected and some of them post. The server must send every
// accepted message to every client before it says goodbye, because without -data no client can get it later. (e2e/measure
// does the same 20 times with 1,000 clients.)
func TestStopUnderLoad(t *testing.T) {
	t.Parallel()
	rig.StopUnderLoad(t, 100, 20, 500*time.Millisecond)
}
