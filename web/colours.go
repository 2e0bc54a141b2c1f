package web

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// stylesFile is the file in static with the styles, whose first lines have the colours.
const stylesFile = "mayfly.css"

// pair is a colour in the light theme and in the dark one, each as #rrggbb.
type pair struct{ light, dark string }

// colourLine matches a colour in the styles, and in a brand's file of colours.
var colourLine = regexp.MustCompile(`(?m)^\s*--([a-z0-9-]+):\s*light-dark\((#[0-9a-fA-F]{6}),\s*(#[0-9a-fA-F]{6})\);\s*$`)

// besideColours matches the other lines of a file of colours: an empty line, a comment, :root { and }.
var besideColours = regexp.MustCompile(`^\s*(/\*[^*]*\*/|:root\s*\{|\})?\s*$`)

// coloursIn returns the colours in a text of CSS.
func coloursIn(css string) map[string]pair {
	all := map[string]pair{}
	for _, m := range colourLine.FindAllStringSubmatch(css, -1) {
		all[m[1]] = pair{m[2], m[3]}
	}
	return all
}

// designColours returns the colours of Mayfly's own design.
func designColours() (map[string]pair, error) {
	css, err := fs.ReadFile(embedded, "static/"+stylesFile)
	return coloursIn(string(css)), err
}

// readColours reads the content of a file of colours into b. The file has lines such as
//
//	--accent: light-dark(#0a6572, #74c9d3);
//
// The error has every problem: a line of another kind, a colour that the design does not have, and a colour with too
// little contrast (see checkContrast).
func (b *Brand) readColours(css string) error {
	design, err := designColours()
	if err != nil {
		return err
	}
	var errs []error
	for number, line := range strings.Split(css, "\n") {
		if !besideColours.MatchString(line) && !colourLine.MatchString(line) {
			errs = append(errs, fmt.Errorf("-brand: %s:%d: want a line such as --accent: light-dark(#0a6572, #74c9d3);",
				coloursFile, number+1))
		}
	}
	b.colours = coloursIn(css)
	for _, name := range slices.Sorted(maps.Keys(b.colours)) {
		if _, ok := design[name]; !ok {
			errs = append(errs, fmt.Errorf("-brand: %s has --%s, which the design does not have: want some of --%s",
				coloursFile, name, strings.Join(slices.Sorted(maps.Keys(design)), ", --")))
		}
	}
	maps.Copy(design, b.colours)
	return errors.Join(append(errs, checkContrast(design)...)...)
}

// css returns the colours as the last rule of the styles.
func (b *Brand) css() string {
	rule := "\n:root {\n"
	for _, name := range slices.Sorted(maps.Keys(b.colours)) {
		rule += fmt.Sprintf("  --%s: light-dark(%s, %s);\n", name, b.colours[name].light, b.colours[name].dark)
	}
	return rule + "}\n"
}

// paper returns the colour of the page in both themes.
func (b *Brand) paper() pair {
	if p, ok := b.colours["paper"]; ok {
		return p
	}
	return pair{themeLight, themeDark}
}

// The smallest contrasts that the design allows (docs/design.md). A ground is the colour behind a text or a control.
const (
	textContrast = 4.5 // of a text and its ground
	edgeContrast = 3.0 // of the edge of a control and its ground
)

// grounds are the colours behind texts.
var grounds = []string{"paper", "raised", "own", "side"}

// checkContrast returns a problem for each colour that has too little contrast with its ground.
func checkContrast(colours map[string]pair) (errs []error) {
	check := func(front, ground string, want float64) {
		f, g := colours[front], colours[ground]
		for _, theme := range []struct{ name, front, ground string }{
			{"light", f.light, g.light}, {"dark", f.dark, g.dark},
		} {
			if c := contrast(theme.front, theme.ground); c < want {
				errs = append(errs, fmt.Errorf("-brand: --%s on --%s has a contrast of %.2f in the %s theme: want %.1f "+
					"or more", front, ground, c, theme.name, want))
			}
		}
	}
	for _, ground := range grounds {
		for _, text := range []string{"ink", "muted", "accent"} {
			check(text, ground, textContrast)
		}
		check("edge", ground, edgeContrast)
	}
	for _, ground := range []string{"paper", "raised"} {
		for _, text := range []string{"good", "busy", "bad"} {
			check(text, ground, textContrast)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(colours)) {
		if strings.HasPrefix(name, "tint-") {
			for _, ground := range []string{"paper", "raised", "own"} {
				check(name, ground, textContrast)
			}
		}
	}
	check("on-accent", "accent", textContrast)
	return errs
}

// contrast returns the contrast of two colours as WCAG 2 defines it, from 1 to 21.
func contrast(a, b string) float64 {
	la, lb := luminance(a), luminance(b)
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

// luminance returns the relative luminance of a colour #rrggbb.
func luminance(colour string) float64 {
	value, err := strconv.ParseUint(strings.TrimPrefix(colour, "#"), 16, 32)
	if err != nil {
		return 0 // not reached: colourLine has matched it
	}
	linear := func(shift int) float64 {
		c := float64(value>>shift&0xff) / 255
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(16) + 0.7152*linear(8) + 0.0722*linear(0)
}
