package bench

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"mayfly/shared/wire"
)

func TestScanPosted(t *testing.T) {
	const id = "0190a8f0-0000-7000-8000-00000000002a"
	own := wire.Posted{Room: "lobby", Message: wire.Message{Seq: 58, ID: id, Text: `{"type":"posted"}`, User: wire.User{Name: "Ada"}}}
	for _, tt := range []struct {
		name, line string
		ok, decode bool
	}{
		{"as the server writes it", string(wire.Encode(own)), true, true},
		{"another order", `{"type":"posted","seq":58,"room":"lobby","id":"` + id + `"}`, false, true},
		{"white space", `{ "type":"posted","room":"lobby","seq":58,"id":"` + id + `"}`, false, true},
		{"an escaped type", `{"type":"post\u0065d","room":"lobby","seq":58,"id":"` + id + `"}`, false, true},
		{"an escaped room", `{"type":"posted","room":"l\"x","seq":58,"id":"` + id + `"}`, false, true},
		{"a short id", `{"type":"posted","room":"lobby","seq":58,"id":"x"}`, false, true},
		{"cut", `{"type":"posted","room":"lobby","seq":58,"id":"` + id, false, true},
		{"no end of the room", `{"type":"posted","room":"lobby`, false, true},
		{"a seq that is too large", `{"type":"posted","room":"lobby","seq":99999999999999999999,"id":"` + id + `"}`, false, true},
		{"accepted", string(wire.Encode(wire.Accepted{})), false, true},
		{"refused", string(wire.Encode(wire.Refused{})), false, true},
		{"bye", string(wire.Encode(wire.Bye{})), false, true},
		{"presence", string(wire.Encode(wire.Presence{})), false, false},
		{"removed", string(wire.Encode(wire.Removed{})), false, false},
		{"beat", string(wire.Encode(wire.Beat{})), false, false},
		{"empty", "", false, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, ok := scanPosted([]byte(tt.line))
			if ok != tt.ok || worthDecoding([]byte(tt.line)) != tt.decode {
				t.Errorf("scanPosted = %t, worthDecoding = %t, want %t, %t", ok, !tt.decode, tt.ok, tt.decode)
			}
			if ok && (string(p.room) != "lobby" || p.seq != 58 || string(p.id) != id) {
				t.Errorf("scanPosted = %s, %d, %s", p.room, p.seq, p.id)
			}
		})
	}
}

// TestIDs checks that the ids of a run are UUIDs, and are told from all others.
func TestIDs(t *testing.T) {
	r := newRun(Config{Conns: 1, Rooms: 1, Posts: 300, Per: time.Second, Duration: time.Second, Text: 1})
	for _, k := range []int{0, 1, 255, 299} {
		id := r.id(k)
		if n, ok := r.number([]byte(id)); !wire.ValidID(id) || n != k || !ok {
			t.Errorf("number(%s) = %d, %t, want %d; a UUID: %t", id, n, ok, k, wire.ValidID(id))
		}
	}
	for _, id := range []string{r.id(300), r.id(1)[:35], "", newIDPrefix() + "000000000001", r.idPrefix + "00000000000g", r.idPrefix + "-00000000001"} {
		if n, ok := r.number([]byte(id)); ok {
			t.Errorf("number(%s) = %d, want that it is foreign", id, n)
		}
	}
}

func TestHistogram(t *testing.T) {
	var h histogram
	if got := h.times(); got != (Times{}) {
		t.Errorf("of nothing, times = %+v", got)
	}
	for i := 1; i <= 1000; i++ {
		h.add(i, time.Duration(i)*time.Millisecond)
	}
	got := h.times()
	for _, tt := range []struct {
		name      string
		got, want float64
	}{{"median", got.Median, 500}, {"95 %", got.P95, 950}, {"99 %", got.P99, 990}} {
		if tt.got < tt.want || tt.got > tt.want*1.016 {
			t.Errorf("%s = %g, want %g, or at most 1.6 %% more", tt.name, tt.got, tt.want)
		}
	}
	if got.Worst != 1000 {
		t.Errorf("worst = %g, want 1000", got.Worst)
	}
}

// TestBuckets checks that each duration is in a bucket whose bound is above it by less than 1.6 percent.
func TestBuckets(t *testing.T) {
	for us := int64(0); us < 1<<39; us += us/50 + 1 {
		d := time.Duration(us) * time.Microsecond
		b := bucketOf(d)
		if above := upperBound(b) - d; above <= 0 || above > max(time.Microsecond, d*16/1000) {
			t.Fatalf("%s is in bucket %d, which ends at %s", d, b, upperBound(b))
		}
	}
	for _, d := range []time.Duration{-time.Second, 1<<63 - 1} {
		if b := bucketOf(d); b < 0 || b >= len(new(histogram).counts[0]) {
			t.Errorf("%s is in bucket %d, which does not exist", d, b)
		}
	}
}

