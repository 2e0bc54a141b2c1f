package web

import (
	_ "embed"
	"encoding/json"
	"html"
	"regexp"
	"strings"
	"time"
	"unicode"

	"mayfly/app/words"
	"mayfly/shared/wire"
)

const settingsPath = "/settings.js"

// settingsJS is an inline script in the head of the page, and a file for the page of missing (missing.go). The server
// sends the same page to every user, in the first language. The script reads the user's choices from the device and
// changes the page before the browser draws it: it sets the theme and the size of the text, and translates the
// sentences. settingsScript fills in the placeholders.
//
//go:embed settings.js
var settingsJS string

// translation is what settingsJS knows about a language.
type translation struct {
	Dir      string            `json:"dir"`
	Manifest string            `json:"manifest,omitempty"` // path of the manifest in this language; "": the first language
	Texts    map[string]string `json:"texts"`              // maps a sentence in the first language to its translation
}

// settingsScript returns the text of the script settings.js. pages are the HTML of all pages that load the script. The
// script contains translations only for the sentences of these pages. life is how long a message lives, which some of the
// sentences say. b is the name and the look of the chat.
func settingsScript(life time.Duration, b *Brand, pages ...[]byte) ([]byte, error) {
	stands := map[string]bool{}
	for _, p := range pages {
		for _, m := range standing.FindAllStringSubmatch(string(p), -1) {
			stands[html.UnescapeString(strings.TrimSpace(m[1]+m[2]))] = true
		}
	}
	languages := map[string]translation{}
	for n, l := range words.Languages() {
		t := translation{Dir: l.Dir, Texts: map[string]string{}}
		if n > 0 {
			t.Manifest = manifestPath(l.Tag)
			words.Translations(n, life, func(first, nth string) {
				first, nth = b.rename(first), b.rename(nth)
				if stands[first] && first != nth && strings.ContainsFunc(first, unicode.IsLetter) {
					t.Texts[first] = nth
				}
			})
		}
		languages[l.Tag] = t
	}
	all, err := json.Marshal(languages) // sorted by the tags, so that the script is the same on every node
	if err != nil {
		return nil, err
	}
	brand, err := json.Marshal(b.forClient()) // Marshal writes < as \u003c, so no text can end the script
	if err != nil {
		return nil, err
	}
	paper := b.paper()
	fill := strings.NewReplacer("{{.Languages}}", string(all), "{{.Brand}}", string(brand),
		"{{.First}}", words.Languages()[0].Tag,
		"{{.Lobby}}", wire.DefaultRoom, "{{.Light}}", paper.light, "{{.Dark}}", paper.dark)
	return []byte(fill.Replace(settingsJS)), nil
}

// standing finds, in the HTML of a page, the texts between the tags and the values of the attributes.
var standing = regexp.MustCompile(`>([^<>]+)<|="([^"]+)"`)

// manifestPath returns the path of the manifest in the language with this tag. The manifest in the first language has the
// path that go-app writes into the page.
func manifestPath(tag string) string {
	if tag == words.Languages()[0].Tag {
		return "/manifest.webmanifest"
	}
	return "/manifest." + tag + ".webmanifest"
}
