package chat_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"mayfly/app/session"
	"mayfly/cmd/mayfly/e2e/rig"
	"mayfly/shared/wire"
)

// person is a session without a screen.
type person struct {
	t     *testing.T
	name  string
	views chan session.View // the newest one
	*session.Session
}

func newPerson(t *testing.T, name string, s *rig.Server) *person {
	t.Helper()
	p := &person{t: t, name: name, views: make(chan session.View, 1)}
	p.Session = session.New(session.Config{Dial: session.DialWebSocket(s.SocketURL()), Guest: session.NewGuest(), Room: wire.DefaultRoom})
	p.Subscribe(func(v session.View) {
		select {
		case <-p.views:
		default:
		}
		p.views <- v
	})
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

// until waits for a view of which ok is true.
func (p *person) until(what string, ok func(session.View) bool) session.View {
	p.t.Helper()
	var last session.View
	for timeout := time.After(rig.Timeout); ; {
		select {
		case last = <-p.views:
			if ok(last) {
				return last
			}
		case <-timeout:
			p.t.Fatalf("%s: never %s; the last view: %+v", p.name, what, last)
		}
	}
}

func (p *person) say(text string) {
	p.t.Helper()
	if problem := p.Send(text); problem != "" {
		p.t.Fatalf("%s: Send(%q): %s", p.name, text, problem)
	}
}

// texts returns what stands in v and has been accepted, in order.
func texts(v session.View) (all []string) {
	for _, m := range v.Messages {
		if m.State == session.Sent {
			all = append(all, m.Text)
		}
	}
	return all
}

func online(v session.View) bool { return v.Status == session.Online && v.Joined }

func TestNativeSessionsSeeOneOrder(t *testing.T) {
	const people, each = 5, 20
	server := rig.Serve(t, "-rate", "1000/1s")
	var all []*person
	for i := range people {
		all = append(all, newPerson(t, fmt.Sprintf("person %d", i), server))
	}
	for _, p := range all {
		p.until("online", online)
	}
	for i := range each {
		for _, p := range all {
			p.say(fmt.Sprintf("%s says %d", p.name, i))
		}
	}
	var first []string
	for i, p := range all {
		got := texts(p.until("complete", func(v session.View) bool { return len(texts(v)) == people*each }))
		if i == 0 {
			first = got
		}
		if !slices.Equal(got, first) {
			t.Errorf("%s sees %q, the first %q", p.name, got, first)
		}
	}
}

func TestNativeSessionsSurviveAKilledServer(t *testing.T) {
	server := rig.Serve(t, "-ttl", "30s")
	ann, ben := newPerson(t, "ann", server), newPerson(t, "ben", server)
	ann.until("online", online)
	ben.until("online", online)
	ann.say("before")
	ben.until("told", func(v session.View) bool { return slices.Equal(texts(v), []string{"before"}) })
	server.Kill()
	ann.until("cut off", func(v session.View) bool { return !online(v) })
	ann.say("while it is down") // goes out by itself later
	ben.until("cut off", func(v session.View) bool { return !online(v) && slices.Equal(texts(v), []string{"before"}) })
	server.Start()
	both := []string{"before", "while it is down"}
	for _, p := range []*person{ann, ben} {
		v := p.until("back, with both", func(v session.View) bool { return online(v) && slices.Equal(texts(v), both) })
		if v.Messages[0].Mine != (p == ann) {
			t.Errorf("%s: mine = %v", p.name, v.Messages[0].Mine)
		}
	}
	for _, p := range []*person{ann, ben} {
		p.until("rid of both", func(v session.View) bool { return len(v.Messages) == 0 })
	}
}
