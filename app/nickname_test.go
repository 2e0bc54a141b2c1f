package app_test

import (
	"testing"

	"mayfly/app"
	"mayfly/app/browser"
)

func TestNameIsRememberedByChoice(t *testing.T) {
	for _, tt := range []struct {
		name       string
		tab        string // the name that the server has given
		device     string // the name that the device remembered before
		asked      string
		remembered bool
		again      string // the name after a reload
		later      string // the name at another visit
	}{
		{"not remembered", "Ada", "", "Ada", false, "Ada", ""},
		{"remembered", "Ada", "", "Ada", true, "Ada", "Ada"},
		{"the second guest of the device", "Ada 2", "", "Ada", true, "Ada 2", "Ada"},
		{"no longer remembered", "Ada", "Ada", "Ada", false, "Ada", ""},
		{"another name", "Zoë", "Ada", "Zoë", true, "Zoë", "Zoë"},
		{"the pseudonym again", "", "Ada", "", true, "", ""},
	} {
		tab, device := browser.TabStorage(), browser.DeviceStorage()
		tab.Save(browser.NameKey, tt.tab)
		device.Save(browser.NameKey, tt.device)
		app.RememberName(device, tt.asked, tt.remembered)
		if got := app.StoredName(tab, device); got != tt.again {
			t.Errorf("%s: after a reload the guest would be called %q, want %q", tt.name, got, tt.again)
		}
		if got := app.StoredName(browser.TabStorage(), device); got != tt.later {
			t.Errorf("%s: at another visit the guest would be called %q, want %q", tt.name, got, tt.later)
		}
	}
}
