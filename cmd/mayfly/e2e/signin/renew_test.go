package signin_test

import (
	"context"
	"flag"
	"fmt"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"mayfly/app/client"
	"mayfly/cmd/mayfly/e2e/rig"
	"mayfly/server/devidp"
	"mayfly/shared/wire"
)

// life is short, so that a test can outlast a token. The client renews such a token after a third of its life, as it
// renews a token that lives for 90 s. But the server says at once that such a token expires soon. A connection must not
// get such tokens for long, because the server accepts only ten a minute on a connection.
var life = flag.Duration("life", 6*time.Second, "how long access tokens live where a test outlasts one")

// brief returns the faults with which the sign-in provider of mayfly dev issues access tokens that expire after the duration
// life.
func brief() devidp.Faults { return devidp.Faults{AccessTTL: life.Milliseconds()} }

// sockets records the frames on a tab's WebSockets.
type sockets struct {
	mu             sync.Mutex // guards what follows
	opened         int
	sent, received map[string]int // the number of frames by their Go type
	more           chan struct{}  // capacity 1: a frame was recorded
}

// watchSockets records the frames on the WebSockets that tab opens from now on.
func watchSockets(t *testing.T, tab *rig.Tab) *sockets {
	t.Helper()
	s := &sockets{sent: map[string]int{}, received: map[string]int{}, more: make(chan struct{}, 1)}
	err := chromedp.Listen(tab.Ctx, func(e any) {
		s.mu.Lock()
		defer s.mu.Unlock()
		switch e := e.(type) {
		case *network.EventWebSocketCreated:
			s.opened++
		case *network.EventWebSocketFrameSent:
			count(s.sent, e.Response.PayloadData)
		case *network.EventWebSocketFrameReceived:
			count(s.received, e.Response.PayloadData)
		}
		select {
		case s.more <- struct{}{}:
		default:
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func count(frames map[string]int, message []byte) {
	for line := range wire.Split(message) {
		if f, err := wire.Decode(line); err == nil {
			frames[fmt.Sprintf("%T", f)]++
		}
	}
}

// renewals returns how often the server has accepted a newer token, and how many WebSockets were opened.
func (s *sockets) renewals() (renewals, opened int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.received["wire.Authed"], s.opened
}

// renewed waits until the server has accepted n tokens more than the number before.
func (s *sockets) renewed(t *testing.T, before, n int) {
	t.Helper()
	for timeout := time.After(rig.Timeout + time.Duration(n)*frugal); ; {
		if now, _ := s.renewals(); now >= before+n {
			return
		}
		select {
		case <-s.more:
		case <-timeout:
			t.Fatalf("no %d renewals", n)
		}
	}
}

// A talk is Ada, in a tab, and Ben, who write to each other.
type talk struct {
	t    *testing.T
	ada  *rig.Tab
	ben  *rig.Person
	said []string
}

const texts = `[...` + rig.Rows + `].map(a => a.querySelector('.message-text').textContent)`

// heard waits until both have received text.
func (k *talk) heard(text string) {
	k.t.Helper()
	k.said = append(k.said, text)
	k.ben.Until("reads "+text, func(v client.View) bool { return slices.Contains(rig.Texts(v), text) })
	k.ada.Until(fmt.Sprintf(`%s.at(-1) === %q`, texts, text))
}

func (k *talk) adaSays(text string) {
	k.t.Helper()
	k.ada.Say(text)
	k.heard(text)
}

func (k *talk) benSays(text string) {
	k.t.Helper()
	k.ben.Say(text)
	k.heard(text)
}

// look lets Cleo join the lobby. The function seen ends her connection, and returns the frames that she got since she
// joined.
func look(t *testing.T, server *rig.Server) (seen func() []wire.Frame) {
	t.Helper()
	const end = "That is all."
	var looking sync.WaitGroup
	t.Cleanup(looking.Wait)
	cleo := rig.DialAnd(t, server, wire.DefaultRoom)
	all := make(chan []wire.Frame, 1)
	looking.Go(func() {
		defer close(all)
		var frames []wire.Frame
		for f := rig.Next[wire.Frame](cleo); f != nil; f = rig.Next[wire.Frame](cleo) {
			if p, ok := f.(wire.Posted); ok && p.Text == end {
				all <- frames
				return
			}
			frames = append(frames, f)
		}
	})
	return func() []wire.Frame {
		cleo.Send(wire.Post{ID: "0190a8f0-0000-7000-8000-000000000001", Room: wire.DefaultRoom, Text: end})
		return <-all
	}
}

// gathered waits until n people are in the lobby. One of them is the guest as whom gathered joins to count. It may have
// to join several times, until the server has noticed that a connection has ended.
func gathered(t *testing.T, s *rig.Server, n int64) {
	t.Helper()
	pace := time.NewTicker(50 * time.Millisecond)
	defer pace.Stop()
	guest := client.NewGuest()
	for deadline := time.Now().Add(rig.Timeout); ; <-pace.C {
		r := rig.Dial(t, s)
		r.Hello(guest, wire.Join{Room: wire.DefaultRoom})
		people := rig.Next[wire.Joined](r).People
		r.Close()
		if people == n {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d people are in the room, want %d", people, n)
		}
	}
}

// connected tells the page whether the device has a network. It cuts nothing.
func connected(tab *rig.Tab, up bool) {
	tab.Do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, network.OverrideNetworkState, network.OverrideNetworkStateParams{Offline: !up, DownloadThroughput: -1, UploadThroughput: -1})
		return err
	}))
}