// TestSocketReads feeds a socket the bytes of a server.
func TestSocketReads(t *testing.T) {
	long, longest := strings.Repeat("x", 5000), strings.Repeat("y", 70_000)
	closing := append(binary.BigEndian.AppendUint16(nil, 4408), "slow"...)
	for _, tt := range []struct {
		name string
		sent [][]byte
		want []string // messages; the last string is the error
	}{
		{"messages of all sizes", [][]byte{frame(fin|opText, ""), frame(fin|opText, "a"), frame(fin|opText, long), frame(fin|opText, longest)},
			[]string{"", "a", long, longest, "EOF"}},
		{"in parts, with a ping and a pong between", [][]byte{frame(opText, "a"), frame(fin|opPing, "p"), frame(opContinuation, "b"),
			frame(fin|opPong, ""), frame(fin|opContinuation, "c"), frame(fin|opText, "d")}, []string{"abc", "d", "EOF"}},
		{"a close", [][]byte{frame(fin|opText, "a"), frame(fin|opClose, string(closing))}, []string{"a", "closed with code 4408: slow"}},
		{"a close without a code", [][]byte{frame(fin|opClose, "")}, []string{"closed with code 1000"}},
		{"half a message", [][]byte{frame(fin|opText, "abc")[:4]}, []string{"unexpected EOF"}},
		{"too long", [][]byte{append([]byte{fin | opText, 127}, 0, 0, 0, 0, 0, 10, 0, 0)}, []string{"over 327680 bytes"}},
		{"far too long", [][]byte{append([]byte{fin | opText, 127}, 255, 255, 255, 255, 255, 255, 255, 255)}, []string{"over 327680 bytes"}},
		{"too long in parts", [][]byte{frame(opText, strings.Repeat("z", 200_000)), frame(fin|opContinuation, strings.Repeat("z", 200_000))},
			[]string{"over 327680 bytes"}},
		{"masked", [][]byte{{fin | opText, masked | 1, 0, 0, 0, 0, 'a'}}, []string{"a masked frame"}},
		{"a long ping", [][]byte{frame(fin|opPing, strings.Repeat("p", 126))}, []string{"a control frame of 126 bytes"}},
		{"binary", [][]byte{frame(fin|2, "a")}, []string{"opcode 2"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := &script{Reader: bytes.NewReader(bytes.Join(tt.sent, nil))}
			s := newSocket(c)
			for _, want := range tt.want[:len(tt.want)-1] {
				if got, err := s.read(); err != nil || string(got) != want {
					t.Fatalf("read = %.20q, %v, want %.20q", got, err, want)
				}
			}
			got, err := s.read()
			if want := tt.want[len(tt.want)-1]; err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("read = %.20q, %v, want %q", got, err, want)
			}
			if pongs := c.wrote.Bytes(); strings.Contains(tt.name, "ping and") != (len(pongs) == 7 &&
				pongs[0] == fin|opPong && pongs[1] == masked|1 && pongs[6]^pongs[2] == 'p') {
				t.Errorf("the socket wrote %v", pongs)
			}
		})
	}
}

// script is a connection on which the server has sent all bytes of Reader.
type script struct {
	net.Conn // nil: the socket calls only the methods below
	io.Reader
	wrote bytes.Buffer
}

func (s *script) Read(b []byte) (int, error)       { return s.Reader.Read(b) }
func (s *script) Write(b []byte) (int, error)      { return s.wrote.Write(b) }
func (s *script) SetWriteDeadline(time.Time) error { return nil }
func (s *script) Close() error                     { return nil }

// frame returns a frame of a server. first is its first byte.
func frame(first byte, payload string) []byte {
	switch n := len(payload); {
	case n < 126:
		return append([]byte{first, byte(n)}, payload...)
	case n < 1<<16:
		return append(binary.BigEndian.AppendUint16([]byte{first, 126}, uint16(n)), payload...)
	default:
		return append(binary.BigEndian.AppendUint64([]byte{first, 127}, uint64(n)), payload...)
	}
}

