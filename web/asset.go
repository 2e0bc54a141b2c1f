package web

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"io"
	"net/http"
	"strconv"
	"strings"
)

const (
	immutable  = "public, max-age=31536000, immutable" // for a file whose name contains the hash of its content
	revalidate = "no-cache"                            // caches may store the answer, but must revalidate it on each use
	noStore    = "no-store"                            // caches must not store the answer
)

// asset is an HTTP answer that is made once, and then sent for every request to its path. It contains the same content
// in one or more content encodings. An asset never changes, so it needs no lock. The patterns in makeEdition let only
// GET and HEAD requests reach it.
type asset struct {
	contentType string
	cache       string    // the header Cache-Control
	version     string    // the header versionHeader: the client's version, or the hash in the asset's name; "": no header
	variants    []variant // the smallest variant first, the plain variant last
}

// variant is an asset in one content encoding.
type variant struct {
	encoding   string // "br", "gzip", or "" for plain
	etag       string // the ETag without its quotes
	body       []byte
	size       int  // how many bytes are sent: len(body) or, if decompress is true, the length of the decompressed body
	decompress bool // true: body is gzip, and is decompressed while it is sent, so that memory need not hold the plain wasm
}

// newAsset returns an asset for body. It adds a gzip variant if the content type is compressible, the body has at least
// 512 bytes, and gzip makes the body more than a tenth smaller.
func newAsset(contentType string, body []byte) (*asset, error) {
	hash := hashOf(body)
	a := &asset{contentType: contentType, cache: revalidate}
	plain := variant{etag: hash, body: body, size: len(body)}
	if compressible(contentType) && len(body) >= 512 {
		gz, err := compress(body)
		if err != nil {
			return nil, err
		}
		if len(gz) < len(body)*9/10 {
			a.variants = append(a.variants, variant{encoding: "gzip", etag: hash + "-gzip", body: gz, size: len(gz)})
		}
	}
	a.variants = append(a.variants, plain)
	return a, nil
}

// newPrecompressedAsset returns an asset whose body web/gen has compressed with brotli and gzip.
func newPrecompressedAsset(contentType string, br, gz []byte) (*asset, error) {
	if _, err := gzip.NewReader(bytes.NewReader(gz)); err != nil {
		return nil, err
	}
	hash := hashOf(br, gz)
	size := int(binary.LittleEndian.Uint32(gz[len(gz)-4:])) // a gzip file ends with the size of its plain content
	return &asset{contentType: contentType, cache: revalidate, variants: []variant{
		{encoding: "br", etag: hash + "-br", body: br, size: len(br)},
		{encoding: "gzip", etag: hash + "-gzip", body: gz, size: len(gz)},
		{etag: hash, body: gz, size: size, decompress: true},
	}}, nil
}

// hashed returns a copy of a for the path that contains the hash of the file. Caches may keep the copy without asking again.
func (a asset) hashed(hash string) *asset {
	a.cache, a.version = immutable, hash
	return &a
}

// notStored returns a copy of a that caches must not store.
func (a asset) notStored() *asset {
	a.cache = noStore
	return &a
}

// withVersion returns a copy of a that belongs to a version of the client. The ETags of the copy contain the version.
// Otherwise, if only the headers of a new version differ, the server would tell the browser that its cached answer is still
// good, and the browser would go on with the headers of the older version.
func (a asset) withVersion(version string) *asset {
	a.version = version
	variants := make([]variant, len(a.variants))
	for i, f := range a.variants {
		f.etag = version + "-" + f.etag
		variants[i] = f
	}
	a.variants = variants
	return &a
}

func (a *asset) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f := a.pick(strings.Join(r.Header.Values("Accept-Encoding"), ","))
	h := w.Header()
	h.Set("Cache-Control", a.cache)
	h.Set("ETag", `"`+f.etag+`"`)
	if len(a.variants) > 1 {
		h.Add("Vary", "Accept-Encoding")
	}
	if a.version != "" {
		h.Set(versionHeader, a.version)
	}
	if matches(r.Header.Values("If-None-Match"), f.etag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", a.contentType)
	h.Set("Content-Length", strconv.Itoa(f.size))
	if f.encoding != "" {
		h.Set("Content-Encoding", f.encoding)
	}
	if r.Method == http.MethodHead {
		return
	}
	f.writeTo(w)
}

// writeTo writes the plain or compressed body to w. It ignores errors: the status is already sent, and an error only means
// that the client has disconnected.
func (v variant) writeTo(w io.Writer) {
	if !v.decompress {
		w.Write(v.body)
		return
	}
	gz, err := gzip.NewReader(bytes.NewReader(v.body))
	if err != nil {
		return // the client notices that the body is too short
	}
	io.Copy(w, gz)
}

// pick returns the variant that the Accept-Encoding header prefers. If the header prefers several variants equally, pick
// returns the smallest of them. If the header excludes all variants, pick returns the plain one: RFC 9110 allows that, and
// it is more useful than an error.
func (a *asset) pick(header string) variant {
	accepts := parseEncodings(header)
	best, bestQ := a.variants[len(a.variants)-1], 0.0
	for _, f := range a.variants {
		if q := accepts.q(f.encoding); q > bestQ {
			best, bestQ = f, q
		}
	}
	return best
}

// encodings is a parsed Accept-Encoding header: names in lower case with their weights.
type encodings map[string]float64

func parseEncodings(header string) encodings {
	e := encodings{}
	for part := range strings.SplitSeq(header, ",") {
		name, params, _ := strings.Cut(part, ";")
		name = strings.ToLower(strings.TrimSpace(name))
		if name == "" {
			continue
		}
		e[name] = weight(params)
	}
	return e
}

// weight returns the parameter q of one encoding. It returns 1 if there is no q, and 0 if q is not a number from 0 to 1.
func weight(params string) float64 {
	for p := range strings.SplitSeq(params, ";") {
		k, v, _ := strings.Cut(strings.TrimSpace(p), "=")
		if strings.EqualFold(strings.TrimSpace(k), "q") {
			q, err := strconv.ParseFloat(strings.TrimSpace(v), 64)
			if err != nil || !(q >= 0 && q <= 1) {
				return 0
			}
			return q
		}
	}
	return 1
}

// q returns the weight of an encoding, 0 if the client does not accept the encoding. The encoding "" means the plain
// variant. If the header names neither identity nor *, the plain variant gets a very small weight, so that pick prefers
// every encoding that the header accepts.
func (e encodings) q(encoding string) float64 {
	name := encoding
	if name == "" {
		name = "identity"
	}
	if q, ok := e[name]; ok {
		return q
	}
	if q, ok := e["*"]; ok {
		return q
	}
	if name == "identity" {
		return 1e-9
	}
	return 0
}

// matches reports whether an If-None-Match header contains etag, by the weak comparison of RFC 9110.
func matches(header []string, etag string) bool {
	for tag := range strings.SplitSeq(strings.Join(header, ","), ",") {
		tag = strings.TrimSpace(tag)
		if tag == "*" || strings.TrimPrefix(tag, "W/") == `"`+etag+`"` {
			return true
		}
	}
	return false
}

func compressible(contentType string) bool {
	return strings.HasPrefix(contentType, "text/") || strings.HasPrefix(contentType, "image/svg") ||
		strings.HasPrefix(contentType, "application/manifest")
}

func compress(body []byte) ([]byte, error) {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(body); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
