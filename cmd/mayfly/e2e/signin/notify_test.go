package signin_test

import (
	"fmt"
	"testing"

	permission "github.com/chromedp/cdproto/browser"
	"github.com/google/uuid"

	"mayfly/app/browser"
	"mayfly/cmd/mayfly/e2e/rig"
	"mayfly/shared/wire"
)

// TestSignOutClosesNotifications: Ada has two tabs, and is mentioned in the lobby, which a hidden tab shows. When she signs
// out in the other tab, no notification is left.
func TestSignOutClosesNotifications(t *testing.T) {
	t.Parallel()
	server := rig.Dev(t)
	all := family(rig.OwnBrowser(t), server, 2)
	ada, hidden := all[0], all[1].Installed()
	ada.Permit(permission.PermissionSettingGranted)
	worker := ada.Worker(server)
	worker.KeepNotifications()
	ada.Script(fmt.Sprintf(`localStorage.setItem(%q, '{"notifications":"on"}'); goappNav('/r/tea')`, browser.SettingsKey))
	ada.Until(`document.querySelector('h1').textContent === '#tea'`)
	hidden.Until(`!!document.querySelector('[data-do=notify-]')`) // it knows the setting
	ada.Minimize()
	hidden.Minimize()
	r := rig.DialAnd(t, server, "lobby")
	r.Send(wire.Who{Room: "lobby"})
	mention := wire.Post{ID: uuid.NewString(), Room: "lobby", Text: "@Ada"}
	for _, u := range rig.Next[wire.People](r).Users {
		mention.Mentions = append(mention.Mentions, u.ID)
	}
	r.Send(mention)
	shown := func(want bool) {
		t.Helper()
		worker.Until(fmt.Sprintf(rig.Notifications+`.then(all => !!all === %t)`, want))
	}
	shown(true)
	ada.Restore()
	shown(true)
	ada.Click("button", "Sign out")
	shown(false)
	header(ada, "ot signed in")
}
