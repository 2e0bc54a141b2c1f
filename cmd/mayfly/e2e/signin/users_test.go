package signin_test

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"mayfly/cmd/mayfly/e2e/rig"
	"mayfly/server/devidp"
	"mayfly/shared/wire"
)

// TestUsersAPIFails: whatever fault Okta's Users API has, no sign-in waits for it. Users get the best known name: that of
// the ID token or, without one, a little later that of userinfo.
func TestUsersAPIFails(t *testing.T) {
	t.Parallel()
	dev := rig.Dev(t)
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(apiToken+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ada, grace := dev.SignIn(devidp.People[0]), dev.SignIn(devidp.People[1])
	for _, tt := range []struct {
		name  string
		fault devidp.Fault
		later string // the final name of Grace, who has no ID token; "": it is not known yet
	}{
		{"401", devidp.Fault{Do: devidp.Refuse, Status: 401}, "Grace Hopper"},
		{"403", devidp.Fault{Do: devidp.Refuse, Status: 403}, "Grace Hopper"},
		{"404", devidp.Fault{Do: devidp.Refuse, Status: 404}, "Grace Hopper"},
		{"429", devidp.Fault{Do: devidp.Refuse, Status: 429, RetryAfter: 30}, "Grace Hopper"},
		{"500", devidp.Fault{Do: devidp.Refuse}, "Grace Hopper"},
		{"no answer for 10 minutes", devidp.Fault{Do: devidp.Slow, Delay: 600_000}, ""},
		{"another id", devidp.Fault{Do: devidp.WrongID}, "Grace Hopper"},
		{"10 MB", devidp.Fault{Do: devidp.Huge}, "Grace Hopper"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.fault.At = devidp.Users
			dev.SetFaults(devidp.Faults{Faults: []devidp.Fault{tt.fault}})
			asked := dev.Calls()[devidp.Users]
			s := rig.Serve(t, "-issuer", dev.Provider, "-client-id", "mayfly-dev", "-okta-api-token-file", file)
			s.UntilReady()
			if _, name := enter(t, s, ada.Access, ada.ID); name != "Ada Lovelace" {
				t.Errorf("Ada is called %q", name)
			}
			r, name := enter(t, s, grace.Access, "")
			if !strings.HasPrefix(name, "user-") && name != tt.later {
				t.Errorf("Grace is called %q", name)
			}
			if name != tt.later && tt.later != "" {
				if name = renamed(t, s, r, grace.Access); name != tt.later {
					t.Errorf("later Grace is called %q", name)
				}
			}
			dev.UntilAsked(t, devidp.Users, asked)
			if strings.Contains(s.Log(), apiToken) {
				t.Error("the API's token is in the log")
			}
		})
	}
}

// enter signs in with tokens, and returns the user's first name on screen.
func enter(t *testing.T, s *rig.Server, access, id string) (r *rig.Raw, name string) {
	t.Helper()
	r = rig.Dial(t, s)
	r.Send(wire.Hello{Token: &access, IDToken: id})
	return r, rig.Next[wire.Welcome](r).User.Name
}

// renamed waits until the server tells r a new name of its user. The server looks for a name for 2 s at most, which is too
// short on a busy machine, and looks again half a minute later at the earliest, when the user signs in again. So renamed
// signs the user in again on other connections.
func renamed(t *testing.T, s *rig.Server, r *rig.Raw, access string) string {
	t.Helper()
	told := make(chan string, 1)
	var reading sync.WaitGroup
	defer reading.Wait()
	reading.Go(func() { told <- rig.Next[wire.Authed](r).User.Name })
	again := time.NewTicker(time.Second)
	defer again.Stop()
	for timeout := time.After(2 * rig.Timeout); ; {
		select {
		case name := <-told:
			return name
		case <-timeout:
			r.Close()
			return ""
		case <-again.C:
			other, _ := enter(t, s, access, "")
			other.Close()
		}
	}
}
