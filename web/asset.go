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
	immutable  = "public, max-age=31536000, immutable" // for names that are a hash of the content
	revalidate = "no-cache"                            // keep it, but ask whether it is still right
	unkept     = "no-store"                            // keep neither it nor its address
)

// asset is one answer, made at start: the same bytes in one or more content encodings. It is never changed, so it needs no
// lock, and it answers GET and HEAD alone.
type asset struct {
	contentType string
	cache       string // Cache-Control
	version     string // of the whole client, or the hash in the name
	forms       []form // the best compressed first; the last is the plain one
}

// form is an asset in one content encoding.
type form struct {
	encoding string // "br", "gzip", or "" for plain
	etag     string // quoted
	body     []byte
	size     int  // of what is sent
	packed   bool // body is gzip and is unpacked as it is sent, which saves keeping the plain wasm in memory
}

// newAsset returns text or an image, compressed if that is worth it.
func newAsset(contentType string, body []byte) (*asset, error) {
	hash := hashOf(body)
	a := &asset{contentType: contentType, cache: revalidate}
	plain := form{etag: hash, body: body, size: len(body)}
	if compressible(contentType) && len(body) >= 512 {
		gz, err := pack(body)
		if err != nil {
			return nil, err
		}
		if len(gz) < len(body)*9/10 {
			a.forms = append(a.forms, form{encoding: "gzip", etag: hash + "-gzip", body: gz, size: len(gz)})
		}
	}
	a.forms = append(a.forms, plain)
	return a, nil
}

// newPackedAsset returns a file that was compressed when it was built.
func newPackedAsset(contentType string, br, gz []byte) (*asset, error) {
	if _, err := gzip.NewReader(bytes.NewReader(gz)); err != nil {
		return nil, err
	}
	hash := hashOf(br, gz)
	size := int(binary.LittleEndian.Uint32(gz[len(gz)-4:])) // gzip ends with it
	return &asset{contentType: contentType, cache: revalidate, forms: []form{
		{encoding: "br", etag: hash + "-br", body: br, size: len(br)},
		{encoding: "gzip", etag: hash + "-gzip", body: gz, size: len(gz)},
		{etag: hash, body: gz, size: size, packed: true},
	}}, nil
}

// hashed returns a as it is served under the name that holds its hash.
func (a asset) hashed(hash string) *asset {
	a.cache, a.version = immutable, hash
	return &a
}

// unkept returns a as it is served where no cache may keep it.
func (a asset) unkept() *asset {
	a.cache = unkept
	return &a
}

// of returns a as part of a version of the client. The version is in the ETags too: a browser that has these bytes, but with
// the headers of another version, is to take both anew.
func (a asset) of(version string) *asset {
	a.version = version
	forms := make([]form, len(a.forms))
	for i, f := range a.forms {
		f.etag = version + "-" + f.etag
		forms[i] = f
	}
	a.forms = forms
	return &a
}

func (a *asset) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f := a.pick(strings.Join(r.Header.Values("Accept-Encoding"), ","))
	h := w.Header()
	h.Set("Cache-Control", a.cache)
	h.Set("ETag", `"`+f.etag+`"`)
	if len(a.forms) > 1 {
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

// writeTo drops errors: the status is sent, and they only say that the reader has gone.
func (f form) writeTo(w io.Writer) {
	if !f.packed {
		w.Write(f.body)
		return
	}
	gz, err := gzip.NewReader(bytes.NewReader(f.body))
	if err != nil {
		return // the short body tells the reader
	}
	io.Copy(w, gz)
}

// pick returns the form that the Accept-Encoding header likes best, of equals the smallest. Where the header rules out all
// of them it is the plain one, which RFC 9110 allows and which is of more use than an error.
func (a *asset) pick(header string) form {
	accepts := parseEncodings(header)
	best, bestQ := a.forms[len(a.forms)-1], 0.0
	for _, f := range a.forms {
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

// weight returns the q of an element's parameters: 1 when absent, 0 when it is not a number from 0 to 1.
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

// q returns the weight of an encoding, "" being the plain form: that is fine unless ruled out, but any other that is named
// comes before it.
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

// matches reports whether an If-None-Match header holds the tag, by the weak comparison that RFC 9110 asks for.
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

func pack(body []byte) ([]byte, error) {
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
