package client

import (
	"testing"
	"time"

	"mayfly/app/client/transport"
	"mayfly/shared/clock"
	"mayfly/shared/wire"
)

// t0 is the present of these tests.
var t0 = clock.Moment{Wall: time.UnixMilli(1_790_000_000_000), Mono: time.Hour}

func TestConnectionStatus(t *testing.T) {
	lost := func(c *connection) { c.onClose(true, t0) }
	failed := func(c *connection) { c.onClose(false, t0) }
	later := func(c *connection) { c.tick(t0.Add(outageGrace)) }
	restart := func(c *connection) { c.onBye(wire.CodeRestart) }
	end := func(c *connection) { c.end(NoGuests, Problem{Code: EndedByServer}) }
	offline := func(c *connection) { c.noNetwork = true }
	for _, tt := range []struct {
		name   string
		events []func(*connection)
		want   Status
	}{
		{"at first", nil, Connecting},
		{"the device has no network", []func(*connection){offline}, Offline},
		{"there is no token", []func(*connection){func(c *connection) { c.noToken = true }, failed}, Offline},
		{"the first attempt failed", []func(*connection){failed}, Reconnecting},
		{"lost just now", []func(*connection){lost}, Online},
		{"lost just now, and without a network", []func(*connection){lost, offline}, Online},
		{"an attempt failed since", []func(*connection){lost, failed}, Online},
		{"lost for long", []func(*connection){lost, later}, Reconnecting},
		{"lost for long without a network", []func(*connection){lost, offline, later}, Offline},
		{"the server restarts", []func(*connection){lost, restart, later}, Restarting},
		{"it said something else since", []func(*connection){lost, restart, func(c *connection) { c.onBye(wire.CodeBusy) }, later}, Reconnecting},
		{"ended", []func(*connection){lost, end}, NoGuests},
		{"resumed", []func(*connection){lost, end, (*connection).resume}, Reconnecting},
		{"welcome after a restart, and lost again", []func(*connection){lost, restart, (*connection).onWelcome, lost, later}, Reconnecting},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var c connection
			for _, event := range tt.events {
				event(&c)
			}
			if got := c.status(false); got != tt.want {
				t.Errorf("status = %d, want %d", got, tt.want)
			}
		})
	}
	c := connection{noToken: true}
	if got := c.status(true); got != Online {
		t.Errorf("with a connection the status is %d", got)
	}
}

func TestOutageIsShownInTime(t *testing.T) {
	var c connection
	c.onClose(true, t0)
	if got := c.untilShown(t0.Add(time.Second)); got != outageGrace-time.Second {
		t.Errorf("after a second it is %v until the outage is shown", got)
	}
	c.tick(t0.Add(outageGrace - 1))
	if c.lostAt == nil {
		t.Error("it is shown too early")
	}
	c.tick(t0.Add(outageGrace))
	if c.lostAt != nil {
		t.Error("it is not shown in time")
	}
}

// opened is a connection that is open.
type opened struct{ transport.Conn }

func TestFallback(t *testing.T) {
	now := t0.Add(time.Minute)
	never := &link{}
	young := &link{conn: opened{}, welcomed: true, since: now.Add(-stableAfter + 1)}
	old := &link{conn: opened{}, welcomed: true, since: now.Add(-stableAfter)}
	polled, polledNever := &link{polls: true, welcomed: true}, &link{polls: true}
	cut := &wire.ClosedError{Code: 1006}
	for _, tt := range []struct {
		name  string
		f     fallback
		links []*link
		err   error
		want  fallback
	}{
		{"one that never opened", fallback{}, []*link{never}, cut, fallback{young: 1, refused: true}},
		{"three that never opened", fallback{}, []*link{never, never, never}, cut, fallback{polls: true, young: 3, refused: true}},
		{"three that ended young", fallback{}, []*link{young, young, young}, cut, fallback{polls: true, young: 3}},
		{"one that lived begins the count anew", fallback{young: 2}, []*link{old}, cut, fallback{}},
		{"silence means that it is blocked", fallback{}, []*link{never}, errSilent, fallback{polls: true}},
		{"want of a token says nothing", fallback{young: 2}, []*link{never}, errNoToken, fallback{young: 2}},
		{"nor does a doubtful time", fallback{young: 2}, []*link{young}, errUnsure, fallback{young: 2}},
		{"polls go on", fallback{polls: true, young: 3}, []*link{polled}, cut, fallback{polls: true, young: 3}},
		{"polls that don't connect either", fallback{polls: true, young: 3}, []*link{polledNever}, cut, fallback{young: 3}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := tt.f
			for _, l := range tt.links {
				f.transportFailed(l, tt.err, now)
			}
			if f != tt.want {
				t.Errorf("fallback = %+v, want %+v", f, tt.want)
			}
		})
	}
}

func TestProbes(t *testing.T) {
	for _, tt := range []struct {
		name string
		do   func(f *fallback)
		want time.Duration // until the next probe
	}{
		{"polls connected where WebSockets were refused", func(f *fallback) { f.refused = true; f.pollsConnected(t0) }, probeSoon},
		{"polls connected where WebSockets are silent", func(f *fallback) { f.pollsConnected(t0) }, probeLater},
		{"a probe failed", func(f *fallback) { f.probeFailed(t0) }, probeLater},
		{"the network has changed", func(f *fallback) { f.pollsConnected(t0); f.doubtPolls(t0) }, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var f fallback
			tt.do(&f)
			if !f.probeDue(t0.Add(tt.want)) || tt.want > 0 && f.probeDue(t0.Add(tt.want-1)) {
				t.Errorf("the next probe is not due after %v: %+v", tt.want, f)
			}
		})
	}
	var f fallback
	f.doubtPolls(t0)
	if !f.probeFailed(t0) || f.probeFailed(t0) {
		t.Error("polls begin anew once after the network has changed")
	}
}
