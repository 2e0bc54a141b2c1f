package markup_test

import (
	"strings"
	"testing"

	"mayfly/shared/markup"
)

func TestEmojiOnly(t *testing.T) {
	for _, tt := range []struct {
		text string
		want bool
	}{
		{"👍", true},
		{"👍👍", true},
		{"👍👍👍", true},
		{"👍 🎉 😀", true},
		{"👍🏽", true},
		{"☝🏿", true},
		{"❤️", true},
		{"⭐", true},
		{"✅❌❓", true},
		{"🫠", true},      // of 2021
		{"🫩", true},      // of 2024
		{"🅰️", true},     // a letter
		{"🇩🇪", true},     // a flag
		{"🇩🇪🇫🇷🇯🇵", true}, // three flags
		{"🏴\U000E0067\U000E0062\U000E0073\U000E0063\U000E0074\U000E007F", true}, // Scotland
		{"🏴", true},
		{"🏳️\u200D🌈", true},
		{"🏴\u200D☠️", true},
		{"1️⃣", true},
		{"#️⃣*️⃣0️⃣", true},
		{"3\u20E3", true},
		{"👨\u200D👩\u200D👧\u200D👦", true},
		{"👩🏻\u200D❤️\u200D💋\u200D👨🏿", true},
		{"🤷🏽\u200D♀️", true},
		{"🤷🏽\u200D♀", true}, // without the style, as some keyboards write it
		{"👨\u200D👩\u200D👧\u200D👦👨\u200D👩\u200D👧\u200D👦👨\u200D👩\u200D👧\u200D👦", true},
		{"©️", true},
		{"ℹ️", true},

		{"", false},
		{" ", false},
		{"👍👍👍👍", false},
		{"👍 👍 👍 👍", false},
		{"👍  👍", false},
		{"👍\n👍", false},
		{" 👍", false},
		{"👍 ", false},
		{"👍!", false},
		{"ok 👍", false},
		{"a", false},
		{"123", false},
		{"1", false},
		{"#", false},
		{"*", false},
		{"1️", false},
		{"❤", false}, // browsers draw it as text
		{"©", false},
		{"™", false},
		{"→", false},
		{"⭐\uFE0E", false}, // drawn as text, as it asks for
		{"🇩", false},
		{"🇩🇪🇫", false},
		{"🏽", false},
		{"\uFE0F", false},
		{"\u200D", false},
		{"👍\u200D", false},
		{"\u200D👍", false},
		{"👍\u0301", false},
		{"👍\u202E", false},
		{"👍\xff", false},
		{"👨\u200D👩\u200D👧\u200D👦\u200D👦", false},
		{strings.Repeat("👨\u200D", 50) + "👨", false}, // 50 joiners
		{"🏴\U000E0067", true},                        // without its last tag
		{"🏴" + strings.Repeat("\U000E0067", 50), false},
		{"**👍**", false},
	} {
		if got := markup.EmojiOnly(tt.text); got != tt.want {
			t.Errorf("%q is only emoji: %t, want %t", tt.text, got, tt.want)
		}
	}
}
