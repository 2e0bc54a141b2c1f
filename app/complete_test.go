package app_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"mayfly/app"
	"mayfly/shared/markup"
	"mayfly/shared/wire"
)

func TestStemOf(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "hello": "", ":": "", ":D": "", ":ta": ":ta", "so :+1": ":+1", "(:ta": ":ta", "🎉:ta": ":ta", ":TA": ":TA",
		"12:30": "", "https://x": "", "note:this": "", ":ta da": "", ":ta\n": "", "a\n:ta": ":ta", ":tada:": "", "`:ta": "",
		"`a` :ta": ":ta", "``` :ta": "", "```\n:ta": "", "```\n@ad": "", "```\na\n```\n:ta": ":ta", "`\n:ta": ":ta",
		"https://x.org/:ta": "", "https://x.org/@ad": "", "see https://x.org @ad": "@ad", "https://x.org\t:ta": ":ta",
		"@": "@", "hi @": "@", "hi @ad": "@ad", "@Ada Lo": "@Ada Lo", "a@b": "", "1@": "",
		"(@ad": "@ad", "@ada :ta": ":ta", "@\n": "", "`@ada": "", "@éa": "@éa", "@" + strings.Repeat("x", 41): "",
	} {
		if got := app.StemOf(text); got != want {
			t.Errorf("the stem of %q is %q, want %q", text, got, want)
		}
	}
}

func TestSuggestEmoji(t *testing.T) {
	for text, want := range map[string]string{
		":tad": ":tada:", ":+1": ":+1:", ":hea": ":heart: :heart_eyes: :hear_no_evil: :heavy_check_mark: :kissing_heart:" +
			" :exploding_head:", ":SMILE": ":smile: :smiley: :sweat_smile:", ":zzzz": "",
	} {
		if got := strings.Join(app.Suggest(text, nil, ""), " "); got != want {
			t.Errorf("%s is completed by %q, want %q", text, got, want)
		}
	}
	for text, want := range map[string]string{
		":tada:": "🎉", "so :+1:": "👍", ":TADA:": "🎉", ":tadaa:": "",
		"https://x.org/:tada:": "", "```\n:tada:": "", "```\n`a`\n:tada:": "", "a ` b\n:tada:": "🎉",
		"tada:": "", "a:tada:": "", "`:tada:": "", "::": "", "12:30:": "",
	} {
		if got, size := app.EmojiOf(text); got != want || got != "" && !strings.HasPrefix(text[len(text)-size:], ":") {
			t.Errorf("%s becomes %q in the place of %d bytes, want %q", text, got, size, want)
		}
	}
}

// TestShortcodes checks the table: names that can be written and that are there once, each with one emoji.
func TestShortcodes(t *testing.T) {
	table := app.Shortcodes()
	if len(table)%2 != 0 || len(table) < 300 {
		t.Fatalf("the table has %d words", len(table))
	}
	seen := make(map[string]bool)
	for pair := range slices.Chunk(table, 2) {
		name, emoji := pair[0], pair[1]
		if seen[name] {
			t.Errorf("%s is there twice", name)
		}
		seen[name] = true
		if !markup.EmojiOnly(emoji) {
			t.Errorf("%s is %q, which is no emoji", name, emoji)
		}
		if got := app.StemOf(":" + name); len(name) > 1 && got != ":"+name {
			t.Errorf(":%s cannot be written: it is read as %q", name, got)
		}
	}
}

var here = []wire.User{
	{ID: "u-me", Name: "Me"}, {ID: "u-ada1", Name: "Ada Lovelace"}, {ID: "u-ada2", Name: "Ada"},
	{ID: "g-bob1", Name: "Bob", Anonymous: true}, {ID: "u-bob2", Name: "bob"},
	{ID: "g-heron", Name: "Anonymous Heron", Anonymous: true}, {ID: "u-amanda", Name: "Amanda"},
}

func TestSuggestUsers(t *testing.T) {
	many := make([]wire.User, 50)
	for i := range many {
		many[i] = wire.User{ID: fmt.Sprint("u-", i), Name: fmt.Sprint("User ", i)}
	}
	for _, tt := range []struct {
		text  string
		users []wire.User
		want  string
	}{
		{"@ada", here, "Ada, Ada Lovelace"},
		{"@ada l", here, "Ada Lovelace"},
		{"@love", here, "Ada Lovelace"},
		{"@an", here, "Amanda"},
		{"@bob", here, "Bob guest · bob1, bob bob2"},
		{"@her", here, "Heron guest"},
		{"@me", here, ""},
		{"@nobody", here, ""},
		{"@", many, "User 0, User 1, User 2, User 3, User 4, User 5"},
		{"@9", many, "User 9, User 19, User 29, User 39, User 49"},
		{"@", nil, ""},
	} {
		var got []string
		for _, s := range app.Suggest(tt.text, tt.users, "u-me") {
			got = append(got, strings.TrimSpace(s))
		}
		if s := strings.Join(got, ", "); tt.text != "@9" && s != tt.want || tt.text == "@9" && len(got) != 5 {
			t.Errorf("%s is completed by %q, want %q", tt.text, s, tt.want)
		}
	}
}

func TestAddressed(t *testing.T) {
	for _, tt := range []struct {
		text   string
		picked string
		want   string
	}{
		{"hello", "", ""},
		{"@Ada, look", "", "u-ada2"},
		{"@ada lovelace!", "", "u-ada1"},
		{"@Ada Lovelaces", "", "u-ada2"},
		{"@Adam", "", ""},
		{"write to x@Ada", "", ""},
		{"@Bob", "", ""},
		{"@Bob", "u-bob2", "u-bob2"},
		{"@Nobody", "u-bob2", ""},
		{"@Heron and @Anonymous Heron", "", "g-heron"},
		{"@Amanda @Ada @Amanda", "", "u-amanda u-ada2"},
		{"@Amanda@example.org", "", ""},
		{"**@Amanda**", "", "u-amanda"},
		{"`@Amanda`", "", ""},
		{"```\n@Amanda\n```", "", ""},
		{"@" + strings.Repeat("@", 4000), "", ""},
	} {
		got := strings.Join(app.Addressed(tt.text, here, strings.Fields(tt.picked)), " ")
		if got != tt.want {
			t.Errorf("%q with %q picked addresses %q, want %q", tt.text, tt.picked, got, tt.want)
		}
	}
}
