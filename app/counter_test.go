package app_test

import (
	"strings"
	"testing"

	"mayfly/app"
)

func TestTally(t *testing.T) {
	for _, tt := range []struct {
		n, was int
		words  string
		said   string
	}{
		{3599, 0, "", ""},
		{3600, 3599, "3,600 of 4,000", "400 characters left"},
		{3601, 3600, "3,601 of 4,000", ""},
		{4000, 3999, "4,000 of 4,000", ""},
		{4001, 4000, "4,001 of 4,000: 1 character too many", "1 character too many"},
		{5234, 0, "5,234 of 4,000: 1,234 characters too many", "1,234 characters too many"},
		{5235, 5234, "5,235 of 4,000: 1,235 characters too many", ""},
		{3999, 4001, "3,999 of 4,000", "1 character left"},
		{10, 4001, "", ""},
	} {
		is, was := app.Tallied(tt.n, 4000), app.Tallied(tt.was, 4000)
		if words, said := is.Words(), is.Said(was); words != tt.words || said != tt.said {
			t.Errorf("%d after %d: %q, %q, want %q, %q", tt.n, tt.was, words, said, tt.words, tt.said)
		}
	}
}

func TestCharacters(t *testing.T) {
	for text, want := range map[string]int{"": 0, " \n a\u00a0\n": 1, "a b": 3, strings.Repeat("🪰", 10): 10, "e\u0301": 2} {
		if got := app.Characters(text); got != want {
			t.Errorf("characters(%q) = %d, want %d", text, got, want)
		}
	}
}
