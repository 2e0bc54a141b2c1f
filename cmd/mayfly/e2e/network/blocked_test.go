package network_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"mayfly/app/client"
	"mayfly/app/client/transport"
	"mayfly/cmd/mayfly/e2e/rig"
)

// TestTabsChatWhereWebSocketsAreBlocked goes from one network to another: in each hostile one the tabs poll, and in the
// harmless one after it they are back on WebSocket. Everything said is there once, in order.
func TestTabsChatWhereWebSocketsAreBlocked(t *testing.T) {
	t.Parallel()
	_, box, url := rig.ServeBehindMiddlebox(t, rig.Refuses, "-ttl", "10m")
	browser := rig.OpenBrowser(t)
	ann, ben := browser.Tab(url).Ready(), browser.Tab(url).Ready()
	var said []string
	chat := func(where string) {
		t.Helper()
		for name, tab := range map[string]*rig.Tab{"ann": ann, "ben": ben} {
			text := fmt.Sprintf("%s says %s", name, where)
			said = append(said, text)
			tab.Say(text)
			ann.Shows(text)
			ben.Shows(text)
		}
		for _, tab := range []*rig.Tab{ann, ben} {
			wantTexts(t, tab, said)
		}
	}
	roam := func(m rig.Manner) { // to another network
		box.Behave(m)
		for _, tab := range []*rig.Tab{ann, ben} {
			rig.Eval[bool](tab, `dispatchEvent(new Event('offline')) && dispatchEvent(new Event('online'))`)
		}
	}
	for _, hostile := range []struct {
		name   string
		manner rig.Manner
	}{
		{"refused", rig.Refuses},
		{"killed after 200 ms", rig.Kills},
		{"swallowed once open", rig.Swallows},
		{"held until the end", rig.Holds},
	} {
		roam(hostile.manner)
		box.Until(t, 2, 0)
		chat("that upgrades are " + hostile.name)
		roam(rig.Passes)
		box.Until(t, 0, 2)
		chat("that they are not " + hostile.name)
	}
}

// wantTexts fails if the tab does not show exactly these texts, in this order.
func wantTexts(t *testing.T, tab *rig.Tab, texts []string) {
	t.Helper()
	got := tab.Messages()
	if !slices.EqualFunc(got, texts, strings.Contains) {
		t.Fatalf("on screen: %q, want %q", got, texts)
	}
}

// TestEightTabsPoll opens eight tabs of one profile, over HTTP/1.1: the browser opens six connections for all of them.
func TestEightTabsPoll(t *testing.T) {
	t.Parallel()
	const tabs, wait = 8, 3
	_, box, url := rig.ServeBehindMiddlebox(t, rig.Refuses, "-ttl", "10m")
	all := []*rig.Tab{rig.OpenBrowser(t).Tab(url).Ready()}
	for len(all) < tabs {
		all = append(all, all[0].Sibling(url).Ready())
	}
	box.Until(t, wait, 0) // the others' come and go
	for i, tab := range all {
		tab.Say(fmt.Sprintf("tab %d is here", i))
	}
	all = append(all, all[0].Sibling(url).Ready()) // pages still load
	for _, tab := range all {
		tab.Until(fmt.Sprintf(`%s.filter(m => m.includes(' is here')).length >= %d`, rig.Shown, tabs))
		got := tab.Messages()
		if len(got) != tabs {
			t.Errorf("on screen: %q, want %d messages", got, tabs)
		}
		for i := range tabs {
			if text := fmt.Sprintf("tab %d is here", i); !strings.Contains(strings.Join(got, " "), text) {
				t.Errorf("on screen: %q, want %q too", got, text)
			}
		}
	}
}

// TestPollingSessionSurvivesAKilledServer kills and stops the server of a client that polls: messages that it writes
// meanwhile are sent later.
func TestPollingSessionSurvivesAKilledServer(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t, "-ttl", "10m")
	ann := rig.NewPersonBy(t, "ann", transport.DialPolls(transport.PostTo(server.PollURL()), nil), nil)
	ben := rig.NewPerson(t, "ben", server.SocketURL())
	ann.Until("online", rig.Online)
	ben.Until("online", rig.Online)
	var said []string
	chat := func(when string) {
		t.Helper()
		for i, p := range []*rig.Person{ann, ben} {
			said = append(said, fmt.Sprintf("%s says %s", p.Name, when))
			p.Say(said[len(said)-1])
			for _, p := range []*rig.Person{ann, ben} {
				v := p.Until("told", func(v client.View) bool { return slices.Equal(rig.Texts(v), said) && rig.Sent(v) == len(said) })
				if last := v.Messages[len(said)-1]; last.Mine != (p == []*rig.Person{ann, ben}[i]) {
					t.Errorf("%s: mine = %v", p.Name, last.Mine)
				}
			}
		}
	}
	chat("hello")
	for range 3 {
		chat("hello again")
	}
	server.Kill()
	ann.Until("cut off", func(v client.View) bool { return !rig.Online(v) })
	ann.Say("while it is down")
	server.Start()
	said = append(said, "while it is down")
	ben.Until("told", func(v client.View) bool { return slices.Equal(rig.Texts(v), said) })
	chat("back")
	server.Stop()
	server.Start()
	chat("back again")
}

// TestSlowLinkIsNotTakenForADeadOne opens a room that holds 200 messages over a slow link, and has another 200 posted while
// these are on their way. All messages must come by the connection that the server welcomed. They take longer than
// blockedAfter (package client), after which a client gives up a WebSocket that is silent. All messages fit into one joined
// frame, so no message is missing if the server joins the reader only after the last post.
func TestSlowLinkIsNotTakenForADeadOne(t *testing.T) {
	t.Parallel()
	const messages, kilobits = 400, 256
	server := rig.Serve(t, "-ttl", "10m", "-rate", "1000/1s")
	proxy := rig.NewProxy(t, "", server.Addr())
	proxy.Slow(kilobits * 1000)
	writer := rig.NewPerson(t, "writer", server.SocketURL())
	writer.Until("online", rig.Online)
	write := func(n int) {
		for range n {
			writer.Say(strings.Repeat("slow ", 60))
		}
	}
	write(messages / 2)
	writer.Until("done", func(v client.View) bool { return rig.Sent(v) == messages/2 })
	r := newRecord()
	reader := rig.NewPersonBy(t, "reader", r.through(transport.DialWebSocket("ws://"+proxy.Addr+"/ws"), false),
		r.through(transport.DialPolls(transport.PostTo("http://"+proxy.Addr+"/poll"), nil), true))
	reader.Until("connected", func(v client.View) bool { return v.Status == client.Online })
	write(messages / 2)
	reader.Until("complete", func(v client.View) bool { return rig.Online(v) && len(rig.Texts(v)) == messages })
	if n := r.welcomes(); n != 1 {
		t.Errorf("%d connections for %d messages, want one", n, messages)
	}
}