// TestStaysSignedIn leaves a tab for many lives of its token: in use, frozen, out of sight, on a sleeping laptop and without
// a network.
func TestStaysSignedIn(t *testing.T) {
	t.Parallel()
	addr := rig.FreeAddr(t)
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	server := rig.Dev(t, "-access-ttl", frugal.String(), "-public-url", "http://localhost:"+port, "-rate", "1000/1s",
		"-ttl", "1h")
	proxy := rig.NewProxy(t, addr, server.Addr())
	k := &talk{t: t, ada: rig.OwnBrowser(t).Tab(server.URL).Ready()}
	k.ada.SignIn("Ada Lovelace")
	logins := server.Calls()[devidp.Login]
	seen := watchSockets(t, k.ada) // not on the present one, which was opened before
	k.ben = rig.NewPerson(t, "ben", server.SocketURL())
	k.ben.Until("online", rig.Online)
	others := look(t, server)
	gathered(t, server, 4)                                                     // the guest of gathered, Ada, Ben and Cleo
	over := func() <-chan time.Time { return time.After(*life + time.Second) } // the end of a token that lives for life

	pace := time.NewTicker(200 * time.Millisecond)
	defer pace.Stop()
	for n := 0; ; n++ {
		k.adaSays(fmt.Sprintf("Ada %d", n))
		k.benSays(fmt.Sprintf("Ben %d", n))
		if renewals, _ := seen.renewals(); renewals >= 1 {
			break
		}
		<-pace.C
	}

	k.ada.Minimize()
	server.SetFaults(brief())
	before, _ := seen.renewals()
	seen.renewed(t, before, 1) // only one, because Chromium soon fires the timers of a hidden page only once a minute
	k.adaSays("Ada, out of sight")
	k.ada.Restore()
	seen.renewed(t, before, 2)
	if _, opened := seen.renewals(); opened != 0 {
		t.Errorf("%d more connections, want it all to go through the first", opened)
	}

	k.ada.Minimize()
	k.ada.Freeze()
	end := over()
	k.ben.Say("Ben, while Ada's tab is frozen")
	calls := server.Calls()[devidp.Tokens]
	<-end
	if n := server.Calls()[devidp.Tokens] - calls; n > 1 { // one request may have been on its way
		t.Errorf("the tab was not frozen: it has renewed its token %d times", n)
	}
	k.ada.Thaw()
	k.ada.Restore()
	k.heard("Ben, while Ada's tab is frozen")
	k.adaSays("Ada, woken")

	before, _ = seen.renewals()
	wake := k.ada.Sleep()
	end = over()
	k.ben.Say("Ben, while Ada's laptop sleeps")
	<-end
	wake()
	k.heard("Ben, while Ada's laptop sleeps")
	seen.renewed(t, before, 1)
	k.adaSays("Ada is back")

	connected(k.ada, false)
	offline := brief()
	offline.Faults = []devidp.Fault{{Do: devidp.Drop}}
	server.SetFaults(offline)
	proxy.Refuse(true)
	proxy.Cut()
	end = over()
	header(k.ada, "Offline, signed in as Ada Lovelace")
	k.ada.Say("Ada, without a network")
	k.ben.Say("Ben, meanwhile")
	k.ben.Until("sent", func(v client.View) bool { return rig.Sent(v) >= 0 })
	<-end
	server.SetFaults(devidp.Faults{})
	proxy.Refuse(false)
	connected(k.ada, true)
	signedIn(k.ada, "Ada Lovelace")
	k.said = append(k.said, "Ben, meanwhile")
	k.heard("Ada, without a network")

	if shown := rig.Eval[[]string](k.ada, texts); !slices.Equal(shown, k.said) {
		t.Errorf("the tab shows %q, want %q", shown, k.said)
	}
	if shown := rig.Texts(k.ben.Now()); !slices.Equal(shown, k.said) {
		t.Errorf("Ben sees %q, want %q", shown, k.said)
	}
	gathered(t, server, 4)
	for _, f := range others() {
		switch f := f.(type) {
		case wire.Posted:
			if f.Text[0] == 'A' && (f.User.Name != "Ada Lovelace" || f.User.Anonymous) {
				t.Errorf("%q is of %+v", f.Text, f.User)
			}
		case wire.Typing: // of Ada alone: Ben and Cleo write without a composer
			if f.User == nil || f.User.Name != "Ada Lovelace" || f.User.Anonymous {
				t.Errorf("the user who types is %+v", f.User)
			}
		case wire.Beat, wire.Presence, wire.Accepted: // Accepted answers Cleo's own frames
		default:
			t.Errorf("others see %T %+v", f, f)
		}
	}
	if n := server.Calls()[devidp.Login]; n != logins {
		t.Errorf("%d forms of the provider were asked for", n-logins)
	}
}
