package gallery

import (
	"strings"
	"testing"
	"time"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/client"
	"mayfly/app/pkce"
)

func TestGalleryShowsEveryState(t *testing.T) {
	names, statuses, actions, messageStates := map[string]bool{}, map[client.Status]bool{}, map[pkce.Action]bool{}, map[client.State]bool{}
	for _, s := range states(time.Now()) {
		if names[s.name] {
			t.Errorf("two states have the name %q", s.name)
		}
		names[s.name] = true
		statuses[s.View.Status] = true
		if s.SignIn.Problem.Cause != pkce.NoCause {
			actions[s.SignIn.Problem.Action()] = true
		}
		for _, m := range s.View.Messages {
			messageStates[m.State] = true
		}
	}
	for status := client.Connecting; status <= client.NoGuests; status++ {
		if !statuses[status] {
			t.Errorf("no state has status %d", status)
		}
	}
	for action := pkce.Action(0); action <= pkce.ActHelp; action++ {
		if !actions[action] {
			t.Errorf("no state has a problem with action %d", action)
		}
	}
	for state := client.Sent; state <= client.Failed; state++ {
		if !messageStates[state] {
			t.Errorf("no state has a message in state %d", state)
		}
	}
	html := goapp.HTMLString((&gallery{}).Render())
	for name := range names {
		if !strings.Contains(html, goapp.HTMLString(goapp.Elem("h2").Text(name))) && !strings.Contains(name, "'") {
			t.Errorf("the gallery has no section %q", name)
		}
	}
	if n := strings.Count(html, `role="log"`); n < 5 {
		t.Errorf("the gallery has %d message lists", n)
	}
}
