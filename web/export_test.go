package web

import "io/fs"

// NewFrom does what New does, with the files in static in the place of the embedded ones.
func NewFrom(cfg Config, static fs.FS) (*Handler, error) { return newHandler(cfg, static) }

// Embedded is the static folder that New serves.
func Embedded() (fs.FS, error) { return fs.Sub(embedded, "static") }

// Functions that are tested on their own.
var (
	Tidy           = tidy
	Precached      = precached
	SettingsScript = settingsScript
)

// Patch makes one replacement.
func Patch(text []byte, before, after string) ([]byte, error) {
	return patch(text, []replacement{{before, after}})
}

// CheckSVG is checkSVG.
var CheckSVG = checkSVG

// CheckColours returns how many colours a text of CSS has, and the problems with their contrasts.
func CheckColours(css string) (n int, errs []error) {
	colours := coloursIn(css)
	return len(colours), checkContrast(colours)
}
