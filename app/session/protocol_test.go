package session_test

import (
	"testing"
	"testing/synctest"
	"time"

	"mayfly/app/session"
	"mayfly/shared/wire"
)

// TestServerOfAnotherProtocol: a server that lets nobody in is asked whether it still speaks our protocol; only that it does
// not is a reason to want a newer client.
func TestServerOfAnotherProtocol(t *testing.T) {
	for _, tt := range []struct {
		name, speaks string
		outdated     bool
	}{
		{"does not answer", "", false},
		{"ours", wire.Subprotocol, false},
		{"another", "mayfly.v2", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScript(t)
				asked := 0
				c := startSession(t, session.New(session.Config{Dial: s.dial, Guest: guest, Room: "lobby", Speaks: func() string {
					asked++
					return tt.speaks
				}}))
				p := s.online()
				s.setDown(true)
				p.cut(1006)
				for failed := 1; failed < 3; failed++ { // the cut, and one attempt in vain
					if c.now(); asked != 0 {
						t.Fatalf("it was asked after %d failures", failed)
					}
					s.fail()
				}
				if v := c.now(); v.Outdated != tt.outdated || asked != 1 {
					t.Errorf("outdated = %v, asked %d times, want %v and once", v.Outdated, asked, tt.outdated)
				}
				s.setDown(false) // one of several servers, perhaps
				s.online()
				if v := c.now(); v.Outdated || v.Status != session.Online {
					t.Errorf("after welcome: outdated = %v, status %d", v.Outdated, v.Status)
				}
			})
		})
	}
}

// fail waits for one more attempt, which is in vain.
func (s *script) fail() {
	s.t.Helper()
	for before := len(s.attempts()); len(s.attempts()) == before; {
		time.Sleep(time.Millisecond)
	}
	synctest.Wait()
}
