package app_test

import (
	"strings"
	"testing"

	"mayfly/app"
	"mayfly/shared/markup"
)

func TestReadCommand(t *testing.T) {
	for _, tt := range []struct {
		text    string
		name    string // of the command
		rest    string // what follows it
		said    string // what is sent, "" if nothing is
		mistake string // how the page's answer begins
	}{
		{"lunch?", "", "lunch?", "lunch?", ""},
		{"a /nick in the middle", "", "a /nick in the middle", "a /nick in the middle", ""},
		{" /nick Ada", "", " /nick Ada", " /nick Ada", ""},
		{"\n/nick Ada", "", "\n/nick Ada", "\n/nick Ada", ""},
		{"//nick Ada", "", "/nick Ada", "/nick Ada", ""},
		{"// a comment", "", "/ a comment", "/ a comment", ""},
		{"///", "", "//", "//", ""},
		{"/", "", "/", "/", ""},
		{"/ 2", "", "/ 2", "/ 2", ""},
		{"/(o.o)/", "", "/(o.o)/", "/(o.o)/", ""},
		{"/2 of it", "", "/2 of it", "/2 of it", ""},
		{"/nick Ada", "/nick", "Ada", "", ""},
		{"/NICK  Ada  Lovelace ", "/NICK", "Ada  Lovelace", "", ""},
		{"/nick", "/nick", "", "", ""},
		{"/who", "/who", "", "", ""},
		{"/who\n", "/who", "", "", ""},
		{"/who is there?", "/who", "is there?", "", "Nothing can follow /who"},
		{"/help me", "/help", "me", "", "Nothing can follow /help"},
		{"/help", "/help", "", "", ""},
		{"/clear", "/clear", "", "", ""},
		{"/clear all", "/clear", "all", "", "Nothing can follow /clear"},
		{"/me waves", "/me", "waves", "*waves*", ""},
		{"/me\twaves\nand goes", "/me", "waves\nand goes", "*waves*\n*and goes*", ""},
		{"/me", "/me", "", "", "Write what you do after /me"},
		{"/me  ", "/me", "", "", "Write what you do after /me"},
		{"/megaphone", "/megaphone", "", "", "There is no command /megaphone"},
		{"/nickAda", "/nickAda", "", "", "There is no command /nickAda"},
		{"/usr/bin is a folder", "/usr/bin", "is a folder", "", "There is no command /usr/bin"},
		{"/ñandú", "/ñandú", "", "", "There is no command /ñandú"},
		{"/" + strings.Repeat("x", 500), "/" + strings.Repeat("x", 500), "", "",
			"There is no command /" + strings.Repeat("x", 29) + "…"},
	} {
		name, rest, said, mistake := app.ReadCommand(tt.text)
		if name != tt.name || rest != tt.rest || said != tt.said {
			t.Errorf("%q is the command %q with %q and sends %q, want %q with %q and %q", tt.text, name, rest, said,
				tt.name, tt.rest, tt.said)
		}
		if !strings.HasPrefix(mistake, tt.mistake) || (mistake == "") != (tt.mistake == "") {
			t.Errorf("%q is answered by %q, want %q", tt.text, mistake, tt.mistake)
		}
	}
}

// TestActLosesNoText checks that readers see the text after /me as the user wrote it, with any signs of Markdown in it.
func TestActLosesNoText(t *testing.T) {
	plain := func(text string) string { return markup.Plain(markup.Parse(text)) }
	for text, want := range map[string]string{
		"waves": "*waves*", "is **very** happy": "", "counts 2*3*4": "", "writes snake_case": "*writes snake_case*",
		"*already*": "", "_all_ *of* it": "", "reads https://example.com/a_b*c": "", "says `a*b`": "", "~~flies~~ walks": "",
		"> quotes": "", "wins 🎉": "*wins 🎉*", "שלום": "*שלום*", "```\ncode\n```": "", "a\n\nb": "*a*\n\n*b*",
	} {
		_, _, said, _ := app.ReadCommand("/me " + text)
		if plain(said) != plain(text) {
			t.Errorf("/me %q is read as %q", text, plain(said))
		}
		if want != "" && said != want {
			t.Errorf("/me %q sends %q, want %q", text, said, want)
		}
	}
}
