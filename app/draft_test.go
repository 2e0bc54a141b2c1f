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
	drafts := []outbox.Draft{{N: 3, Text: "one"}, {N: 5, Text: "two", Lapsed: true}, {N: 6, Text: "three"},
		{N: 7, Text: "four", Gone: true}}
	const lapsed, gone = "A message was not sent in time: “", "A message was not sent, because what it answers is gone: “"
	for _, tt := range []struct {
		drafts []outbox.Draft
		taken  int
		text   string
		last   int
		offer  string
	}{
		{drafts[:3], 0, "one\ntwo\nthree", 6, lapsed},
		{drafts[:3], 3, "two\nthree", 6, lapsed},
		{drafts[:3], 4, "two\nthree", 6, lapsed},
		{drafts[:3], 5, "three", 6, "You left a draft here: “"},
		{drafts[:3], 6, "", 0, "You left a draft here: “"},
		{drafts[:3], 9, "", 0, "You left a draft here: “"},
		{drafts, 6, "four", 7, gone},
		{drafts, 5, "three\nfour", 7, gone},
		{drafts, 4, "two\nthree\nfour", 7, lapsed},
		{nil, 0, "", 0, "You left a draft here: “"},
	} {
		text, last, around := app.Undelivered(tt.drafts, tt.taken)
		if want := [2]string{tt.offer, "”"}; text != tt.text || last != tt.last || around != want {
			t.Errorf("after draft %d: %q, %d, %q, want %q, %d, %q", tt.taken, text, last, around, tt.text, tt.last, want)
		}
	}
}
