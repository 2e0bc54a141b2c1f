package app_test

import (
	"testing"

	"mayfly/app"
)

func TestShortcuts(t *testing.T) {
	for _, tt := range []struct {
		name  string
		press app.Press
		alt   bool
		inLog bool
		want  app.Shortcut
	}{
		{name: "F6", press: app.Press{Key: "F6"}, want: app.NextRegion},
		{name: "F6 in the log", press: app.Press{Key: "F6"}, inLog: true, want: app.NextRegion},
		{name: "Shift+F6", press: app.Press{Key: "F6", Shift: true}, want: app.RegionBefore},
		{name: "Ctrl+F6, the browser's", press: app.Press{Key: "F6", Command: true}},
		{name: "Alt+F6, the system's", press: app.Press{Key: "F6"}, alt: true},
		{name: "? in the log", press: app.Press{Key: "?", Shift: true}, inLog: true, want: app.ShowHelp},
		{name: "? on an Arabic keyboard", press: app.Press{Key: "؟", Shift: true}, inLog: true, want: app.ShowHelp},
		{name: "? outside the log", press: app.Press{Key: "?", Shift: true}},
		{name: "? of an input method", press: app.Press{Key: "?", Composing: true}, inLog: true},
		{name: "Ctrl+/", press: app.Press{Key: "/", Command: true}, want: app.ShowHelp},
		{name: "Ctrl+/ on a keyboard that has / with Shift", press: app.Press{Key: "/", Command: true, Shift: true},
			want: app.ShowHelp},
		{name: "Ctrl+K", press: app.Press{Key: "k", Command: true}, want: app.ShowPalette},
		{name: "Ctrl+K in the log", press: app.Press{Key: "k", Command: true}, inLog: true, want: app.ShowPalette},
		{name: "Ctrl+K with Caps Lock", press: app.Press{Key: "K", Command: true}, want: app.ShowPalette},
		{name: "Ctrl+K on an Arabic keyboard", press: app.Press{Key: "ن", Code: "KeyK", Command: true},
			want: app.ShowPalette},
		{name: "another letter in the place of K", press: app.Press{Key: "t", Code: "KeyK", Command: true}},
		{name: "Ctrl+Shift+K, the browser's", press: app.Press{Key: "K", Command: true, Shift: true}},
		{name: "Ctrl+K of an input method", press: app.Press{Key: "k", Command: true, Composing: true}},
		{name: "K", press: app.Press{Key: "k"}},
		{name: "/", press: app.Press{Key: "/"}},
		{name: "a letter", press: app.Press{Key: "h"}, inLog: true},
	} {
		if got := app.ShortcutOf(tt.press, tt.alt, tt.inLog); got != tt.want {
			t.Errorf("%s does %d, want %d", tt.name, got, tt.want)
		}
	}
}

func TestRegionsGoRound(t *testing.T) {
	for _, tt := range []struct{ at, next, before int }{{-1, 0, 3}, {0, 1, 3}, {2, 3, 1}, {3, 0, 2}} {
		next, before := app.RegionAfter(tt.at, 4, app.NextRegion), app.RegionAfter(tt.at, 4, app.RegionBefore)
		if next != tt.next ||
			before != tt.before {
			t.Errorf("from %d of 4 regions F6 leads to %d and Shift+F6 to %d, want %d and %d", tt.at, next, before, tt.next,
				tt.before)
		}
	}
}
