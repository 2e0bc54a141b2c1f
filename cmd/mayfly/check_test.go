package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mayfly/server/authtest"
	"mayfly/server/stream/natstest"
	"mayfly/server/stream/seal"
)

// place is where the wrong configurations of TestCheck find what they need.
type place struct {
	t      *testing.T
	issuer *authtest.Issuer
	idp    *httptest.Server
	share  map[string]bool // the paths of the issuer whose answers pages may read
	refuse string          // what the token endpoint says
	nats   *natstest.Cluster
}

func newPlace(t *testing.T) *place {
	p := &place{t: t, issuer: authtest.NewIssuer(), refuse: `{"error":"invalid_grant"}`,
		share: map[string]bool{authtest.PathConfig: true, authtest.PathKeys: true, tokenPath: true}}
	p.idp = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p.share[r.URL.Path] && r.Header.Get("Origin") == "https://chat.example.com" {
			w.Header().Set("Access-Control-Allow-Origin", "https://chat.example.com")
		}
		if r.URL.Path == tokenPath && r.Method == http.MethodPost {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, p.refuse)
			return
		}
		p.issuer.ServeHTTP(w, r)
	}))
	t.Cleanup(p.idp.Close)
	p.issuer.Base = p.idp.URL + "/oauth2/default"
	return p
}

const tokenPath = "/oauth2/default/v1/token"

// signIn returns flags for signing in at the place's issuer, and other flags.
func (p *place) signIn(more ...string) []string {
	return append([]string{"-listen", "127.0.0.1:0", "-public-url", "https://chat.example.com", "-trusted-proxies",
		"127.0.0.1",
		"-issuer", p.issuer.Base, "-client-id", "0oa1"}, more...)
}

// says makes the issuer publish another configuration: with a change.
func (p *place) says(name string, value any) {
	config := p.issuer.Config()
	config[name] = value
	p.issuer.Says(authtest.PathConfig, func(w http.ResponseWriter, _ *http.Request) { authtest.WriteJSON(w, config) })
}

// taken returns an address that another program uses.
func (p *place) taken() string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		p.t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			conn.Close()
		}
	}()
	p.t.Cleanup(func() {
		l.Close()
		<-ended
	})
	return l.Addr().String()
}

// file writes a file and returns its name.
func (p *place) file(name, content string) string {
	path := filepath.Join(p.t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		p.t.Fatal(err)
	}
	return path
}

// certificate writes a certificate and its key, which are valid between two times, and returns the files.
func (p *place) certificate(begin, end time.Time) (cert, key string) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		p.t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: begin, NotAfter: end}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		p.t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		p.t.Fatal(err)
	}
	encode := func(kind string, b []byte) string {
		return p.file(kind, string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: b})))
	}
	return encode("CERTIFICATE", der), encode("PRIVATE KEY", secret)
}

// authority starts an authority that gives certificates by ACME, or at least says so.
func (p *place) authority() *httptest.Server {
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		authtest.WriteJSON(w, map[string]string{"newNonce": "/nonce", "newAccount": "/account", "newOrder": "/order"})
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	p.t.Cleanup(s.Close)
	return s
}

// root writes the certificate that signs the one of s, and returns the file.
func (p *place) root(s *httptest.Server) string {
	return p.file("root", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})))
}

// domain returns flags for certificates from an authority, and other flags.
func (p *place) domain(ca string, more ...string) []string {
	return append([]string{"-listen", "127.0.0.1:0", "-tls-domain", "chat.invalid", "-acme-ca", ca,
		"-acme-cache", filepath.Join(p.t.TempDir(), "acme")}, more...)
}

// check runs mayfly check, and returns what it prints and its error.
func (p *place) check(env environment, args ...string) (string, error) {
	var out bytes.Buffer
	err := run(context.Background(), append([]string{"check"}, args...), env, &out, &out)
	return out.String(), err
}

