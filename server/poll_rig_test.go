package server_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"mayfly/shared/wire"
)

const pollType = "application/x-ndjson"

// poller sends polls as one device does, over connections that it uses again.
type poller struct {
	t    *testing.T
	http *http.Client
	url  string
}

// poller returns a poller whose address is addr.
func (h *house) poller(t *testing.T, addr string) *poller {
	t.Helper()
	transport := &http.Transport{DialContext: h.Dialer(addr)}
	t.Cleanup(transport.CloseIdleConnections)
	return &poller{t, &http.Client{Transport: transport}, "http://localhost/poll?token=" + secret}
}

// answer is the answer to a poll, and how long it took.
type answer struct {
	t      *testing.T
	status int
	header http.Header
	frames []wire.Frame
	body   string
	took   time.Duration
}

// poll sends frames and returns the answer to them.
func (p *poller) poll(frames ...wire.Frame) answer {
	p.t.Helper()
	var encoded [][]byte
	for _, f := range frames {
		encoded = append(encoded, wire.Encode(f))
	}
	return p.send(string(wire.Batch(encoded...)))
}

// start does what poll does, but does not wait for the answer, which comes on the channel.
func (p *poller) start(frames ...wire.Frame) <-chan answer {
	answers := make(chan answer, 1)
	go func() { answers <- p.poll(frames...) }()
	return answers
}

func (p *poller) send(body string) answer {
	p.t.Helper()
	return p.do("POST", strings.NewReader(body), http.Header{"Content-Type": {pollType}})
}

// do sends a request and returns the answer, which must be complete.
func (p *poller) do(method string, body io.Reader, header http.Header) answer {
	p.t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), method, p.url, body)
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header = header
	began := time.Now()
	resp, err := p.http.Do(req)
	if err != nil {
		p.t.Errorf("%s: %v", method, err)
		return answer{t: p.t}
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Errorf("the answer is cut off: %v", err)
	}
	a := answer{t: p.t, status: resp.StatusCode, header: resp.Header, body: string(b), took: time.Since(began)}
	if resp.StatusCode == http.StatusOK {
		if !strings.HasSuffix(a.body, "\n") || strings.Contains(a.body, "\n\n") || resp.Header.Get("Content-Type") != pollType {
			p.t.Errorf("%q of type %q is not one frame a line", a.body, resp.Header.Get("Content-Type"))
		}
		for line := range strings.Lines(a.body) {
			f, err := wire.Decode([]byte(line))
			if err != nil {
				p.t.Errorf("the server sent %q: %v", line, err)
			}
			a.frames = append(a.frames, f)
		}
	}
	return a
}

// kinds returns the names of the frames in an answer, those of refusals and byes with their code.
func (a answer) kinds() string {
	var kinds []string
	for _, f := range a.frames {
		kind := wire.Kind(f)
		switch f := f.(type) {
		case wire.Refused:
			kind += ":" + string(f.Code)
		case wire.Bye:
			kind += ":" + string(f.Code)
		}
		kinds = append(kinds, kind)
	}
	return strings.Join(kinds, " ")
}

// want compares the names of the frames in an answer with kinds, and the time until it came with took.
func (a answer) want(kinds string, took time.Duration) {
	a.t.Helper()
	if a.status != http.StatusOK || a.kinds() != kinds || a.took != took {
		a.t.Errorf("%d after %s: %s\n%s\nwant 200 after %s: %s", a.status, a.took, a.kinds(), a.body, took, kinds)
	}
}

// frame returns the only frame of type F in an answer.
func frame[F wire.Frame](a answer) F {
	a.t.Helper()
	var found []F
	for _, f := range a.frames {
		if f, ok := f.(F); ok {
			found = append(found, f)
		}
	}
	if len(found) != 1 {
		a.t.Fatalf("%d %T in %s", len(found), *new(F), a.body)
	}
	return found[0]
}

// asGuest returns the hello of a guest who joins rooms without a cursor.
func asGuest(guest string, rooms ...string) wire.Hello {
	hello := wire.Hello{Guest: &guest}
	for _, room := range rooms {
		hello.Rooms = append(hello.Rooms, wire.Join{Room: room})
	}
	return hello
}

// resumed returns hello with the cursor seq in each room.
func resumed(hello wire.Hello, seq int64) wire.Hello {
	rooms := hello.Rooms
	hello.Rooms = nil
	for _, j := range rooms {
		hello.Rooms = append(hello.Rooms, wire.Join{Room: j.Room, Cursor: &wire.Cursor{Epoch: "memory", Seq: seq}})
	}
	return hello
}

// waiting returns hello with a wait_ms.
func waiting(hello wire.Hello, d time.Duration) wire.Hello {
	hello.Wait = new(d.Milliseconds())
	return hello
}
