package app_test

import (
	"testing"

	"mayfly/app"
	"mayfly/app/client/outbox"
)

func TestTakes(t *testing.T) {
	for _, tt := range []struct {
		name             string
		text             string
		focused, offered bool
		want             bool
	}{
		{"empty and without the focus", "", false, false, true},
		{"the user writes", "mine", true, false, false},
		{"the user composes", "한", true, false, false},
		{"the user has emptied it", "", true, false, false},
		{"the user is about to write", "", true, false, false},
		{"it holds a text, and the focus is elsewhere", "half", false, false, false},
		{"white space is a text", " ", false, false, false},
		{"an offer waits for an answer, and the user presses its button", "", false, true, false},
		{"an offer waits while the user writes", "mine", true, true, false},
	} {
		if got := app.Takes(tt.text, tt.focused, tt.offered); got != tt.want {
			t.Errorf("%s: takes(%q, %t, %t) = %t, want %t", tt.name, tt.text, tt.focused, tt.offered, got, tt.want)
		}
	}
}

func TestUndelivered(t *testing.T) {
	drafts := []outbox.Draft{{N: 3, Text: "one"}, {N: 5, Text: "two", Lapsed: true}, {N: 6, Text: "three"}}
	for _, tt := range []struct {
		taken  int
		text   string
		last   int
		lapsed bool
	}{
		{0, "one\ntwo\nthree", 6, true},
		{3, "two\nthree", 6, true},
		{4, "two\nthree", 6, true},
		{5, "three", 6, false},
		{6, "", 0, false},
		{9, "", 0, false},
	} {
		if text, last, lapsed := app.Undelivered(drafts, tt.taken); text != tt.text || last != tt.last || lapsed != tt.lapsed {
			t.Errorf("after draft %d: %q, %d, %t, want %q, %d, %t", tt.taken, text, last, lapsed, tt.text, tt.last, tt.lapsed)
		}
	}
	if text, last, _ := app.Undelivered(nil, 0); text != "" || last != 0 {
		t.Errorf("of no drafts it makes %q, %d", text, last)
	}
}