// TestCheckFindsWrongConfigurations runs mayfly check with wrong configurations. Each has the sentence that mends it.
func TestCheckFindsWrongConfigurations(t *testing.T) {
	day := 24 * time.Hour
	for _, tt := range []struct {
		name string
		args func(p *place) []string
		code int
		says string
	}{
		{"a misspelled flag", func(*place) []string { return []string{"-public-ulr", "https://x"} }, 2,
			"there is no flag -public-ulr: do you mean -public-url?"},
		{"a time without a unit", func(*place) []string { return []string{"-ttl", "5"} }, 2,
			`-ttl is "5": want a time with its unit, such as 5s, 5m or 5h`},
		{"a public URL without a scheme", func(*place) []string { return []string{"-public-url", "chat.example.com"} }, 2,
			"want https:// or http:// and a host, such as https://chat.example.com"},
		{"a public URL with a path", func(*place) []string { return []string{"-public-url", "https://x.example/chat"} }, 2,
			"want https://x.example, without a path"},
		{"a port alone", func(*place) []string { return []string{"-listen", "80"} }, 2,
			"want host:port, such as 127.0.0.1:8080 or :8080"},
		{"a size with another unit", func(*place) []string { return []string{"-room-bytes", "8MB"} }, 2,
			"want a whole number with B, KiB, MiB, GiB or TiB, such as 8MiB"},
		{"a stream that is too small", func(*place) []string { return []string{"-stream-bytes", "1MiB"} }, 2,
			"want at least -room-bytes (8MiB)"},
		{"a proxy by name", func(*place) []string { return []string{"-trusted-proxies", "nginx"} }, 2,
			`-trusted-proxies: "nginx" is no address`},
		{"guests out, and nobody else in", func(*place) []string { return []string{"-anonymous", "deny"} }, 2,
			"-anonymous is deny, but there is no -issuer to sign in with"},
		{"an unknown name in the file", func(p *place) []string {
			return []string{"-config",
				p.file("m.yml", "ttl: 5m\nannonymous: deny\n")}
		}, 2, "m.yml:2: there is no setting annonymous: do you mean anonymous?"},
		{"a name in the file twice", func(p *place) []string {
			return []string{"-config",
				p.file("m.yml", "ttl: 5m\nttl: 6m\n")}
		}, 2, "m.yml:2: ttl stands there twice, first on line 1: want it once"},
		{"no such file", func(*place) []string { return []string{"-config", "/nowhere.yml"} }, 2,
			"no such file or directory: want a file that this user may read"},
		{"a port that is taken", func(p *place) []string { return []string{"-listen", p.taken()} }, 1,
			"is taken by another program: stop that, or choose another address with -listen"},
		{"an admin port that is taken", func(p *place) []string {
			return []string{"-listen", "127.0.0.1:0", "-admin",
				p.taken()}
		}, 1, "choose another address with -admin"},
		{"an address of another machine", func(*place) []string { return []string{"-listen", "10.255.255.254:8080"} }, 1,
			"choose another address with -listen"},
		{"plain http for strangers", func(*place) []string { return []string{"-listen", "192.0.2.1:8080"} }, 2,
			"or say with -insecure-http"},
		{"a folder of somebody else", func(p *place) []string {
			return []string{"-listen", "127.0.0.1:0", "-data", filepath.Dir(p.file("x", ""))}
		}, 2, "is not Mayfly's: want an empty folder, or one that Mayfly made"},
		{"a file in place of the folder", func(p *place) []string {
			return []string{"-listen", "127.0.0.1:0", "-data",
				p.file("x", "")}
		}, 1, "want a folder that this user may read"},
		{"a folder that is in use", func(p *place) []string {
			folder, err := seal.OpenFolder(filepath.Join(p.t.TempDir(), "data"))
			if err != nil {
				p.t.Fatal(err)
			}
			p.t.Cleanup(func() { folder.Close() })
			return []string{"-listen", "127.0.0.1:0", "-data", filepath.Dir(folder.NATS())}
		}, 1, "another mayfly is using this folder: stop it, or choose another folder"},
		{"a folder of another version", func(p *place) []string {
			folder := p.t.TempDir()
			if err := os.Mkdir(filepath.Join(folder, "nats"), 0o700); err != nil {
				p.t.Fatal(err)
			}
			return []string{"-listen", "127.0.0.1:0", "-data", folder}
		}, 2, "start the version that wrote it, or delete the folder with its messages, or choose another folder"},
		{"an issuer that is down", func(p *place) []string { p.idp.Close(); return p.signIn() }, 1,
			"want the URL of an OpenID Connect provider that runs"},
		{"an issuer with another name", func(p *place) []string {
			p.says("issuer",
				"https://other.example")
			return p.signIn()
		}, 1, "exactly as its tokens have it"},
		{"an issuer without discovery", func(p *place) []string {
			p.issuer.Says(authtest.PathConfig, http.NotFound)
			return p.signIn()
		}, 1, "want the URL of an OpenID Connect provider that runs"},
		{"an issuer without CORS", func(p *place) []string { p.share = nil; return p.signIn() }, 1,
			"it does not let pages of https://chat.example.com read its configuration, keys, token endpoint (CORS): " +
				"allow that origin at the provider"},
		{"an issuer without CORS for tokens", func(p *place) []string { p.share[tokenPath] = false; return p.signIn() }, 1,
			"read its token endpoint (CORS): allow that origin"},
		{"an issuer without PKCE", func(p *place) []string {
			p.says("code_challenge_methods_supported", []string{"plain"})
			return p.signIn()
		}, 1, "it has no PKCE with S256: switch that on at the provider"},
		{"a client that the issuer does not know",
			func(p *place) []string { p.refuse = `{"error":"invalid_client"}`; return p.signIn() }, 1,
			`-client-id is "0oa1", which the issuer refuses (invalid_client): want the ID of an app`},
		{"a client with a secret", func(p *place) []string {
			p.refuse = `{"error":"invalid_request","error_description":"client_secret is missing."}`
			return p.signIn()
		}, 1, "want the ID of an app of the issuer's without a secret"},
		{"keys for another algorithm", func(p *place) []string { return p.signIn("-algs", "ES256") }, 1,
			"-algs is ES256, but none of the issuer's 1 keys is for that"},
		{"ID tokens with another algorithm", func(p *place) []string {
			p.says("id_token_signing_alg_values_supported", []string{"ES256"})
			return p.signIn("-token", "id")
		}, 1, "-algs is RS256, but the issuer signs with ES256: want one of those"},
		{"an authority that is down", func(p *place) []string {
			return p.domain("https://"+p.taken()+"/dir", "-http-listen", "off")
		}, 1, "-acme-ca: no authority answers at https://127.0.0.1:"},
		{"an authority of nobody's", func(p *place) []string {
			return p.domain(p.authority().URL, "-http-listen", "off")
		}, 1, "and -acme-ca-cert if this system does not know who signs it"},
		{"a file in place of the folder for keys", func(p *place) []string {
			ca := p.authority()
			return p.domain(ca.URL, "-http-listen", "off", "-acme-ca-cert", p.root(ca), "-acme-cache", p.file("x", ""))
		}, 1, "want a folder that this user may write to"},
		{"a port for http that is taken", func(p *place) []string {
			ca := p.authority()
			return p.domain(ca.URL, "-acme-ca-cert", p.root(ca), "-http-listen", p.taken())
		}, 1, "choose another address with -http-listen"},
		{"no NATS server", func(p *place) []string {
			return []string{"-listen", "127.0.0.1:0", "-nats", "nats://" +
				p.taken()}
		}, 1, "want the address of a NATS server that runs and that this machine can reach"},
		{"a certificate for a NATS server without TLS", func(p *place) []string {
			cert, key := p.certificate(time.Now().Add(-day), time.Now().Add(20*day))
			return []string{"-listen", "127.0.0.1:0", "-nats", p.nats.Servers[0].URL, "-nats-replicas", "1", "-nats-cert",
				cert, "-nats-key", key}
		}, 1, "want NATS servers with TLS, or no -nats-ca, -nats-cert and -nats-key"},
		{"a certificate that has ended", func(p *place) []string {
			cert, key := p.certificate(time.Now().Add(-2*day), time.Now().Add(-day))
			return []string{"-listen", "127.0.0.1:0", "-nats", p.nats.Servers[0].URL, "-nats-replicas", "1", "-nats-cert",
				cert, "-nats-key", key}
		}, 1, "the certificate ended on " + time.Now().Add(-day).UTC().Format(time.DateOnly) + ": want a new one"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPlace(t)
			if strings.Contains(tt.name, "certificate") {
				p.nats = natstest.Start(t, 1, "")
			}
			out, err := p.check(nil, tt.args(p)...)
			if err == nil || exitCode(err) != tt.code || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("mayfly check = %v, exit code %d, want %q and %d; it printed %s", err, exitCode(err), tt.says,
					tt.code, out)
			}
			if err != nil && strings.Count(err.Error(), "\n") != 1 {
				t.Errorf("mayfly check finds more than one problem: %v", err)
			}
		})
	}
}

