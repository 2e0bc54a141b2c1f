package server_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/server"
	"mayfly/server/servertest"
	"mayfly/shared/wire"
)

// These tests are about polls as HTTP requests: on connections that are slow, cut off or used again.

// raw sends a poll over a connection of its own. Its header says that the body has length bytes.
func (h *house) raw(t *testing.T, body string, length int) net.Conn {
	t.Helper()
	line, err := h.Dialer(home)(t.Context(), "", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { line.Close() })
	if _, err := fmt.Fprintf(line, "POST /poll HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", pollType, length, body); err != nil {
		t.Fatal(err)
	}
	synctest.Wait()
	return line
}

// metric returns the value of a metric of h.
func (h *house) metric(t *testing.T, name, label string) float64 {
	t.Helper()
	synctest.Wait()
	return servertest.Metric(t, h.metrics, name, label)
}

// TestPollNeverHoldsWhatExpired: the client pauses while it reads the answer to a poll. Messages that expire during the
// pause are not in the rest of the answer.
func TestPollNeverHoldsWhatExpired(t *testing.T) {
	bubble(t, nil, func(t *testing.T, h *house) {
		for i := range 200 {
			now := time.Now()
			h.stream.AppendMessage("lobby", wire.Message{ID: fmt.Sprint(i), Text: strings.Repeat("x", 1000), At: now.UnixMilli(), Expires: now.Add(5 * time.Second).UnixMilli()})
		}
		// each room has 200 KiB, so the answer begins before all rooms are joined
		rooms := asGuest(annS, "lobby", "lobby", "lobby")
		hello := string(wire.Encode(waiting(rooms, 0)))
		line := h.raw(t, hello, len(hello))
		time.Sleep(9 * time.Second)
		resp, err := http.ReadResponse(bufio.NewReader(line), nil)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		joined := 0
		for l := range strings.Lines(string(body)) {
			f, err := wire.Decode([]byte(l))
			if err != nil {
				t.Fatalf("%s: %v", l, err)
			}
			if j, ok := f.(wire.Joined); ok {
				if joined++; joined > 1 && len(j.Messages) > 0 {
					t.Errorf("joined %d has %d messages that had expired", joined, len(j.Messages))
				}
			}
		}
		if joined != len(rooms.Rooms) {
			t.Errorf("%d joined, want %d", joined, len(rooms.Rooms))
		}
	})
}

// TestPollOfManyFullRooms: an answer that is larger than a queue is still complete.
func TestPollOfManyFullRooms(t *testing.T) {
	bubble(t, nil, func(t *testing.T, h *house) {
		var rooms []string
		for i := range 8 {
			room := fmt.Sprintf("room-%d", i)
			rooms = append(rooms, room)
			for k := range 60 {
				h.stream.AppendMessage(room, wire.Message{ID: fmt.Sprint(k), Text: strings.Repeat("x", wire.MaxText), At: time.Now().UnixMilli(),
					Expires: time.Now().Add(time.Hour).UnixMilli()})
			}
		}
		a := h.poller(t, home).poll(waiting(asGuest(annS, rooms...), 0))
		a.want("welcome"+strings.Repeat(" joined", len(rooms)), moment)
		for _, f := range a.frames[1:] {
			if j := f.(wire.Joined); len(j.Messages) != 60 {
				t.Errorf("%s has %d messages, want 60", j.Room, len(j.Messages))
			}
		}
	})
}

// TestPollReaderThatStops: a client that stops reading the answer keeps its slot only for a limited time.
func TestPollReaderThatStops(t *testing.T) {
	bubble(t, nil, func(t *testing.T, h *house) {
		for i := range 100 {
			h.stream.AppendMessage("lobby", wire.Message{ID: fmt.Sprint(i), Text: strings.Repeat("x", wire.MaxText), At: time.Now().UnixMilli(),
				Expires: time.Now().Add(time.Hour).UnixMilli()})
		}
		hello := string(wire.Encode(waiting(asGuest(annS, "lobby"), 0)))
		h.raw(t, hello, len(hello))
		time.Sleep(9 * time.Second)
		if n := h.metric(t, "mayfly_polls", ""); n != 1 {
			t.Errorf("%v polls after 9 s, want 1", n)
		}
		time.Sleep(2 * time.Second)
		if n := h.metric(t, "mayfly_connections", ""); n != 0 {
			t.Errorf("%v places are taken after 11 s, want none", n)
		}
	})
}

