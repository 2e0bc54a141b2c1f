package spelling_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"mayfly/server/names/spelling"
)

func TestClean(t *testing.T) {
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
		{"31 accents", "a" + strings.Repeat("\u0328", 32), "\u0105" + strings.Repeat("\u0328", 31)},
		{"compatible stays", "Ⅸ ﬁ", "Ⅸ ﬁ"},
		{"other scripts", "愛達 Ада עדה", "愛達 Ада עדה"},
		{"emoji", "Ada 🪰", "Ada 🪰"},
		{"64 characters", strings.Repeat("é", 64), strings.Repeat("é", 64)},
		{"65 characters", strings.Repeat("é", 65), strings.Repeat("é", 64)},
		{"5000 characters", strings.Repeat("🪰", 5000), strings.Repeat("🪰", 64)},
		{"cut at a space", strings.Repeat("a", 63) + " b", strings.Repeat("a", 63)},
		{"cut behind a space", strings.Repeat("a", 62) + " bc", strings.Repeat("a", 62) + " b"},
	} {
		if got := spelling.Clean(tt.in, 64); got != tt.want {
			t.Errorf("%s: Clean(%.40q) = %q, want %q", tt.name, tt.in, got, tt.want)
		}
	}
}

// FuzzClean checks that every cleaned name can be shown, that cleaning twice is cleaning once, and that a key is made of
// every name.
func FuzzClean(f *testing.F) {
	for _, seed := range []string{"Ada Lovelace", "\u202eAda\x00", "e\u0301\u200b", strings.Repeat("a\u0300", 100), "\xff",
		strings.Repeat("a", 39) + " b", "\u1100\u1161\u11a8"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		for _, limit := range []int{40, 64} {
			got := spelling.Clean(in, limit)
			if n := utf8.RuneCountInString(got); n > limit || !utf8.ValidString(got) ||
				strings.ContainsAny(got, "\x00\n\r\u202e\u2066\u200b") || strings.TrimSpace(got) != got {
				t.Errorf("Clean(%q, %d) = %q", in, limit, got)
			}
			if again := spelling.Clean(got, limit); again != got {
				t.Errorf("Clean(%q, %d) = %q, and again %q", in, limit, got, again)
			}
			if got != "" && spelling.Key(got) == "" {
				t.Errorf("Key(%q) is empty", got)
			}
		}
	})
}

func TestKey(t *testing.T) {
	for _, name := range []string{"Alice", "alice", "ALICE", "A.l.i.c.e", " A l i c e ", "AIice", "A1ice", "A|ice",
		"Al\u0456ce",
		"\u0410lice", "\u0391lice", "Ａｌｉｃｅ", "𝐀𝐥𝐢𝐜𝐞", "Álicé", "Alice!", "«Alice»", "Alice ✔", "Alice 🦊", "@lice"} {
		if got, want := spelling.Key(name), spelling.Key("Alice"); got != want {
			t.Errorf("Key(%q) = %q, want %q as of Alice", name, got, want)
		}
	}
	for _, pair := range [][2]string{{"Alice", "Alice 2"}, {"Alice", "Alicia"}, {"Ada 2", "Ada 3"}, {"🦊", "🐻"},
		{"!!", "!!!"},
		{"कुल", "कल"}, {"愛達", "愛"}, {"Анна", "Инна"}, {"עדה", "עדי"}} {
		if spelling.Key(pair[0]) == spelling.Key(pair[1]) {
			t.Errorf("%q and %q have the same key", pair[0], pair[1])
		}
	}
	for _, pair := range [][2]string{{"Arnold", "Amold"}, {"Vvendy", "Wendy"}, {"Helen", "\u041delen"}, {"🦊 🦊", "🦊🦊"}} {
		if spelling.Key(pair[0]) != spelling.Key(pair[1]) {
			t.Errorf("%q and %q have keys %q and %q", pair[0], pair[1], spelling.Key(pair[0]), spelling.Key(pair[1]))
		}
	}
}

func TestWithSuffix(t *testing.T) {
	for _, tt := range []struct{ name, want string }{
		{"Ada", "Ada 12"}, {strings.Repeat("é", 40), strings.Repeat("é", 37) + " 12"},
		{strings.Repeat("é", 36) + " éé", strings.Repeat("é", 36) + " 12"},
	} {
		if got := spelling.WithSuffix(tt.name, " 12", 40); got != tt.want {
			t.Errorf("WithSuffix(%q) = %q, want %q", tt.name, got, tt.want)
		}
	}
}
