package main

import (
	"encoding/binary"
	"hash/crc32"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestFilm checks that the first picture of README.md is the film that make pictures makes: an animated PNG of 8 to 15 s and
// at most 1 MB, which begins again when it has ended.
func TestFilm(t *testing.T) {
	const path = "docs/expiry.png"
	before, tag, ok := strings.Cut(pages(t)["README.md"], "<img")
	tag, _, _ = strings.Cut(tag, ">")
	if !ok || !strings.Contains(tag, `src="`+path+`"`) || !strings.Contains(tag, `alt="`) ||
		strings.Contains(before, "\n## ") {
		t.Errorf("the first picture of README.md is %q: want %s, with an alt text, above the first heading", tag, path)
	}
	film, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	if len(film) > 1_000_000 {
		t.Errorf("%s has %d bytes", path, len(film))
	}
	const start = "\x89PNG\r\n\x1a\n"
	if !strings.HasPrefix(string(film), start) {
		t.Fatalf("%s begins with %q", path, film[:len(start)])
	}
	be := binary.BigEndian
	var length time.Duration
	var names []string
	numbered := uint32(0)
	for rest := film[len(start):]; len(rest) > 0; {
		end := 8 + be.Uint32(rest)
		name, data := string(rest[4:8]), rest[8:end]
		if be.Uint32(rest[end:]) != crc32.ChecksumIEEE(rest[4:end]) {
			t.Errorf("the checksum of chunk %d, %s, is wrong", len(names), name)
		}
		switch name {
		case "acTL":
			if frames, plays := be.Uint32(data), be.Uint32(data[4:]); frames < 10 || plays != 0 {
				t.Errorf("%s has %d frames, and is played %d times: want at least 10, and 0, which is without end",
					path, frames, plays)
			}
		case "fcTL":
			length += time.Duration(be.Uint16(data[20:])) * time.Second / time.Duration(be.Uint16(data[22:]))
		}
		if name == "fcTL" || name == "fdAT" {
			if be.Uint32(data) != numbered {
				t.Errorf("chunk %d, %s, has number %d, want %d", len(names), name, be.Uint32(data), numbered)
			}
			numbered++
		}
		names = append(names, name)
		rest = rest[end+crc32.Size:]
	}
	if order := strings.Join(names, " "); !strings.HasPrefix(order, "IHDR acTL PLTE tRNS fcTL IDAT fcTL fdAT ") ||
		!strings.HasSuffix(order, " IEND") {
		t.Errorf("%s is no animated PNG: its chunks are %s", path, order)
	}
	if length < 8*time.Second || length > 15*time.Second {
		t.Errorf("%s takes %s", path, length)
	}
}
