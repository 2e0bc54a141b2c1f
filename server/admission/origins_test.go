package admission_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"mayfly/server/admission"
)

func TestNewOriginsReportsEveryProblem(t *testing.T) {
	_, err := admission.NewOrigins("chat.example.com", []string{"ftp://x", "https://ok.example", "https://x/path"}, "8080")
	if err == nil || strings.Count(err.Error(), "is no origin") != 3 {
		t.Errorf("NewOrigins = %v, want three problems", err)
	}
}

// TestOriginIsAsBrowsersWriteIt has addresses as operators write them, each with the Origin header that a browser sends
// from that address.
func TestOriginIsAsBrowsersWriteIt(t *testing.T) {
	for _, tt := range []struct{ url, origin string }{
		{"https://chat.example.com", "https://chat.example.com"},
		{"https://Chat.Example.com:443/", "https://chat.example.com"},
		{"HTTPS://chat.example.com", "https://chat.example.com"},
		{"http://chat.example.com:80", "http://chat.example.com"},
		{"http://chat.example.com:443", "http://chat.example.com:443"},
		{"https://chat.example.com:08443", "https://chat.example.com:8443"},
		{"https://chat.example.com.", "https://chat.example.com."},
		{"https://müller.example", "https://xn--mller-kva.example"},
		{"https://MÜLLER.example:8443", "https://xn--mller-kva.example:8443"},
		{"https://xn--mller-kva.example", "https://xn--mller-kva.example"},
		{"https://straße.example", "https://xn--strae-oqa.example"},
		{"https://例え.テスト", "https://xn--r8jz45g.xn--zckzah"},
		{"https://президент.рф", "https://xn--d1abbgf6aiiy.xn--p1ai"},
		{"https://my_host.example", "https://my_host.example"},
		{"https://a--b.example", "https://a--b.example"},
		{"http://192.0.2.1:8080", "http://192.0.2.1:8080"},
		{"http://[2001:DB8:0:0::1]", "http://[2001:db8::1]"},
		{"http://[::1]:80", "http://[::1]"},
	} {
		o, err := admission.NewOrigins(tt.url, []string{tt.url}, "1")
		if err != nil || o.Public() != tt.origin || !slices.Equal(o.More(), []string{tt.origin}) {
			t.Errorf("the origin of %s is %q, %v, want %q", tt.url, o.Public(), err, tt.origin)
			continue
		}
		r := httptest.NewRequest("GET", "/ws", nil)
		r.Header.Set("Origin", tt.origin)
		if !o.Allow(r) {
			t.Errorf("a page of %s may not connect", tt.origin)
		}
	}
}

// TestWhatCannotMatchIsRefused has addresses that equal no browser's Origin header, and what the error must say.
func TestWhatCannotMatchIsRefused(t *testing.T) {
	for _, tt := range []struct{ url, says string }{
		{"x", "such as https://x"},
		{"chat.example.com", "such as https://chat.example.com"},
		{"chat.example.com:8080/x", "such as https://chat.example.com:8080"},
		{"", "such as https://chat.example.com"},
		{"ws://chat.example.com", "such as https://chat.example.com"},
		{"https://", "a host"},
		{"https://chat.example.com/chat/", "want https://chat.example.com,"},
		{"https://müller.example/chat", "want https://xn--mller-kva.example,"},
		{"https://ada@chat.example.com", "alone, https://chat.example.com"},
		{"https://chat.example.com?x", "alone, https://chat.example.com"},
		{"https://chat.example.com#x", "alone, https://chat.example.com"},
		{"https://chat.example.com:65536", "from 1 to 65535"},
		{"https://127.1", "IP address"},
		{"https://192.0.2.256", "IP address"},
		{"https://[fe80::1%25eth0]", "IP address"},
		{"https://xn--a.example", "browsers do not accept"},
		{"https://a b.example", "is no origin"},
	} {
		if _, err := admission.NewOrigins(tt.url, nil, "1"); err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("NewOrigins(%q) = %v, want an error that says %q", tt.url, err, tt.says)
		}
	}
}

func TestGuardHost(t *testing.T) {
	o, err := admission.NewOrigins("https://chat.example.com", []string{"http://müller.example", "https://b.example:8443"}, "8080")
	if err != nil {
		t.Fatal(err)
	}
	guarded := o.GuardHost(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	for _, tt := range []struct {
		host, proto string
		advice      string // empty: the host is served
	}{
		{"chat.example.com", "", ""},
		{"Chat.Example.COM", "", ""},
		{"chat.example.com:443", "", ""},
		{"müller.example", "", ""},
		{"xn--mller-kva.example", "", ""},
		{"xn--mller-kva.example:80", "", ""},
		{"b.example:8443", "", ""},
		{"localhost:8080", "", ""},
		{"127.0.0.1:8080", "", ""},
		{"[::1]:8080", "", ""},

		{"chat.example.com:80", "", "-public-url http://chat.example.com<"},
		{"chat.example.com:8443", "", "-public-url http://chat.example.com:8443<"},
		{"chat.example.com:8443", "https", "-public-url https://chat.example.com:8443<"},
		{"b.example", "", "-public-url https://b.example<"},
		{"evil.example", "", "-public-url https://evil.example<"},
		{"evil.example:443", "", "-public-url https://evil.example<"},
		{"192.168.1.5:8080", "", "-public-url http://192.168.1.5:8080<"},
		{"chat.example.com.evil.example", "", "-public-url https://chat.example.com.evil.example<"},
		{"", "", "is not served"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Host = tt.host
		r.Header.Set("X-Forwarded-Proto", tt.proto)
		w := httptest.NewRecorder()
		guarded.ServeHTTP(w, r)
		if tt.advice == "" && w.Code != http.StatusNoContent {
			t.Errorf("Host %q: %d %s", tt.host, w.Code, w.Body)
		} else if tt.advice != "" && (w.Code != http.StatusMisdirectedRequest || !strings.Contains(w.Body.String(), tt.advice)) {
			t.Errorf("Host %q: %d, want 421 with %q: %s", tt.host, w.Code, tt.advice, w.Body)
		}
	}
}
