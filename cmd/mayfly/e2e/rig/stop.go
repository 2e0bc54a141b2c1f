package rig

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"mayfly/app/client"
	"mayfly/shared/wire"
)

// heard is what one client received until its connection ended.
type heard struct {
	accepted []int64        // the seqs of the client's own posts that the server accepted
	posted   map[int64]bool // the seqs of all messages that the client got
	last     wire.Frame
	err      error // the error with which the connection ended
}

// StopUnderLoad starts a server and connects clients to one room. posting says how many of them post, and every is the
// time from one post of a client to its next. Then StopUnderLoad stops the server. Every accepted message must reach
// every client before the client gets the bye that tells it when to come back, and no connection may be cut.
func StopUnderLoad(t *testing.T, clients, posting int, every time.Duration) {
	t.Helper()
	server := Serve(t, "-rate", "100000/1s", "-conns-per-ip", fmt.Sprint(2*clients))
	var all []*Raw
	for range clients {
		c := Dial(t, server)
		c.Hello(client.NewGuest(), wire.Join{Room: wire.DefaultRoom})
		all = append(all, c)
	}
	for _, c := range all {
		Next[wire.Joined](c)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var writers, readers sync.WaitGroup
	for i, c := range all[:posting] {
		writers.Go(func() { c.postEvery(ctx, every, i) })
	}
	each := make([]heard, clients)
	loaded := make(chan struct{}) // closed when the first client has got three messages for each posting client
	for i, c := range all {
		readers.Go(func() {
			h := &each[i]
			h.posted = map[int64]bool{}
			h.err = c.Each(func(f wire.Frame) {
				switch f := f.(type) {
				case wire.Accepted:
					h.accepted = append(h.accepted, f.Seq)
				case wire.Posted:
					if h.posted[f.Seq] = true; i == 0 && len(h.posted) == 3*posting {
						close(loaded)
					}
				}
				h.last = f
			})
		})
	}
	select {
	case <-loaded:
	case <-time.After(Timeout):
		t.Error("the clients do not get what others post")
	}
	began := time.Now()
	server.Stop()
	t.Logf("stopped in %s", time.Since(began).Round(time.Millisecond))
	stop()
	writers.Wait()
	readers.Wait()
	judgeStop(t, each)
}

// postEvery posts a message in each interval of the length every, until ctx is done or the connection has ended. client
// is the number of the client; with it the messages' ids differ from those of other clients.
func (r *Raw) postEvery(ctx context.Context, every time.Duration, client int) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		id := fmt.Sprintf("0190a8f0-0000-7000-8000-%06d%06d", client, n)
		if r.TrySend(wire.Post{ID: id, Room: wire.DefaultRoom, Text: "load"}) != nil {
			return
		}
	}
}

// judgeStop fails the test for each client whose connection was cut or that missed a message, and if the server told all
// clients to come back at the same time.
func judgeStop(t *testing.T, each []heard) {
	t.Helper()
	accepted, retries := map[int64]bool{}, map[int64]bool{}
	for _, h := range each {
		for _, seq := range h.accepted {
			accepted[seq] = true
		}
	}
	cut, short := 0, 0
	for i, h := range each {
		var closed *wire.ClosedError
		b, ok := h.last.(wire.Bye)
		if !ok || b.Code != wire.CodeRestart || !errors.As(h.err, &closed) || closed.Code != wire.CloseRestart {
			cut++
			t.Errorf("client %d heard a %T last, then %v", i, h.last, h.err)
		}
		retries[b.RetryMS/100] = true
		missed := 0
		for seq := range accepted {
			if !h.posted[seq] {
				missed++
			}
		}
		if missed > 0 {
			short++
			t.Errorf("client %d was told goodbye without %d of %d messages that were accepted", i, missed, len(accepted))
		}
	}
	if len(retries) < 5 {
		t.Errorf("retry_ms has %d values, in tenths of a second: the clients come back at once", len(retries))
	}
	t.Logf("%d clients, %d messages accepted: %d clients were cut, %d missed a message",
		len(each), len(accepted), cut, short)
}