// TestEndings checks how connections that end without a bye are told apart.
func TestEndings(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want string
	}{
		{io.EOF, "the connection was cut"},
		{fmt.Errorf("read: %w", io.ErrUnexpectedEOF), "the connection was cut"},
		{&wire.ClosedError{Code: 1009}, "closed with code 1009"},
		{&net.OpError{Op: "read", Net: "tcp", Addr: &net.TCPAddr{Port: 7}, Err: errors.New("connection reset by peer")}, "connection reset by peer"},
		{errors.New("the server sent a masked frame"), "the server sent a masked frame"},
	} {
		if got := endOf(tt.err); got != tt.want {
			t.Errorf("endOf(%v) = %q, want %q", tt.err, got, tt.want)
		}
	}
	o := newOutcomes()
	for i := range 100 {
		o.refuse(wire.Refused{Code: wire.CodeRate, Message: fmt.Sprintf("Wait %d ms.", i)})
	}
	if all := sorted(o.refused); len(all) != maxSayings+1 || all[0] != (Count{"rate", "other messages", 100 - maxSayings}) {
		t.Errorf("100 different sentences are %d: %+v", len(all), all)
	}
}

// TestReport pins what people read.
func TestReport(t *testing.T) {
	cpu, perDelivery := 0.871, 2.5
	r := Result{
		Connections: Connections{Wanted: 1000, Opened: 1000, Rooms: 2, Took: 1234, Each: Times{12.34, 99.5, 100.4, 20_100},
			Ended: []Count{{"slow", "Too slow.", 3}}},
		Posts:      Posts{Wanted: 2000, Sent: 1999, PerSecond: 99.96, Accepted: 1500, Unanswered: 1, Refused: []Count{{"rate", "Slow down.", 498}}},
		Deliveries: Deliveries{Wanted: 750_000, Came: 749_990, PerSecond: 74_999.4, Lost: 4, Missed: 6, Doubled: 5, Misplaced: 1, Latency: Times{0.123, 1.2, 3, 4}},
		Processor:  Processor{Generator: &cpu, Server: &cpu, ServerPerDelivery: &perDelivery},
		Notes:      []string{"First note.", "Second note."},
	}
	const want = `connections     1,000 of 1,000, in 2 rooms, all open after 1.23 s
  ended early   3 slow: Too slow.
posted          1,999 of 2,000, 100.0 a second
  accepted      1,500
  refused       498 rate: Slow down.
  unanswered    1
delivered       749,990 of 750,000, 74,999 a second
  lost          4
  doubled       5
  missed        6, by connections that had ended
  misplaced     1, which came after later ones
generator       87 % of a processor
server          87 % of a processor, 2.50 µs a delivery

                            median        95 %        99 %       worst
to connect and join        12.3 ms     99.5 ms      100 ms     20.10 s
from post to delivery      0.12 ms     1.20 ms     3.00 ms     4.00 ms

First note.

Second note.
`
	var b strings.Builder
	if err := r.Print(&b); err != nil || b.String() != want {
		t.Errorf("Print, %v:\n%s\nwant:\n%s", err, &b, want)
	}
	b.Reset()
	if err := (Result{Interrupted: true, Connections: Connections{Wanted: 1}}).Print(&b); err != nil || !strings.Contains(b.String(), "from post to delivery            –") {
		t.Errorf("of nothing, Print, %v:\n%s", err, &b)
	}
}

func TestMessages(t *testing.T) {
	for _, tt := range []struct {
		posts         int
		per, duration time.Duration
		want          int
	}{
		{20, time.Second, 10 * time.Second, 200}, {1, time.Second, time.Millisecond, 1}, {20, 10 * time.Second, 10 * time.Second, 20},
		{3, time.Second, 300 * time.Millisecond, 1}, {10, time.Second, 300 * time.Millisecond, 3}, {10, time.Second, 301 * time.Millisecond, 4},
		{1_000_000, time.Second, time.Second, MaxMessages}, {1_000_000, time.Second, 24 * time.Hour, MaxMessages + 1},
	} {
		if got := (Config{Posts: tt.posts, Per: tt.per, Duration: tt.duration}).Messages(); got != tt.want {
			t.Errorf("%d in %s for %s are %d messages, want %d", tt.posts, tt.per, tt.duration, got, tt.want)
		}
	}
}

// TestProcessorTime checks that the time of a process that works goes up, where the system tells it.
func TestProcessorTime(t *testing.T) {
	before := ownTime()
	if !before.known {
		t.Skip("this system does not tell")
	}
	for ownTime().minus(before).time == 0 {
	}
	if after := timeOf(0); after.known || HasTimeOf(-1) || HasTimeOf(1<<30) {
		t.Error("the processor time of no process is known")
	}
}
