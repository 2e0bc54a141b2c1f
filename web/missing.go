package web

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// missing answers a request for a path at which there is nothing. A browser gets a small page that leads to the chat, with
// Mayfly's styles and without a script. Other clients get a line of plain text. Both are the same for
// every request. Caches must store neither, because a newer version may have something at that path.
type missing struct{ page, text []byte }

// missingPage is the format of the page. Its two verbs stand for the paths of the icon and of the styles.
const missingPage = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>No such page – Mayfly</title>
<link rel="icon" href="%s">
<link rel="stylesheet" href="%s">
</head>
<body>
<main class="fault">
<h1>No such page</h1>
<p>There is nothing at this address. A room's address is like /r/team.</p>
<a class="way-on" href="/">Go to #lobby</a>
</main>
</body>
</html>
`

const missingText = "404: there is nothing at this address.\n"

func newMissing(f *files) *missing {
	return &missing{page: fmt.Appendf(nil, missingPage, f.Resolve(icon), f.Resolve(styles)), text: []byte(missingText)}
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

// wantsPage reports whether an Accept header names HTML, as browsers do when they open a page, and prefers neither JSON nor
// plain text. The header has the same form as Accept-Encoding.
func wantsPage(accept string) bool {
	weights := parseEncodings(accept)
	html := weights["text/html"]
	return html > 0 && html >= weights["application/json"] && html >= weights["text/plain"]
}