// TestPollWhoseReaderStopsDoesNotHoldUpTheStop: a client that does not read the answer to its poll cannot make the stop
// of the server take longer than allowed.
func TestPollWhoseReaderStopsDoesNotHoldUpTheStop(t *testing.T) {
	bubble(t, nil, func(t *testing.T, h *house) {
		for i := range 100 {
			h.stream.AppendMessage("lobby", wire.Message{ID: fmt.Sprint(i), Text: strings.Repeat("x", wire.MaxText), At: time.Now().UnixMilli(),
				Expires: time.Now().Add(time.Hour).UnixMilli()})
		}
		hello := string(wire.Encode(waiting(asGuest(annS, "lobby"), 0)))
		h.raw(t, hello, len(hello))
		time.Sleep(time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		began := time.Now()
		if err := h.Close(ctx); err == nil {
			t.Error("Close says that all ended in time")
		}
		if took := time.Since(began); took != 3*time.Second {
			t.Errorf("Close took %s, want 3 s", took)
		}
	})
}

// TestPollWhoseBodyNeverComes: the body of a poll never comes completely. The client gets a bye with the code timeout,
// unless it has closed the connection. In each case the slot is free again.
func TestPollWhoseBodyNeverComes(t *testing.T) {
	hello := string(wire.Encode(asGuest(annS)))
	for _, tt := range []struct {
		name   string
		happen func(line net.Conn)
		after  time.Duration
		want   string
	}{
		{"silence", func(net.Conn) {}, 10 * time.Second, `"type":"bye","code":"timeout"`},
		{"drops", func(line net.Conn) {
			for range 9 {
				time.Sleep(time.Second)
				_, _ = io.WriteString(line, " ")
			}
		}, 10 * time.Second, `"type":"bye","code":"timeout"`},
		{"cut off", func(line net.Conn) { line.Close() }, 0, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, nil, func(t *testing.T, h *house) {
				began := time.Now()
				line := h.raw(t, hello, len(hello)+100)
				tt.happen(line)
				answer, _ := io.ReadAll(line)
				if !strings.Contains(string(answer), tt.want) || tt.want != "" && !strings.HasPrefix(string(answer), "HTTP/1.1 200 ") {
					t.Errorf("answered %q, want %s", answer, tt.want)
				}
				if n := h.metric(t, "mayfly_connections", ""); n != 0 {
					t.Errorf("%v places are taken, want none", n)
				}
				if took := time.Since(began).Truncate(time.Second); took != tt.after {
					t.Errorf("it took %s, want %s", took, tt.after)
				}
			})
		})
	}
}

// TestPollOfWhoeverIsGone: a poll ends at once when its client has gone, at any point. What the client has posted stays
// posted.
func TestPollOfWhoeverIsGone(t *testing.T) {
	bubble(t, nil, func(t *testing.T, h *house) {
		hello := string(wire.Encode(resumed(asGuest(annS, "lobby"), 0)))
		for _, cutOff := range []string{hello, hello + "\n" + string(wire.Encode(post(1, "lobby")))} {
			release := h.stream.Hold()
			line := h.raw(t, cutOff, len(cutOff))
			if n := h.metric(t, "mayfly_polls", ""); n != 1 {
				t.Errorf("%v polls, want 1", n)
			}
			line.Close()
			if n := h.metric(t, "mayfly_connections", ""); n != 0 {
				t.Errorf("%v places are taken, want none", n)
			}
			release()
		}
		if a := h.poller(t, home).poll(waiting(asGuest(annS, "lobby"), 0), post(1, "lobby")); !frame[wire.Accepted](a).Repeat {
			t.Errorf("sent again: %s, want a repeat", a.body)
		}
		if b := h.metric(t, "mayfly_byes_total", "protocol") + h.metric(t, "mayfly_byes_total", "timeout"); b != 0 {
			t.Errorf("%v goodbyes to nobody", b)
		}
	})
}

// TestPollLeavesTheLineAsItWas: the deadlines of a poll do not apply to the next request on the same connection.
func TestPollLeavesTheLineAsItWas(t *testing.T) {
	bubble(t, func(c *server.Config) {
		c.Pages = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(readTimeout / 2)
			_, _ = io.Copy(w, r.Body)
		})
	}, func(t *testing.T, h *house) {
		dials := 0
		dial := h.Dialer(home)
		transport := &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			dials++
			return dial(ctx, network, addr)
		}}
		t.Cleanup(transport.CloseIdleConnections)
		p := &poller{t, &http.Client{Transport: transport}, "http://localhost/poll"}
		for range 3 {
			p.poll(resumed(asGuest(annS, "lobby"), 0)).want("welcome joined", 25*time.Second)
			resp, err := p.http.Post("http://localhost/", "text/plain", strings.NewReader("echo"))
			if err != nil {
				t.Fatal(err)
			}
			echo, err := io.ReadAll(resp.Body)
			if resp.Body.Close(); string(echo) != "echo" {
				t.Errorf("the page says %q, %v", echo, err)
			}
		}
		if dials != 1 {
			t.Errorf("%d lines, want one for all", dials)
		}
	})
}

