package client_test

import (
	"testing"
	"testing/synctest"
	"time"

	"mayfly/app/client"
	"mayfly/shared/wire"
)

// TestServerOfAnotherProtocol: after failed attempts the client asks which protocol the server speaks. Only the answer
// that it is another one makes the client outdated.
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
				asked := make(chan int, 100) // for each question, how many attempts there had been
				c := startClient(t, client.New(client.Config{Dial: s.dial, Guest: guest, Room: "lobby", Protocol: func() string {
					asked <- len(s.attempts())
					return tt.speaks
				}}))
				p := s.online()
				s.setDown(true)
				p.cut(1006)
				select {
				case n := <-asked:
					if n != 3 { // the connection that was cut, and two failed attempts
						t.Errorf("it was asked after %d attempts, want 3", n)
					}
				case <-time.After(time.Minute):
					t.Fatal("it was not asked")
				}
				if v := c.now(); v.Outdated != tt.outdated {
					t.Errorf("outdated = %v, want %v", v.Outdated, tt.outdated)
				}
				s.setDown(false) // perhaps another of several servers answers now
				s.online()
				if v := c.now(); v.Outdated || v.Status != client.Online {
					t.Errorf("after welcome: outdated = %v, status %d", v.Outdated, v.Status)
				}
			})
		})
	}
}
