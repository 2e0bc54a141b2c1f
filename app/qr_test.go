package app_test

import (
	"image"
	"image/color"
	"regexp"
	"strconv"
	"strings"
	"testing"

	qrreader "github.com/piglig/go-qr"

	"mayfly/app"
)

var (
	qrSize = regexp.MustCompile(`viewBox="0 0 (\d+) (\d+)"`)
	qrRun  = regexp.MustCompile(`M(\d+) (\d+)h(\d+)v1H\d+z`)
)

// drawn returns the image of a QR code as a camera sees it: four pixels for each unit of the SVG image.
func drawn(t *testing.T, svg string) (picture *image.Gray, size int) {
	t.Helper()
	box := qrSize.FindStringSubmatch(svg)
	if box == nil || box[1] != box[2] {
		t.Fatalf("the image is no square: %.100s", svg)
	}
	size, _ = strconv.Atoi(box[1])
	const scale = 4
	picture = image.NewGray(image.Rect(0, 0, size*scale, size*scale))
	for i := range picture.Pix {
		picture.Pix[i] = 255
	}
	number := func(s string) int { n, _ := strconv.Atoi(s); return n * scale }
	for _, run := range qrRun.FindAllStringSubmatch(svg, -1) {
		x, y, width := number(run[1]), number(run[2]), number(run[3])
		for dx := range width {
			for dy := range scale {
				picture.SetGray(x+dx, y+dy, color.Gray{})
			}
		}
	}
	return picture, size
}

// TestQRCodeLeadsToTheRoom has another library than the page's read the code.
func TestQRCodeLeadsToTheRoom(t *testing.T) {
	for _, link := range []string{"http://localhost:8080/", "https://chat.example.com/r/team",
		"https://a.very.long.name.of.a.host.example.com:8443/r/" + strings.Repeat("team-", 12) + "four"} {
		picture, size := drawn(t, app.QRImage(link))
		if got, err := qrreader.Decode(picture); err != nil || got != link {
			t.Errorf("the code of %s reads %q, %v", link, got, err)
		}
		// The quiet zone: four light modules on each side.
		for i := range size * 4 {
			for j := range 16 {
				for _, p := range []image.Point{{i, j}, {j, i}, {i, size*4 - 1 - j}, {size*4 - 1 - j, i}} {
					if picture.GrayAt(p.X, p.Y).Y == 0 {
						t.Fatalf("the code of %s is dark at %v, in its quiet zone", link, p)
					}
				}
			}
		}
	}
	if got := app.QRImage(strings.Repeat("a", 5000)); got != "" {
		t.Errorf("a text that is too long has the code %.40q", got)
	}
}
