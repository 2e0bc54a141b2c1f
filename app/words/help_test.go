package words_test

import (
	"testing"
	"time"

	"mayfly/app/words"
)

func TestBrief(t *testing.T) {
	for d, want := range map[time.Duration]string{5 * time.Minute: "5 min", 30 * time.Second: "30 s", 24 * time.Hour: "24 h",
		90 * time.Minute: "1 h 30 min", time.Millisecond: "less than a second"} {
		if got := words.Brief(d); got != want {
			t.Errorf("Brief(%v) = %q, want %q", d, got, want)
		}
	}
}

func TestKeysHaveTheNamesOnTheKeyboard(t *testing.T) {
	for _, tt := range []struct {
		tag, press string
		apple      bool
		want       string
	}{
		{"en", "Shift+Enter", false, "Shift+Enter"}, {"en", "Ctrl+/", true, "⌘+/"}, {"en", "↑", false, "↑"},
		{"de", "Ctrl+Enter", false, "Strg+Eingabe"}, {"de", "Shift+F6", true, "Umschalt+F6"}, {"de", "Home", false, "Pos1"},
	} {
		speak(t, tt.tag)
		if got := words.Keys(tt.press, tt.apple); got != tt.want {
			t.Errorf("%s: %s is %q, want %q", tt.tag, tt.press, got, tt.want)
		}
	}
}
