package chat_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"mayfly/app/client"
	"mayfly/cmd/mayfly/e2e/rig"
)

func TestNativeSessionsSeeOneOrder(t *testing.T) {
	t.Parallel()
	const people, each = 5, 20
	server := rig.Serve(t, "-rate", "1000/1s")
	var all []*rig.Person
	for i := range people {
		all = append(all, rig.NewPerson(t, fmt.Sprintf("person %d", i), server.SocketURL()))
	}
	for _, p := range all {
		p.Until("online", rig.Online)
	}
	for i := range each {
		for _, p := range all {
			p.Say(fmt.Sprintf("%s says %d", p.Name, i))
		}
	}
	var first []string
	for i, p := range all {
		got := rig.Texts(p.Until("complete", func(v client.View) bool { return len(rig.Texts(v)) == people*each }))
		if i == 0 {
			first = got
		}
		if !slices.Equal(got, first) {
			t.Errorf("%s sees %q, the first %q", p.Name, got, first)
		}
	}
}

func TestNativeSessionsSurviveAKilledServer(t *testing.T) {
	t.Parallel()
	rig.InTime(t, 5*time.Second, func(life time.Duration) bool {
		server := rig.Serve(t, "-ttl", life.String())
		ann, ben := rig.NewPerson(t, "ann", server.SocketURL()), rig.NewPerson(t, "ben", server.SocketURL())
		ann.Until("online", rig.Online)
		ben.Until("online", rig.Online)
		ann.Say("before")
		gone := time.Now().Add(life)
		// sees waits until p sees those texts, and is online or not. It reports whether that was before the first message
		// expires.
		sees := func(p *rig.Person, online bool, texts ...string) (v client.View, inTime bool) {
			v = p.Until(fmt.Sprintf("%q", texts), func(v client.View) bool {
				return rig.Online(v) == online && slices.Equal(rig.Texts(v), texts) || time.Now().After(gone)
			})
			return v, time.Now().Before(gone)
		}
		if _, ok := sees(ben, true, "before"); !ok {
			return false
		}
		server.Kill()
		ann.Until("cut off", func(v client.View) bool { return !rig.Online(v) })
		ann.Say("while it is down") // the client sends it by itself later
		if _, ok := sees(ben, false, "before"); !ok {
			return false
		}
		server.Start()
		for _, p := range []*rig.Person{ann, ben} {
			v, ok := sees(p, true, "before", "while it is down")
			if !ok {
				return false
			}
			if mine := v.Messages[0].Mine; mine != (p == ann) {
				t.Errorf("%s: mine = %v", p.Name, mine)
			}
		}
		for _, p := range []*rig.Person{ann, ben} {
			p.Until("rid of both", func(v client.View) bool { return len(v.Messages) == 0 })
		}
		return true
	})
}

// TestRestartTakesNothingFromAnyScreen stops a server without -data, and starts another one, while everybody writes. A
// message that one of them got, all of them got. Messages that the first server did not accept are sent later, without an
// action of the user.
func TestRestartTakesNothingFromAnyScreen(t *testing.T) {
	t.Parallel()
	const people, each = 10, 40 // together less than the 500 messages that one joined may hold
	server := rig.Serve(t, "-rate", "1000/1s")
	var all []*rig.Person
	for i := range people {
		all = append(all, rig.NewPerson(t, fmt.Sprintf("person %d", i), server.SocketURL()))
	}
	for _, p := range all {
		p.Until("online", rig.Online)
	}
	var want []string
	var writing sync.WaitGroup
	for _, p := range all {
		var texts []string
		for n := range each {
			texts = append(texts, fmt.Sprintf("%s says %d", p.Name, n))
		}
		want = append(want, texts...)
		writing.Go(func() {
			tick := time.NewTicker(20 * time.Millisecond)
			defer tick.Stop()
			for _, text := range texts {
				<-tick.C
				if problem := p.Send(client.Composed{Text: text}); problem != (client.Problem{}) {
					t.Errorf("%s: %s", p.Name, problem)
				}
			}
		})
	}
	slices.Sort(want)
	all[0].Until("busy", func(v client.View) bool { return len(rig.Texts(v)) > people*each/4 })
	server.Stop()
	server.Start()
	writing.Wait()
	var order []string
	for i, p := range all {
		got := rig.Texts(p.Until("complete", func(v client.View) bool { return rig.Online(v) && rig.Sent(v) >= len(want) }))
		if i == 0 {
			order = got
		}
		if !slices.Equal(got, order) {
			t.Errorf("%s sees another order than the first", p.Name)
		}
		if !slices.Equal(slices.Sorted(slices.Values(got)), want) {
			t.Errorf("%s sees %d messages, want each of %d once", p.Name, len(got), len(want))
		}
	}
}
