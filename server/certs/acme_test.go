package certs_test

import (
	"crypto/tls"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/server/certs"
	"mayfly/server/servertest"
)

func TestParseDomains(t *testing.T) {
	got, err := certs.ParseDomains([]string{"Chat.Example.com.", "bücher.example"})
	if want := []string{"chat.example.com", "xn--bcher-kva.example"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("ParseDomains = %v, %v, want %v", got, err, want)
	}
	for name, says := range map[string]string{
		"*.example.com": "use -tls-cert", "localhost": "such as chat.example.com", "192.0.2.1": "such as chat.example.com",
		"[2001:db8::1]": "such as chat.example.com", "https://a.example": "without a scheme", "a.example:443": "and a port",
		"": "is no host name",
	} {
		if got, err := certs.ParseDomains([]string{name, "ok.example"}); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("ParseDomains(%q) = %v, %v, want %q", name, got, err, says)
		}
	}
}

// roundTripper is a function that answers requests.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestAuthorityIsAskedSeldom counts the tries while the authority cannot be reached, with clients that shake hands all the
// time.
func TestAuthorityIsAskedSeldom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var tries []time.Duration
		log, began := &servertest.Log{}, time.Now()
		a := certs.NewACMEOver(certs.ACMEConfig{Domains: []string{"chat.test"}, CA: "https://ca.test/dir",
			Cache: t.TempDir()},
			roundTripper(func(*http.Request) (*http.Response, error) {
				tries = append(tries, time.Since(began))
				return nil, errors.New("no way")
			}), slog.New(slog.NewTextHandler(log, nil)))
		done := make(chan struct{})
		go func() {
			defer close(done)
			if err := a.Run(t.Context()); err != nil {
				t.Error(err)
			}
		}()
		for range 3 * 60 {
			time.Sleep(time.Minute)
			if c, err := a.Certificate(&tls.ClientHelloInfo{ServerName: "chat.test"}); err == nil {
				t.Fatalf("there is a certificate: %v", c)
			}
		}
		synctest.Wait()
		first := time.Minute + 10*time.Second
		want := []time.Duration{0, first, first + 15*time.Minute, first + 75*time.Minute, first + 135*time.Minute}
		if !slices.Equal(tries, want) {
			t.Errorf("the authority was asked after %v, want %v", tries, want)
		}
		if said := log.Take(); !strings.Contains(said, "no way") || !strings.Contains(said, "next_try_in=1h0m0s") {
			t.Errorf("the log says %q", said)
		}
		if x := a.Expiries(); len(x) != 1 || x[0].Name != "chat.test" || !x[0].Until.IsZero() {
			t.Errorf("expiries = %v", x)
		}
		a.Reload()
		if synctest.Wait(); len(tries) != len(want)+1 {
			t.Errorf("after Reload the authority was asked %d times, want %d", len(tries), len(want)+1)
		}
	})
}

func TestNoCertificateForOtherNames(t *testing.T) {
	a := certs.NewACMEOver(certs.ACMEConfig{Domains: []string{"chat.test"}, Cache: t.TempDir()},
		roundTripper(func(*http.Request) (*http.Response, error) {
			t.Error("a handshake asks the authority")
			return nil, errors.New("no way")
		}), slog.New(slog.DiscardHandler))
	for _, hello := range []*tls.ClientHelloInfo{{ServerName: "evil.test"}, {ServerName: "CHAT.test."}, {},
		{ServerName: "evil.test", SupportedProtos: []string{"acme-tls/1"}}} {
		if c, err := a.Certificate(hello); err == nil {
			t.Errorf("a certificate for %q: %v", hello.ServerName, c)
		}
	}
}

func TestFailureOfAnAuthorityIsFound(t *testing.T) {
	for _, tt := range []struct{ answer, want string }{
		{`{"type":"urn:ietf:params:acme:error:rateLimited","detail":"too many certificates","status":429}`,
			"too many certificates"},
		{`{"type":"urn:ietf:params:acme:error:badNonce","detail":"unacceptable"}`, ""},
		{`{"status":"invalid","challenges":[{"type":"http-01"},{"type":"tls-alpn-01","error":{"detail":"no route"}}]}`,
			"no route"},
		{`{"status":"invalid","error":{"type":"x","detail":"order failed"}}`, "order failed"},
		{`{"status":"valid","challenges":[{"type":"http-01","status":"valid"}]}`, ""},
		{`{"newNonce":"https://ca.test"}`, ""},
		{`[1]`, ""},
		{`{`, ""},
		{`{"challenges":7,"detail":"odd"}`, "odd"},
	} {
		if got := certs.FailureIn([]byte(tt.answer)); got != tt.want {
			t.Errorf("FailureIn(%s) = %q, want %q", tt.answer, got, tt.want)
		}
	}
}
