package app_test

import (
	"testing"

	"mayfly/app"
	"mayfly/shared/wire"
)

func TestTidy(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"nothing to do", "lunch?\n\tat 12, \u200bשלום 👩\u200d👧", "lunch?\n\tat 12, \u200bשלום 👩\u200d👧"},
		{"a word processor's line break", "one\vtwo", "one\ntwo"},
		{"a page break", "one\ftwo", "one\ntwo"},
		{"a mainframe's new line", "one\u0085two", "one\ntwo"},
		{"Unicode's line and paragraph", "one\u2028two\u2029three", "one\ntwo\nthree"},
		{"Windows, and old Macs", "one\r\ntwo\rthree", "one\ntwo\nthree"},
		{"end of text", "o\x03ne", "one"},
		{"a terminal's colours", "\x1b[31mred\x1b[0m", "[31mred[0m"},
		{"NUL, DEL and C1", "\x00a\x7fb\u0080c\u009bd\u009f", "abcd"},
		{"invisible, but no control", "a\u00adb\ufeffc\u00a0d", "a\u00adb\ufeffc\u00a0d"},
		{"a letter beside C1", "\u00a0\u00a1", "\u00a0\u00a1"},
		{"nothing else", "\x01\x02", ""},
	} {
		got := app.Tidy(tt.text)
		if got != tt.want {
			t.Errorf("%s: tidy(%q) = %q, want %q", tt.name, tt.text, got, tt.want)
		}
		if _, problem := wire.CleanText("x" + got); problem != "" {
			t.Errorf("%s: %q is refused: %s", tt.name, got, problem)
		}
	}
}
