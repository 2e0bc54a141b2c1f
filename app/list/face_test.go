package list_test

import (
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"mayfly/app/list"
)

// A colour has red, green and blue in linear light, from 0 to 1.
type colour [3]float64

// properties returns the colours among the custom properties of the style sheet, by their names, in each theme.
func properties(t *testing.T, css string) (light, dark map[string]colour) {
	t.Helper()
	light, dark = map[string]colour{}, map[string]colour{}
	both := regexp.MustCompile(`--([a-z0-9-]+): light-dark\(#([0-9a-f]{6}), #([0-9a-f]{6})\);`)
	for _, m := range both.FindAllStringSubmatch(css, -1) {
		light[m[1]], dark[m[1]] = colourOf(t, m[2]), colourOf(t, m[3])
	}
	return light, dark
}

// colourOf returns the colour with these six hexadecimal digits.
func colourOf(t *testing.T, digits string) (c colour) {
	t.Helper()
	for i := range c {
		v, err := strconv.ParseUint(digits[2*i:2*i+2], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		if c[i] = float64(v) / 255 / 12.92; v > 10 {
			c[i] = math.Pow((float64(v)/255+0.055)/1.055, 2.4)
		}
	}
	return c
}

// contrast returns the contrast of two colours as WCAG defines it.
func contrast(a, b colour) float64 {
	light := func(c colour) float64 { return 0.2126*c[0] + 0.7152*c[1] + 0.0722*c[2] + 0.05 }
	return max(light(a), light(b)) / min(light(a), light(b))
}

// distance returns how far apart two colours are for the eye, by OKLab.
func distance(a, b colour) float64 {
	lab := func(c colour) [3]float64 {
		l := math.Cbrt(0.4122214708*c[0] + 0.5363325363*c[1] + 0.0514459929*c[2])
		m := math.Cbrt(0.2119034982*c[0] + 0.6806995451*c[1] + 0.1073969566*c[2])
		s := math.Cbrt(0.0883024619*c[0] + 0.2817188376*c[1] + 0.6299787005*c[2])
		return [3]float64{
			0.2104542553*l + 0.7936177850*m - 0.0040720468*s,
			1.9779984951*l - 2.4285922050*m + 0.4505937099*s,
			0.0259040371*l + 0.7827717662*m - 0.8086757660*s,
		}
	}
	x, y := lab(a), lab(b)
	return math.Hypot(math.Hypot(x[0]-y[0], x[1]-y[1]), x[2]-y[2])
}

// TestTints reads the style sheet: in both themes each colour of a face can be read on every ground of a message, and the
// ground on it; and no two colours look nearly the same.
func TestTints(t *testing.T) {
	sheet, err := os.ReadFile("../../web/static/mayfly.css")
	if err != nil {
		t.Fatal(err)
	}
	light, dark := properties(t, string(sheet))
	for theme, colours := range map[string]map[string]colour{"light": light, "dark": dark} {
		for i := range list.Tints {
			tint, ok := colours["tint-"+strconv.Itoa(i)]
			if !ok || strings.Count(string(sheet), ".face-"+strconv.Itoa(i)+" {") != 1 {
				t.Errorf("%s: there is no tint %d", theme, i)
			}
			for _, ground := range []string{"paper", "raised", "own"} {
				if c := contrast(tint, colours[ground]); c < 4.5 {
					t.Errorf("%s: tint %d on %s has a contrast of %.2f, want 4.5", theme, i, ground, c)
				}
			}
			for j := range i {
				if d := distance(tint, colours["tint-"+strconv.Itoa(j)]); d < 0.075 {
					t.Errorf("%s: tints %d and %d are only %.3f apart", theme, j, i, d)
				}
			}
		}
	}
	if strings.Contains(string(sheet), "tint-"+strconv.Itoa(list.Tints)) {
		t.Errorf("the style sheet has more than %d tints", list.Tints)
	}
}

// TestTintOfAPerson: every colour is that of about as many people as any other.
func TestTintOfAPerson(t *testing.T) {
	const people = 16000
	count := map[string]int{}
	for i := range people {
		count[list.Tint("user-"+strconv.Itoa(i))]++
	}
	for i := range list.Tints {
		if n := count[strconv.Itoa(i)]; n < people/list.Tints*3/4 || n > people/list.Tints*5/4 {
			t.Errorf("tint %d is that of %d people of %d", i, n, people)
		}
	}
	if len(count) != list.Tints {
		t.Errorf("people have %d colours, want %d", len(count), list.Tints)
	}
}
