package list_test

import (
	"strings"
	"testing"

	"mayfly/app/list"
	"mayfly/shared/markup"
	"mayfly/shared/wire"
)

func TestFold(t *testing.T) {
	const link = "https://example.com/"
	line := strings.Repeat("word ", 6) + "words " // 36 columns
	for _, tt := range []struct{ name, text, want string }{
		{"short", "lunch?", "lunch?"},
		{"fifty lines", strings.Repeat("a\n", 49) + "a", strings.Repeat("a\n", 49) + "a"},
		{"fifty-one lines", strings.Repeat("a\n", 50) + "a", strings.Repeat("a\n", 39) + "a"},
		{"a letter, line breaks and somebody's message", "a" + strings.Repeat("\n", 3900) + "Ben Ito 14:05\nSend it to me.", "a"},
		{"line breaks with white space between them", "a" + strings.Repeat("\n \t", 900) + "Ben", "a"},
		{"fifty lines of prose", strings.Repeat(line, 50), strings.Repeat(line, 50)},
		{"a hundred lines of prose", strings.Repeat(line, 100), strings.TrimSpace(strings.Repeat(line, 40))},
		{"a word at the cut", strings.Repeat("longer ", 300), strings.TrimSpace(strings.Repeat("longer ", 40*36/7))},
		{"no space", strings.Repeat("w", wire.MaxText), strings.Repeat("w", 40*36)},
		{"wide letters", strings.Repeat("W", wire.MaxText), strings.Repeat("W", 40*18)},
		{"wide script", strings.Repeat("字", 2000), strings.Repeat("字", 40*18)},
		{"marks on a letter", strings.Repeat("w", 40*36-1) + "e\u0301" + strings.Repeat("w", 600), strings.Repeat("w", 40*36-1)},
		{"one link", link + strings.Repeat("w", 3900), link + strings.Repeat("w", 3900)},
		{"a link at the cut", strings.Repeat("a\n", 38) + "see " + link + strings.Repeat("w", 3000),
			strings.Repeat("a\n", 38) + "see "},
		{"bold text at the cut", strings.Repeat("a\n", 38) + "a **" + strings.Repeat("w", 100) +
			"** a" + strings.Repeat("\na", 20),
			strings.Repeat("a\n", 38) + "a " + strings.Repeat("w", 68)},
		{"high code", "```\n" + strings.Repeat("a\n", 60) + "```", strings.Repeat("a\n", 38) + "a"},
		{"a high list", strings.Repeat("- a\n", 60), strings.Repeat("a\n", 39) + "a"},
		{"a link before the cut", link + "\n" + strings.Repeat("a\n", 60), link + strings.Repeat("\na", 39)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			nodes, cut := list.Fold(tt.text)
			got := markup.Plain(nodes)
			if cut != (tt.want != tt.text) {
				t.Errorf("cut = %t", cut)
			}
			if got != tt.want {
				t.Errorf("%.60q… of %d bytes is folded to %.60q… of %d bytes, want %d bytes", tt.text, len(tt.text), got, len(got), len(tt.want))
			}
			if !strings.HasPrefix(markup.Plain(markup.Parse(tt.text)), got) {
				t.Errorf("it shows what is not there: %q", got)
			}
			all := hrefs(markup.Parse(tt.text))
			for i, href := range hrefs(nodes) {
				if href != all[i] {
					t.Errorf("a link leads to %s, want %s", href, all[i])
				}
			}
		})
	}
}

// hrefs returns the addresses of the links in nodes.
func hrefs(nodes []markup.Node) (all []string) {
	for _, n := range nodes {
		if n.Kind == markup.Link {
			all = append(all, n.Text)
		}
		all = append(all, hrefs(n.Nodes)...)
	}
	return all
}

func TestLong(t *testing.T) {
	for text, want := range map[string]bool{
		"": false, "lunch?": false, strings.Repeat("\n", 19): false, strings.Repeat("\n", 20): true,
		strings.Repeat("w", 20*36): false, strings.Repeat("w", 20*36+1): true, strings.Repeat("🪰", 20*18+1): true,
	} {
		if got := list.Long(text); got != want {
			t.Errorf("long(%.10q, %d bytes) = %t, want %t", text, len(text), got, want)
		}
	}
}
