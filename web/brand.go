package web

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"image/png"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Brand is the name and the look that an operator gives the chat in place of Mayfly's, with the flags -name, -welcome
// and -brand. Make it with ReadBrand. The zero value is Mayfly's own name and look. A Brand contains only texts, icons
// and colours that ReadBrand has checked: none of them runs code, or loads anything from elsewhere.
type Brand struct {
	name    string            // "": Mayfly
	welcome string            // is shown before the sentence of a user's first visit; "": nothing
	icons   map[string][]byte // maps the name of a file in static to the content that replaces it
	colours map[string]pair   // maps the name of a CSS custom property, without --, to its colour
}

const (
	maxName    = 32        // the most characters of -name
	maxWelcome = 200       // the most characters of -welcome
	maxIcon    = 512 << 10 // the most bytes of a file of -brand
)

// coloursFile is the file with the colours in the folder of -brand.
const coloursFile = "colours.css"

// iconSizes maps the file name of each icon of a brand to the width and height of the PNG, in pixels; 0: it is no PNG.
var iconSizes = map[string]int{"icon.svg": 0, "favicon.ico": 0, "icon-192.png": 192, "icon-512.png": 512,
	"maskable-512.png": 512, "monochrome-512.png": 512}

// ReadBrand checks a name, a sentence of welcome and a folder with icons and colours, each of which may be "". The error has
// every problem, and names the flags of mayfly serve.
func ReadBrand(name, welcome, folder string) (Brand, error) {
	b := Brand{name: name, welcome: welcome}
	errs := []error{checkName(name), checkWelcome(welcome)}
	if folder != "" {
		errs = append(errs, b.read(folder))
	}
	return b, errors.Join(errs...)
}

// checkName returns the problem with a name. The name stands in HTML, in JavaScript and in JSON, so it may contain only
// characters that have no special meaning there.
func checkName(name string) error {
	strange := func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r) && !strings.ContainsRune(" -.+!", r)
	}
	if utf8.RuneCountInString(name) > maxName || strings.TrimSpace(name) != name || strings.ContainsFunc(name, strange) {
		return fmt.Errorf("-name is %q: want up to %d letters, digits, spaces and -.+!, such as Acme Chat", name, maxName)
	}
	return nil
}

func checkWelcome(welcome string) error {
	if utf8.RuneCountInString(welcome) > maxWelcome || !utf8.ValidString(welcome) ||
		strings.ContainsFunc(welcome, unicode.IsControl) {
		return fmt.Errorf("-welcome has %d characters: want a sentence of up to %d, in one line",
			utf8.RuneCountInString(welcome), maxWelcome)
	}
	return nil
}

// read reads the icons and colours in the folder of -brand into b. The error has every problem.
func (b *Brand) read(folder string) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return fmt.Errorf("-brand: %w: want a folder that this user may read", err)
	}
	var errs []error
	wrong := func(name, format string, args ...any) {
		errs = append(errs, fmt.Errorf("-brand has %s: "+format, slices.Insert(args, 0, any(name))...))
	}
	b.icons = map[string][]byte{}
	for _, e := range entries {
		name := e.Name()
		size, isIcon := iconSizes[name]
		if !isIcon && name != coloursFile {
			wrong(name, "want only icons (%s) and %s", strings.Join(iconNames(), ", "), coloursFile)
			continue
		}
		content, err := readSmall(filepath.Join(folder, name))
		if err == nil && name == coloursFile {
			errs = append(errs, b.readColours(string(content)))
			continue
		}
		if err == nil {
			err = checkIcon(name, size, content)
		}
		if err != nil {
			wrong(name, "%w", err)
		}
		b.icons[staticName(name)] = content
	}
	if n := len(b.icons); n > 0 && n < len(iconSizes) {
		errs = append(errs, fmt.Errorf("-brand has %d icons: want all of %s, because devices choose among them", n,
			strings.Join(iconNames(), ", ")))
	}
	return errors.Join(errs...)
}

