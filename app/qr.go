package app

import (
	"fmt"
	"strings"

	"rsc.io/qr"
)

// quietZone is the width of the empty border around a QR code, in modules; a module is one small square of the code. Without
// this border, a camera may not find the code.
const quietZone = 4

// qrPath returns the QR code of text as the path of an SVG image, and the width of the image with the quiet zone. In the
// image, a module is one unit wide. The path has one rectangle for each run of dark modules in a line. If text is too long
// for a QR code, path is ""; the address of a room is never too long.
func qrPath(text string) (path string, size int) {
	code, err := qr.Encode(text, qr.M) // qr.M: the middle level of error correction, which is enough for a screen
	if err != nil {
		return "", 0
	}
	var b strings.Builder
	for y := range code.Size {
		for x := 0; x < code.Size; x++ {
			from := x
			for code.Black(x, y) {
				x++
			}
			if x > from {
				fmt.Fprintf(&b, "M%d %dh%dv1H%dz", from+quietZone, y+quietZone, x-from, from+quietZone)
			}
		}
	}
	return b.String(), code.Size + 2*quietZone
}

// qrImage returns the QR code of text as an SVG image, or "" if text is too long. The code is black on white in every theme,
// because some cameras can't read a light code on a dark ground. Screen readers skip the image (aria-hidden).
func qrImage(text string) string {
	path, size := qrPath(text)
	if path == "" {
		return ""
	}
	return fmt.Sprintf(`<svg class="qr" viewBox="0 0 %d %d" shape-rendering="crispEdges" aria-hidden="true">`+
		`<path fill="#fff" d="M0 0h%dv%dH0z"/><path fill="#000" d="%s"/></svg>`, size, size, size, size, path)
}