// TestCheckSaysEverythingAtOnce has a problem of each kind, and no line that follows from another one.
func TestCheckSaysEverythingAtOnce(t *testing.T) {
	p := newPlace(t)
	p.share[tokenPath] = false
	file := p.file("m.yml", "nonsense: 1\nlog: xml\ndata: "+p.file("x", "")+"\n")
	taken := p.taken()
	out, err := p.check(environment{"MAYFLY_CONNS": "many", "MAYFLY_ADMIN": taken},
		p.signIn("-config", file, "-ttl", "5")...)
	if err == nil || exitCode(err) != 2 {
		t.Fatalf("mayfly check = %v, exit code %d, want 2; it printed %s", err, exitCode(err), out)
	}
	lines := strings.Split(err.Error(), "\n")[1:]
	for i, want := range []string{`-ttl is "5"`, `MAYFLY_CONNS is "many"`, file + ":1: there is no setting nonsense",
		`-log is "xml": want text or json (from ` + file + ":2: log)",
		"-admin: " + taken + " is taken", `-data is "`, "-issuer is"} {
		if i >= len(lines) || !strings.HasPrefix(lines[i], want) {
			t.Errorf("line %d of %q does not begin with %s", i, lines, want)
		}
	}
	if len(lines) != 7 {
		t.Errorf("mayfly check finds %d problems, want 7:\n%v", len(lines), err)
	}
}

