package measure_test

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"maps"
	"slices"
	"testing"
	"time"
)

// An animation is an animated PNG in the making: a PNG with chunks for further frames, as the PNG specification (third
// edition, 2025) describes it. The standard library encodes the pixels of each frame, but it writes no animated PNG. All
// frames have one palette. Each frame but the first holds only the rectangle that differs from the frame before, and is
// transparent where the two are equal. So a page on which little moves makes a small file.
type animation struct {
	t      *testing.T
	frames []frame
}

// A frame is a picture, and how long the animation shows it.
type frame struct {
	picture *image.RGBA
	shown   time.Duration
}

// add appends a picture of screenshots side by side, which are encoded PNGs of one size. If the picture equals the last
// frame, that frame is shown longer instead.
func (a *animation) add(shown time.Duration, screenshots ...[]byte) {
	a.t.Helper()
	var picture *image.RGBA
	for i, screenshot := range screenshots {
		decoded, err := png.Decode(bytes.NewReader(screenshot))
		if err != nil {
			a.t.Fatal(err)
		}
		size := decoded.Bounds().Size()
		if picture == nil {
			picture = image.NewRGBA(image.Rect(0, 0, size.X*len(screenshots), size.Y))
		}
		draw.Draw(picture, image.Rectangle{Max: size}.Add(image.Pt(i*size.X, 0)), decoded, image.Point{}, draw.Src)
	}
	if n := len(a.frames); n > 0 && bytes.Equal(a.frames[n-1].picture.Pix, picture.Pix) {
		a.frames[n-1].shown += shown
		return
	}
	a.frames = append(a.frames, frame{picture, shown})
}

// encode returns the animation as an animated PNG, which begins again whenever it has ended.
func (a *animation) encode() []byte {
	a.t.Helper()
	be, file := binary.BigEndian, []byte("\x89PNG\r\n\x1a\n")
	chunk := func(name string, data []byte) {
		file = be.AppendUint32(file, uint32(len(data)))
		start := len(file)
		file = append(append(file, name...), data...)
		file = be.AppendUint32(file, crc32.ChecksumIEEE(file[start:]))
	}
	number := uint32(0) // of the next chunk fcTL or fdAT, which count together
	for i, picture := range a.pictures() {
		chunks := a.chunks(picture)
		if i == 0 {
			chunk("IHDR", chunks["IHDR"])
			chunk("acTL", be.AppendUint32(be.AppendUint32(nil, uint32(len(a.frames))), 0)) // 0: it is repeated without end
			chunk("PLTE", chunks["PLTE"])
			chunk("tRNS", chunks["tRNS"])
		}
		control := be.AppendUint32(nil, number)
		for _, n := range []int{picture.Rect.Dx(), picture.Rect.Dy(), picture.Rect.Min.X, picture.Rect.Min.Y} {
			control = be.AppendUint32(control, uint32(n))
		}
		control = be.AppendUint16(be.AppendUint16(control, uint16(a.frames[i].shown.Milliseconds())), 1000)
		chunk("fcTL", append(control, 0, 1)) // 0: the frame stays, 1: and what is transparent in the next shows it
		number++
		if i == 0 {
			chunk("IDAT", chunks["IDAT"])
			continue
		}
		chunk("fdAT", append(be.AppendUint32(nil, number), chunks["IDAT"]...))
		number++
	}
	chunk("IEND", nil)
	return file
}

// pictures returns what each frame adds to the frame before, in the colours of the palette.
func (a *animation) pictures() (parts []*image.Paletted) {
	palette, index := a.palette()
	screen := image.NewPaletted(a.frames[0].picture.Rect, palette)
	for _, f := range a.frames {
		part, at := image.NewPaletted(screen.Rect, palette), image.Rectangle{}
		for i := range part.Pix {
			next := index[[4]byte(f.picture.Pix[4*i:])]
			if next == screen.Pix[i] {
				continue
			}
			part.Pix[i], screen.Pix[i] = next, next
			x, y := i%part.Stride, i/part.Stride
			at = at.Union(image.Rect(x, y, x+1, y+1))
		}
		parts = append(parts, part.SubImage(at).(*image.Paletted))
	}
	return parts
}

// palette returns at most 256 colours, the first of which is transparent: the most frequent colours of the frames, without
// those that are near a more frequent colour. index says which of them stands for each pixel of the frames.
func (a *animation) palette() (palette color.Palette, index map[[4]byte]uint8) {
	count := map[[4]byte]int{}
	for _, f := range a.frames {
		for pixel := range slices.Chunk(f.picture.Pix, 4) {
			count[[4]byte(pixel)]++
		}
	}
	frequent := slices.SortedFunc(maps.Keys(count), func(p, q [4]byte) int {
		return cmp.Or(count[q]-count[p], bytes.Compare(p[:], q[:]))
	})
	for near := 0; ; near++ {
		palette, index = color.Palette{color.RGBA{}}, map[[4]byte]uint8{}
		for _, p := range frequent {
			c := color.RGBA{p[0], p[1], p[2], p[3]}
			nearest := palette.Index(c)
			if apart(c, palette[nearest].(color.RGBA)) > near {
				nearest, palette = len(palette), append(palette, c)
			}
			index[p] = uint8(nearest)
		}
		if len(palette) <= 256 {
			return palette, index
		}
	}
}

// apart returns the largest difference between two colours in red, green, blue or opacity.
func apart(a, b color.RGBA) int {
	differ := func(a, b uint8) int { return max(int(a)-int(b), int(b)-int(a)) }
	return max(differ(a.R, b.R), differ(a.G, b.G), differ(a.B, b.B), differ(a.A, b.A))
}

// chunks encodes the picture as a PNG, and returns the data of its chunks by their names. The data of several chunks IDAT
// are joined.
func (a *animation) chunks(picture image.Image) map[string][]byte {
	a.t.Helper()
	var file bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&file, picture); err != nil {
		a.t.Fatal(err)
	}
	chunks := map[string][]byte{}
	for rest := file.Bytes()[len("\x89PNG\r\n\x1a\n"):]; len(rest) > 0; {
		length, name := binary.BigEndian.Uint32(rest), string(rest[4:8])
		chunks[name] = append(chunks[name], rest[8:8+length]...)
		rest = rest[8+length+crc32.Size:]
	}
	return chunks
}
