package certs

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
)

const (
	maxAnswer = 64 << 10 // how many bytes of an answer of the authority are read for what it says about a failure
	maxSaid   = 500      // how many bytes of what it says go into the log
)

// answers is a transport that remembers the last failure that the authority has told. autocert does not pass it on: its
// error only says that no challenge has worked.
type answers struct {
	next http.RoundTripper

	mu   sync.Mutex // guards said
	said string
}

// problem is a failure in an answer: a problem document (RFC 7807), or one in an authorization that has failed.
type problem struct {
	Type       string          `json:"type"`
	Detail     string          `json:"detail"`
	Error      *problem        `json:"error"`
	Challenges json.RawMessage `json:"challenges"`
}

// badNonce is the type of a problem that is not a failure: the ACME client just repeats the request.
const badNonce = "urn:ietf:params:acme:error:badNonce"

// RoundTrip implements http.RoundTripper.
func (a *answers) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := a.next.RoundTrip(r)
	if err != nil || !strings.Contains(resp.Header.Get("Content-Type"), "json") {
		return resp, err
	}
	begin, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	resp.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(begin), resp.Body), resp.Body}
	if err != nil {
		return resp, nil // the reader of the body meets the error again
	}
	if said := failureIn(begin); said != "" {
		a.mu.Lock()
		a.said = said[:min(len(said), maxSaid)]
		a.mu.Unlock()
	}
	return resp, nil
}

// failureIn returns what an answer says about a failure, "" if it tells none.
func failureIn(answer []byte) string {
	var p problem
	if json.Unmarshal(answer, &p) != nil {
		return ""
	}
	var challenges []problem
	_ = json.Unmarshal(p.Challenges, &challenges) // there may be none
	for _, c := range append(challenges, p) {
		if c.Error != nil && c.Error.Detail != "" {
			return c.Error.Detail
		}
	}
	if p.Type == badNonce {
		return ""
	}
	return p.Detail
}

// take returns the last failure, and forgets it.
func (a *answers) take() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	said := a.said
	a.said = ""
	return said
}