// TestCheckOfARightConfiguration finds nothing wrong, leaves nothing behind, and says what it has tried.
func TestCheckOfARightConfiguration(t *testing.T) {
	p := newPlace(t)
	ca, folder := p.authority(), t.TempDir()
	for name, tt := range map[string]struct {
		args []string
		says []string
	}{
		"the defaults": {[]string{"-listen", "127.0.0.1:0"},
			[]string{"ok: -listen 127.0.0.1:0 is free", "ok: -public-url is not set", "ok: the configuration, 1 settings"}},
		"everything": {p.signIn("-data", filepath.Join(folder, "new", "data"), "-admin", "127.0.0.1:0", "-scopes", "openid"),
			[]string{"ok: -issuer " + p.issuer.Base + " signs people in on https://chat.example.com", "ok: -data",
				"ok: -admin", "ok: -public-url https://chat.example.com"}},
		"behind an unknown proxy": {[]string{"-listen", "127.0.0.1:0", "-public-url", "https://chat.example.com"},
			[]string{"warning: people come through a proxy"}},
		"more than the disk": {[]string{"-listen", "127.0.0.1:0", "-data", folder, "-stream-bytes", "1000TiB"},
			[]string{"warning: -stream-bytes is 1048576000 MiB"}},
		"too many connections": {[]string{"-listen", "127.0.0.1:0", "-conns", "2000000000"},
			[]string{"warning: -conns is 2000000000, but this process may open"}},
		"certificates": {p.domain(ca.URL, "-acme-ca-cert", p.root(ca), "-http-listen", "127.0.0.1:0"),
			[]string{"ok: -tls-domain: the authority of the certificates answers", "ok: -http-listen 127.0.0.1:0 is free",
				"warning: -tls-domain: chat.invalid has no address", "ok: -public-url https://chat.invalid"}},
		"a socket of systemd": {p.domain(ca.URL, "-acme-ca-cert", p.root(ca), "-http-listen", "systemd:http"),
			[]string{"ok: -http-listen systemd:http: systemd opens the socket"}},
		"NATS": {[]string{"-listen", "127.0.0.1:0", "-nats", natstest.Start(t, 1, "").Servers[0].URL},
			[]string{"ok: -nats: all 1 servers answer", "warning: -nats-replicas is 3, but only 1"}},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := p.check(nil, tt.args...)
			for _, want := range tt.says {
				if err != nil || !strings.Contains(out, want) {
					t.Errorf("mayfly check = %v, printed %s, want %q in it", err, out, want)
				}
			}
		})
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("mayfly check left %v, %v", left, err)
	}
}

func TestCertificates(t *testing.T) {
	p, now := &place{t: t}, time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	broken := p.file("broken", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
	for name, tt := range map[string]struct {
		begin, end time.Duration // after now
		file       string        // in place of a new one
		says       string
	}{
		"good":  {-time.Hour, 20 * 24 * time.Hour, "", "ok: -nats-cert is valid until 2026-12-20"},
		"soon":  {-time.Hour, 13 * 24 * time.Hour, "", "whose certificate ends on 2026-12-13: want a new one soon"},
		"ended": {-2 * time.Hour, -time.Hour, "", "the certificate ended on 2026-11-30: want a new one"},
		"not begun": {25 * time.Hour, 26 * time.Hour, "",
			"the certificate begins on 2026-12-01: want one that is valid now"},
		"no file": {0, 0, "/nowhere", "want a file that this user may read"},
		"no PEM":  {0, 0, p.file("empty", ""), "it has no certificate: want one in the format PEM"},
		"broken":  {0, 0, broken, "it has no certificate: x509"},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			ch, file := &check{out: &out}, tt.file
			if file == "" {
				file, _ = p.certificate(now.Add(tt.begin), now.Add(tt.end))
			}
			ch.tryCertificate("-nats-cert", file, now)
			if said := fmt.Sprint(&out, ch.errs); !strings.Contains(said, tt.says) {
				t.Errorf("it says %s, want %q in it", said, tt.says)
			}
		})
	}
}

// TestCheckBesideARunningServer checks the configuration of a server that runs: its port and its folder are right.
func TestCheckBesideARunningServer(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "data")
	file := filepath.Join(t.TempDir(), "m.yml")
	addr := startServer(t, "-data", folder)
	if err := os.WriteFile(file, []byte("data: "+folder+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := newPlace(t)
	out, err := p.check(nil, "-listen", addr, "-config", file)
	if err != nil || !strings.Contains(out, "a Mayfly runs there already") || !strings.Contains(out, "a Mayfly uses it") {
		t.Errorf("mayfly check = %v, printed %s", err, out)
	}
}
