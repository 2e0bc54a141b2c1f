package web

import (
	_ "embed"

	"mayfly/app/words"
)

// earlyJS is an inline script, after the shell in the page's HTML. It lets the user write and send before the client
// runs.
//
//go:embed early.js
var earlyJS string

// earlyPatches turn the page that go-app has prerendered into the shell (early.js). go-app puts the client's page in
// the place of the body's first element. The patches put an empty element before the shell, so that the client's page
// does not replace the shell.
var earlyPatches = []replacement{
	{`<div class="page">`, `<div></div>` + "\n" + `    <div class="page shell">`},
	{composerRow, `<div class="composer-early" hidden role="status"><p>` + words.Shell(0, words.Early) +
		`</p><ul></ul></div>` + composerRow},
	{`    <aside`, `    <script>` + earlyJS + `</script>` + "\n" + `    <aside`},
}

// composerRow is the beginning of the row of the composer that contains the field.
const composerRow = `<div class="composer-row">`

// keptMarkup is a hidden element for what the user has written, on a page whose client does not start.
var keptMarkup = `<div class="fault-kept" hidden id="kept"><p>` + words.Shell(0, words.Kept) + `</p><pre></pre></div>`
