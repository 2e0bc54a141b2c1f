package names_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"mayfly/server/names"
)

func TestCleanName(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"plain", "Ada Lovelace", "Ada Lovelace"},
		{"empty", "", ""},
		{"space alone", " \t\n\u00a0\u3000", ""},
		{"space around and between", "  Ada \t\n Lovelace\u2003", "Ada Lovelace"},
		{"bidi override", "\u202eecalevoL adA\u202c", "ecalevoL adA"},
		{"bidi isolates and marks", "\u2066Ada\u2069\u200f\u200e\u061c", "Ada"},
		{"NUL", "Ada\x00 Love\x00lace", "Ada Lovelace"},
		{"escape sequences", "\x1b[31mAda\u009b", "[31mAda"},
		{"HTML stays text", "<img src=x onerror=alert(1)>", "<img src=x onerror=alert(1)>"},
		{"zero width", "A\u200bd\u200ca\u200d\u2060\ufeff\u00ad", "Ada"},
		{"only invisible", "\u200b\u2800\u3164\u115f\ufe0f\U000e0041\u034f", ""},
		{"tags", "Ada\U000e0041\U000e0042", "Ada"},
		{"private use and what is none", "Ada\ue000\U0010ffff\ufffe", "Ada"},
		{"line and paragraph separators", "Ada\u2028King\u2029", "Ada King"},
		{"no UTF-8", "A\xffda\xed\xa0\x80", "Ada"},
		{"put together", "Zoe\u0308 A\u030angstro\u0308m", "Zoë Ångström"},
		{"marks that come together", "x\u033b\x7f\u0338", "x\u0338\u033b"},
		{"another order of marks", "a\u0323\u0302", "ậ"},
		{"compatible stays", "Ⅸ ﬁ", "Ⅸ ﬁ"},
		{"other scripts", "愛達 Ада עדה", "愛達 Ада עדה"},
		{"emoji", "Ada 🪰", "Ada 🪰"},
		{"64 characters", strings.Repeat("é", 64), strings.Repeat("é", 64)},
		{"65 characters", strings.Repeat("é", 65), strings.Repeat("é", 64)},
		{"5000 characters", strings.Repeat("🪰", 5000), strings.Repeat("🪰", 64)},
		{"cut at a space", strings.Repeat("a", 63) + " b", strings.Repeat("a", 63)},
		{"cut behind a space", strings.Repeat("a", 62) + " bc", strings.Repeat("a", 62) + " b"},
	} {
		if got := names.CleanName(tt.in); got != tt.want {
			t.Errorf("%s: CleanName(%.40q) = %q, want %q", tt.name, tt.in, got, tt.want)
		}
	}
}

// FuzzCleanName checks that every cleaned name can be shown, and that cleaning it again does not change it.
func FuzzCleanName(f *testing.F) {
	for _, seed := range []string{"Ada Lovelace", "\u202eAda\x00", "e\u0301\u200b", strings.Repeat("a\u0300", 100), "\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		got := names.CleanName(in)
		if n := utf8.RuneCountInString(got); n > 64 || !utf8.ValidString(got) || strings.ContainsAny(got, "\x00\n\r\u202e\u2066\u200b") || strings.TrimSpace(got) != got {
			t.Errorf("CleanName(%q) = %q", in, got)
		}
		if again := names.CleanName(got); again != got {
			t.Errorf("CleanName(%q) = %q, and again %q", in, got, again)
		}
	})
}
