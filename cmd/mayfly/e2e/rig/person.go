package rig

import (
	"context"
	"sync"
	"testing"
	"time"

	"mayfly/app/client"
	"mayfly/app/client/transport"
	"mayfly/shared/wire"
)

// Person is a user in the lobby, whose client has no screen.
type Person struct {
	Name string
	*client.Client

	t       *testing.T
	changed chan struct{} // capacity 1; the view has changed

	mu            sync.Mutex // guards the fields below
	view          client.View
	wasOnline     bool
	interruptions int
}

// NewPerson connects to the server at url by WebSocket until the test ends.
func NewPerson(t *testing.T, name, url string) *Person {
	t.Helper()
	return NewPersonBy(t, name, transport.DialWebSocket(url), nil)
}

// NewPersonBy does what NewPerson does, but connects by dial. If polls is not nil, the client connects by polls when a
// network blocks WebSockets.
func NewPersonBy(t *testing.T, name string, dial, polls transport.Dial) *Person {
	t.Helper()
	p := &Person{Name: name, t: t, changed: make(chan struct{}, 1)}
	p.Client = client.New(client.Config{Dial: dial, Polls: polls, Guest: client.NewGuest(), Room: wire.DefaultRoom})
	p.Subscribe(p.see)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return p
}

func (p *Person) see(v client.View) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if online := Online(v); p.wasOnline != online { // v.Status alone does not show short outages
		p.wasOnline = online
		if !online {
			p.interruptions++
		}
	}
	p.view = v
	select {
	case p.changed <- struct{}{}:
	default:
	}
}

// Now returns the current view.
func (p *Person) Now() client.View {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.view
}

// Interruptions returns how often the person's client was online and then was not.
func (p *Person) Interruptions() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.interruptions
}

// Until waits for a view for which match returns true, and returns that view. Only one goroutine at a time may call it.
func (p *Person) Until(what string, match func(client.View) bool) client.View {
	p.t.Helper()
	for timeout := time.After(Timeout); ; {
		if v := p.Now(); match(v) {
			return v
		}
		select {
		case <-p.changed:
		case <-timeout:
			p.t.Fatalf("%s: never %s; the last view: %+v", p.Name, what, p.Now())
		}
	}
}

// Say sends text to the lobby.
func (p *Person) Say(text string) {
	p.t.Helper()
	if problem := p.Send(client.Composed{Text: text}); problem != (client.Problem{}) {
		p.t.Fatalf("%s: Send(%q): %+v", p.Name, text, problem)
	}
}

// Online reports whether the client is connected and in the room.
func Online(v client.View) bool { return v.Status == client.Online && v.Joined }

// Texts returns the texts of the accepted messages in v, in order.
func Texts(v client.View) (all []string) {
	for _, m := range v.Messages {
		if m.State == client.Sent {
			all = append(all, m.Text)
		}
	}
	return all
}

// Sent returns the number of messages in v if all of them have been accepted. Otherwise it returns -1.
func Sent(v client.View) int {
	if n := len(Texts(v)); n == len(v.Messages) {
		return n
	}
	return -1
}
