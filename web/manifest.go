package web

import (
	"encoding/json"

	"mayfly/app/words"
	"mayfly/shared/wire"
)

const (
	themeLight = "#f6f4ee"
	themeDark  = "#0f2733"

	icon           = "/web/icons/icon.svg"
	icon192        = "/web/icons/icon-192.png"
	icon512        = "/web/icons/icon-512.png"
	iconMaskable   = "/web/icons/maskable-512.png"
	iconMonochrome = "/web/icons/monochrome-512.png"

	screenWide   = "/web/screenshots/wide.png" // the command "make pictures" makes the files screenWide and screenNarrow
	screenNarrow = "/web/screenshots/narrow.png"
)

// manifest is the content of /manifest.webmanifest. It replaces go-app's manifest, which lacks the members id and
// display_override. Without id, browsers would take an installed Mayfly for another app when the start URL changes.
// display_override is a list of display modes: a browser uses the first mode that it supports.
//
// It is one type because each of its many fields is a member of the same JSON object.
type manifest struct {
	ID              string         `json:"id"`
	Name            string         `json:"name"`
	ShortName       string         `json:"short_name"`
	Description     string         `json:"description"`
	Lang            string         `json:"lang"`
	Dir             string         `json:"dir"`
	StartURL        string         `json:"start_url"`
	Scope           string         `json:"scope"`
	Display         string         `json:"display"`
	DisplayOverride []string       `json:"display_override"`
	BackgroundColor string         `json:"background_color"`
	ThemeColor      string         `json:"theme_color"`
	Categories      []string       `json:"categories"`
	LaunchHandler   launchHandler  `json:"launch_handler"`
	PreferRelated   bool           `json:"prefer_related_applications"` // if true, browsers do not offer to install Mayfly
	Icons           []manifestIcon `json:"icons"`
	Screenshots     []screenshot   `json:"screenshots"` // for the install dialog; the service worker does not cache them
	Shortcuts       []shortcut     `json:"shortcuts"`
}

type launchHandler struct {
	ClientMode []string `json:"client_mode"`
}

type manifestIcon struct {
	Src     string `json:"src"`
	Sizes   string `json:"sizes"`
	Type    string `json:"type"`
	Purpose string `json:"purpose"`
}

type screenshot struct {
	Src        string `json:"src"`
	Sizes      string `json:"sizes"`
	Type       string `json:"type"`
	FormFactor string `json:"form_factor"`
	Label      string `json:"label"`
}

type shortcut struct {
	Name  string         `json:"name"`
	URL   string         `json:"url"`
	Icons []manifestIcon `json:"icons"`
}

// makeManifest returns the manifest in the language words.Languages()[n]. b is the name and the look of the chat.
// resolve adds the hash of a file to its path.
func makeManifest(n int, b *Brand, resolve func(string) string) ([]byte, error) {
	language, paper := words.Languages()[n], b.paper()
	return json.MarshalIndent(manifest{
		ID:              "/",
		Name:            b.Name(),
		ShortName:       b.Name(),
		Description:     b.rename(words.Shell(n, words.Description)),
		Lang:            language.Tag,
		Dir:             language.Dir,
		StartURL:        "/?source=pwa",
		Scope:           "/",
		Display:         "standalone",
		DisplayOverride: []string{"standalone", "minimal-ui"},
		BackgroundColor: paper.dark,
		ThemeColor:      paper.dark,
		Categories:      []string{"social", "productivity"},
		LaunchHandler:   launchHandler{ClientMode: []string{"focus-existing", "auto"}},
		Icons: []manifestIcon{
			{resolve(icon192), "192x192", "image/png", "any"},
			{resolve(icon512), "512x512", "image/png", "any"},
			{resolve(icon), "any", "image/svg+xml", "any"},
			{resolve(iconMaskable), "512x512", "image/png", "maskable"},
			{resolve(iconMonochrome), "512x512", "image/png", "monochrome"},
		},
		Screenshots: []screenshot{
			{resolve(screenWide), "1280x800", "image/png", "wide", b.rename(words.Shell(n, words.WideScreen))},
			{resolve(screenNarrow), "390x844", "image/png", "narrow", b.rename(words.Shell(n, words.NarrowScreen))},
		},
		Shortcuts: []shortcut{
			{words.In(n, words.OpenRoomLabel), "/?" + wire.OpenRoomQuery,
				[]manifestIcon{{resolve(icon192), "192x192", "image/png", "any"}}},
		},
	}, "", "  ")
}