// TestPollMetrics: polls are counted together with sockets, and also by themselves.
func TestPollMetrics(t *testing.T) {
	bubble(t, func(c *server.Config) { c.Conns = 2 }, func(t *testing.T, h *house) {
		p := h.poller(t, home)
		token := h.issuer.Issue("ada", time.Hour)
		hello := resumed(asGuest("", "lobby"), 0)
		hello.Guest, hello.Token = nil, &token
		ends := p.start(hello)
		for _, tt := range []struct {
			name string
			do   func()
			want map[string]float64
		}{
			{"a poll", func() {}, map[string]float64{"mayfly_polls": 1, "mayfly_polls_total": 1, "mayfly_connections": 1,
				"mayfly_connections_signed_in": 1, "mayfly_rooms": 1, "mayfly_users": 1}},
			{"turned away", func() {
				p.do("POST", strings.NewReader(""), http.Header{})
				p.do("POST", strings.NewReader(""), http.Header{"Origin": {"https://evil.example"}})
				p.do("OPTIONS", strings.NewReader(""), http.Header{"Origin": {"https://evil.example"}})
				p.send(strings.Repeat(" ", wire.MaxMessage+1))
			}, map[string]float64{"mayfly_polls_refused_total type": 1, "mayfly_polls_refused_total origin": 2, "mayfly_polls_refused_total size": 1}},
			{"one too many", func() {
				other := p.start(resumed(asGuest(annS), 0))
				synctest.Wait()
				p.poll(asGuest(benS))
				<-other
			}, map[string]float64{"mayfly_polls_refused_total conns": 1, "mayfly_polls": -1, "mayfly_connections": -1,
				"mayfly_connections_signed_in": -1, "mayfly_polls_total": 1, "mayfly_users": 1}},
			{"a goodbye", func() { p.send("hello") }, map[string]float64{"mayfly_byes_total protocol": 1, "mayfly_polls_total": 1}},
			{"an end", func() {
				waits := p.start(resumed(asGuest(annS, "lobby"), 0))
				synctest.Wait()
				h.stop()
				<-waits
			}, map[string]float64{"mayfly_byes_total restart": 1, "mayfly_polls_total": 1}},
		} {
			before := servertest.Gather(t, h.metrics)
			if tt.name == "a poll" {
				before = map[string]float64{}
			}
			tt.do()
			synctest.Wait()
			for series, value := range servertest.Gather(t, h.metrics) {
				if got := value - before[series]; got != tt.want[series] {
					t.Errorf("%s: %s moved by %v, want %v", tt.name, series, got, tt.want[series])
				}
			}
		}
		<-ends
	})
}

// TestPollOverTCP uses real sockets: two clients that poll and one on a WebSocket, at the same time.
func TestPollOverTCP(t *testing.T) {
	n := start(t, 10)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	p := &poller{t, &http.Client{Transport: transport}, n.url + "/poll"}
	socket := n.hello(t, "", "lobby")
	waits := p.start(resumed(asGuest(annS, "lobby"), 0))
	n.until(t, "mayfly_polls", 1)
	a := p.poll(waiting(resumed(asGuest(benS, "lobby"), 0), 0), post(1, "lobby"))
	posted := expect[wire.Posted](socket)
	accepted := frame[wire.Accepted](a)
	if notes := a.notes(); accepted.Seq != posted.Seq || len(notes) > 0 && !reflect.DeepEqual(notes[0], posted.Message) {
		t.Errorf("the author got %s, the socket %+v", a.body, posted)
	}
	notes := (<-waits).notes()
	for len(notes) == 0 { // an earlier poll may have ended before the message came
		notes = p.poll(resumed(asGuest(annS, "lobby"), 0)).notes()
	}
	if len(notes) != 1 || !reflect.DeepEqual(notes[0], posted.Message) {
		t.Errorf("the user who waited got %+v, want %+v", notes, posted.Message)
	}
	socket.send(post(2, "lobby"))
	for notes = nil; len(notes) == 0; {
		notes = p.poll(resumed(asGuest(annS, "lobby"), posted.Seq)).notes()
	}
	if len(notes) != 1 || notes[0].Text != "note 2" {
		t.Errorf("the socket's post came as %+v", notes)
	}
}

// notes returns the messages in an answer. All of them must be after the cursor.
func (a answer) notes() (notes []wire.Message) {
	for _, f := range a.frames {
		switch f := f.(type) {
		case wire.Joined:
			notes = append(notes, f.Messages...)
		case wire.Posted:
			notes = append(notes, f.Message)
		}
	}
	return notes
}
