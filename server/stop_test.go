package server_test

import (
	"bufio"
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/server/servertest"
	"mayfly/server/stream/streamtest"
	"mayfly/shared/wire"
)

// overall is the longest time of a stop: a moment less than in cmd/mayfly. There a stop takes a moment before it tells the
// connections to end, so its time is always over before theirs.
const overall = 30*time.Second - time.Millisecond

// fill stores n messages in the lobby, each of 4,000 characters.
func (h *house) fill(n int) {
	for i := range n {
		now := time.Now()
		h.stream.AppendMessage("lobby", wire.Message{ID: fmt.Sprint(i), Text: strings.Repeat("x", wire.MaxText), At: now.UnixMilli(), Expires: now.Add(time.Hour).UnixMilli()})
	}
}

// member returns a client in the lobby, whose cable holds that many bytes.
func (h *house) member(t *testing.T, holds int) *bareClient {
	t.Helper()
	c := upgrade(t, h.plug(t, holds))
	c.send(asGuest(annS, "lobby"))
	for {
		message, _, err := c.next()
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(message), `"joined"`) {
			return c
		}
	}
}

// closing calls Close, and returns a channel that gets its result.
func (h *house) closing(t *testing.T) <-chan error {
	t.Helper()
	closed := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), overall)
		defer cancel()
		closed <- h.Close(ctx)
	}()
	synctest.Wait()
	return closed
}

// TestStopWaitsForAClientThatReadsSlowly: a client that reads slowly gets everything, then bye, and then the close, as
// long as it takes bytes.
func TestStopWaitsForAClientThatReadsSlowly(t *testing.T) {
	bubble(t, nil, func(t *testing.T, h *house) {
		const messages = 50 // 200 KB
		c := h.member(t, 4<<10)
		h.fill(messages)
		closed := h.closing(t)
		began := time.Now()
		c.r = bufio.NewReaderSize(slowReader{c.conn, 1000, 100 * time.Millisecond}, 1000) // 20 s
		frames, code := c.readToEnd()
		c.conn.Close()
		wantEnd(t, frames, code, wire.CodeRestart)
		if len(frames) != messages+1 {
			t.Errorf("got %d messages before the goodbye, want %d", len(frames)-1, messages)
		}
		if err := <-closed; err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took < 20*time.Second {
			t.Errorf("it took %s: the client was not slow", took)
		}
	})
}

// TestStopWaitsForAPollThatReadsSlowly checks the same for a poll.
func TestStopWaitsForAPollThatReadsSlowly(t *testing.T) {
	bubble(t, nil, func(t *testing.T, h *house) {
		h.fill(60)
		conn := h.plug(t, 4<<10)
		hello := string(wire.Encode(waiting(asGuest(annS, "lobby"), 25*time.Second)))
		fmt.Fprintf(conn, "POST /poll HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", pollType, len(hello), hello)
		time.Sleep(time.Second) // the poll has begun to answer
		closed := h.closing(t)
		body := readAnswer(t, slowReader{conn, 1000, 80 * time.Millisecond}, 200) // 20 s
		conn.Close()
		if !strings.Contains(body, `"type":"joined"`) || strings.Count(body, `"seq":`) != 60 || !strings.HasSuffix(body, "}\n") {
			t.Errorf("the answer has %d bytes and %d messages, want it whole", len(body), strings.Count(body, `"seq":`))
		}
		if err := <-closed; err != nil {
			t.Error(err)
		}
	})
}

// TestStopWaitsForAStreamThatAnswersLate: messages that the stream accepts late reach every member before bye.
func TestStopWaitsForAStreamThatAnswersLate(t *testing.T) {
	bubble(t, nil, func(t *testing.T, h *house) {
		c, other := h.member(t, 64<<10), h.member(t, 64<<10)
		release := h.stream.Hold()
		c.send(post(1, "lobby"))
		synctest.Wait()
		closed := h.closing(t)
		time.Sleep(4 * time.Second)
		release()
		for client, want := range map[*bareClient]string{c: "accepted posted bye:restart", other: "posted bye:restart"} {
			frames, code := client.readToEnd()
			client.conn.Close()
			wantEnd(t, frames, code, wire.CodeRestart)
			if got := (answer{frames: frames}).kinds(); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		}
		if err := <-closed; err != nil {
			t.Error(err)
		}
	})
}