// iconNames returns the names of the icons, sorted.
func iconNames() (names []string) {
	for name := range iconSizes {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// staticName returns the name in static of the file that an icon replaces.
func staticName(icon string) string {
	if atRoot[icon] {
		return icon
	}
	return "icons/" + icon
}

// readSmall reads a file of at most maxIcon bytes.
func readSmall(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%w: want a file that this user may read", err)
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, maxIcon+1))
	if err == nil && len(content) > maxIcon {
		err = fmt.Errorf("want %d KiB at most", maxIcon>>10)
	}
	return content, err
}

// checkIcon returns the problem with an icon. size is the width and height that a PNG must have, in pixels.
func checkIcon(name string, size int, content []byte) error {
	switch filepath.Ext(name) {
	case ".svg":
		return checkSVG(content)
	case ".ico":
		if !bytes.HasPrefix(content, []byte{0, 0, 1, 0}) {
			return errors.New("want an icon in the format ICO")
		}
		return nil
	}
	picture, err := png.DecodeConfig(bytes.NewReader(content))
	if err != nil || picture.Width != size || picture.Height != size {
		return fmt.Errorf("want a PNG of %d × %d pixels", size, size)
	}
	return nil
}

// drawing are the elements that an SVG may have: shapes, text and their colours, and nothing that runs or loads anything.
var drawing = []string{"svg", "g", "defs", "title", "desc", "path", "rect", "circle", "ellipse", "line", "polyline",
	"polygon", "text", "tspan", "use", "symbol", "clipPath", "mask", "linearGradient", "radialGradient", "stop", "filter",
	"feGaussianBlur", "feOffset", "feMerge", "feMergeNode", "feFlood", "feComposite", "feBlend", "feColorMatrix"}

// checkSVG returns the problem with an SVG. A browser that opens it as a page must run nothing and load nothing.
func checkSVG(content []byte) error {
	decoder := xml.NewDecoder(bytes.NewReader(content))
	for first := true; ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) && !first {
			return nil
		}
		if err != nil {
			return fmt.Errorf("want an SVG: %w", err)
		}
		switch t := token.(type) {
		case xml.Directive:
			return errors.New("it has a DOCTYPE or an entity: want it without")
		case xml.StartElement:
			if first && t.Name.Local != "svg" || !slices.Contains(drawing, t.Name.Local) {
				return fmt.Errorf("it has the element %s: want shapes and texts alone", t.Name.Local)
			}
			first = false
			for _, a := range t.Attr {
				name, value := strings.ToLower(a.Name.Local), strings.ToLower(a.Value)
				outside := strings.Contains(value, "url(") && !strings.Contains(value, "url(#")
				if strings.HasPrefix(name, "on") || name == "href" && !strings.HasPrefix(value, "#") || outside ||
					strings.Contains(value, "javascript:") {
					return fmt.Errorf("it has the attribute %s=%q: want nothing that runs or loads anything", a.Name.Local,
						a.Value)
				}
			}
		}
	}
}

// apply puts the icons and colours of b into f. static has Mayfly's own styles.
func (b *Brand) apply(f *files, static fs.FS) error {
	for name, content := range b.icons {
		a, err := newAsset(contentTypes[filepath.Ext(name)], content)
		if err != nil {
			return err
		}
		f.put(name, a)
	}
	if len(b.colours) == 0 {
		return nil
	}
	css, err := fs.ReadFile(static, stylesFile)
	if err != nil {
		return err
	}
	a, err := newAsset(contentTypes[".css"], append(css, b.css()...))
	if err != nil {
		return err
	}
	f.put(stylesFile, a)
	return nil
}

// Name returns the name of the chat.
func (b *Brand) Name() string {
	if b.name == "" {
		return title
	}
	return b.name
}

// named returns what notifications have behind their titles: a dash and the name, or "" for Mayfly.
func (b *Brand) named() string {
	if b.name == "" {
		return ""
	}
	return " – " + b.name
}

// rename returns text with the name of the chat in the place of Mayfly's. The name needs no quoting (see checkName).
func (b *Brand) rename(text string) string { return strings.ReplaceAll(text, title, b.Name()) }

// forClient returns what settings.js tells the client: the name and the sentence of welcome. If b has neither, the map
// is empty.
func (b *Brand) forClient() map[string]string {
	if b.name == "" && b.welcome == "" {
		return map[string]string{}
	}
	return map[string]string{"name": b.Name(), "welcome": b.welcome}
}
