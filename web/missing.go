package web

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"mayfly/app/words"
)

// missing answers a request for a path at which there is nothing. A browser gets a small page with a link to the chat. That
// page has Mayfly's styles and the script that translates the page, but not the client. Other clients get a line of plain
// text. The page and the line are the same for every request. Caches must not store them, because a newer version of Mayfly
// may have something at that path.
type missing struct{ page, text []byte }

// missingPage is a format for package fmt. fillMissing replaces the first three %s by the paths of the icon, the styles and
// the script settings.js, and the other four %s by sentences.
const missingPage = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<link rel="icon" href="%s">
<link rel="stylesheet" href="%s">
<script src="%s"></script>
<title>%s</title>
</head>
<body>
<main class="fault">
<h1>%s</h1>
<p>%s</p>
<a class="way-on" href="/">%s</a>
</main>
</body>
</html>
`

const missingText = "404: there is nothing at this address.\n"

func newMissing(f *files, b *Brand) *missing {
	return &missing{page: fillMissing(f, b), text: []byte(missingText)}
}

// fillMissing returns the page for a browser.
func fillMissing(f *files, b *Brand) []byte {
	page := fmt.Sprintf(missingPage, f.Resolve(icon), f.Resolve(styles), settingsPath, words.Shell(0, words.NoPageTitle),
		words.Shell(0, words.NoSuchPage), words.Shell(0, words.NothingHere), words.In(0, words.GoToLobby))
	return []byte(b.rename(page))
}

func (m *missing) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	contentType, body := "text/plain; charset=utf-8", m.text
	if wantsPage(strings.Join(r.Header.Values("Accept"), ",")) {
		contentType, body = "text/html; charset=utf-8", m.page
	}
	h := w.Header()
	h.Set("Cache-Control", noStore)
	h.Add("Vary", "Accept")
	h.Set("Content-Type", contentType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(http.StatusNotFound)
	if r.Method != http.MethodHead {
		w.Write(body)
	}
}

// wantsPage reports whether an Accept header names HTML, and prefers neither JSON nor plain text to HTML. Browsers send such
// a header when they open a page. parseEncodings can parse it, because it has the same form as Accept-Encoding.
func wantsPage(accept string) bool {
	weights := parseEncodings(accept)
	html := weights["text/html"]
	return html > 0 && html >= weights["application/json"] && html >= weights["text/plain"]
}