// TestStopLeavesTimeForTheGoodbyes: a stream that makes slow progress does not use up the time for the goodbyes.
func TestStopLeavesTimeForTheGoodbyes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const posts, every = 10, 4 * time.Second
		slow := &streamtest.Slow{Memory: streamtest.NewMemory(), Every: every}
		s := servertest.StartInMemory(t, servertest.Options{Stream: slow})
		h := &house{Server: s, stream: slow.Memory, metrics: s.Metrics, logs: s.Log, wall: &s.Wall, stop: s.Stop}
		c := h.member(t, 64<<10)
		for i := range posts {
			c.send(post(i+1, "lobby"))
		}
		synctest.Wait()
		closed := h.closing(t)
		frames, code := c.readToEnd()
		c.conn.Close()
		wantEnd(t, frames, code, wire.CodeRestart)
		if n := len(frames) / 2; n == 0 || n >= posts { // each message has an accepted and a posted
			t.Errorf("the stream answered %d of %d posts before the goodbye, want some", n, posts)
		}
		if err := <-closed; err == nil || strings.Contains(err.Error(), "were cut") {
			t.Errorf("Close = %v, want an error about posts that were not answered, and no connection cut", err)
		}
		time.Sleep(posts * every)
		h.stop()
	})
}

// TestStopGivesUpAStreamThatStandsStill: if the stream makes no progress, the stop goes on and returns an error. From
// then on no message is accepted, so its author sends it to the next server.
func TestStopGivesUpAStreamThatStandsStill(t *testing.T) {
	bubble(t, nil, func(t *testing.T, h *house) {
		c := h.member(t, 64<<10)
		release := h.stream.Hold()
		c.send(post(1, "lobby"))
		synctest.Wait()
		closed := h.closing(t)
		frames, code := c.readToEnd()
		release()
		c.conn.Close()
		wantEnd(t, frames, code, wire.CodeRestart)
		if len(frames) != 1 {
			t.Errorf("got %s, want nothing but bye", answer{frames: frames}.kinds())
		}
		if err := <-closed; err == nil || !strings.Contains(err.Error(), "the stream") {
			t.Errorf("Close = %v, want an error that names the stream", err)
		}
	})
}

// TestStopGivesUpAClientThatTakesNothing: the stop cuts a client that takes no bytes, and no other client.
func TestStopGivesUpAClientThatTakesNothing(t *testing.T) {
	bubble(t, nil, func(t *testing.T, h *house) {
		stuck, fine := h.member(t, 4<<10), h.member(t, 64<<10)
		h.fill(10)
		closed := h.closing(t)
		frames, code := fine.readToEnd()
		fine.conn.Close()
		wantEnd(t, frames, code, wire.CodeRestart)
		if len(frames) != 11 {
			t.Errorf("got %d messages, want 10", len(frames)-1)
		}
		began := time.Now()
		if err := <-closed; err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took < 9*time.Second || took > 15*time.Second {
			t.Errorf("it was given up after %s, want 10 to 15 s", took)
		}
		if !stuck.conn.(*cableEnd).other().isClosed() {
			t.Error("its connection is still open")
		}
	})
}

// TestStopHasAnEnd: a stop ends in time, even with a client that takes its bytes as slowly as it may.
func TestStopHasAnEnd(t *testing.T) {
	bubble(t, nil, func(t *testing.T, h *house) {
		c := h.member(t, 1<<10)
		h.fill(10)
		began := time.Now()
		closed := h.closing(t)
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			drips := slowReader{c.conn, 1, 5 * time.Second}
			for err := error(nil); err == nil; {
				_, err = drips.Read(make([]byte, 1))
			}
		}()
		if err := <-closed; err == nil || !strings.Contains(err.Error(), "were cut") {
			t.Errorf("Close = %v, want an error that says what was cut", err)
		}
		if took := time.Since(began); took != overall {
			t.Errorf("Close took %s, want %s", took, overall)
		}
		c.conn.Close()
		<-ended
	})
}

// TestUpgradeWhileStopping: an upgrade begins just before the stop and is done just after it. That connection gets a bye,
// like the others.
func TestUpgradeWhileStopping(t *testing.T) {
	bubble(t, nil, func(t *testing.T, h *house) {
		conn := h.plug(t, 400)
		h.holdUp(t, conn)
		closed := h.closing(t)
		conn.mu.Lock()
		conn.in = nil // removes the bytes that held up the answer
		conn.moved.Broadcast()
		conn.mu.Unlock()
		c := upgraded(t, conn)
		frames, code := c.readToEnd()
		c.conn.Close()
		wantEnd(t, frames, code, wire.CodeRestart)
		if err := <-closed; err != nil {
			t.Error(err)
		}
	})
}

// holdUp requests an upgrade on conn, which is full, so that the answer must wait.
func (h *house) holdUp(t *testing.T, conn *cableEnd) {
	t.Helper()
	conn.mu.Lock()
	conn.in = make([]byte, conn.holds)
	conn.mu.Unlock()
	go func() { _, _ = conn.Write([]byte(upgradeRequest)) }()
	synctest.Wait()
}
