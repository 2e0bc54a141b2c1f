package operate_test

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mayfly/cmd/mayfly/e2e/rig"
)

// authority is a running testca.
type authority struct {
	url    string
	folder string // with ca.pem and root.pem
	kill   func() (log string)
}

// startCA builds testca, and runs it until the test ends. It checks host names on these addresses of a server, and its
// certificates are valid for the time life.
func startCA(t *testing.T, httpAddr, tlsAddr string, life time.Duration) *authority {
	t.Helper()
	a := &authority{folder: t.TempDir()}
	a.url, a.kill = rig.RunModule(t, "testca", "The authority is at ", []string{"PEBBLE_VA_NOSLEEP=1"},
		"-http", port(t, httpAddr), "-tls", port(t, tlsAddr), "-life", life.String(), "-folder", a.folder)
	return a
}

func port(t *testing.T, addr string) string {
	t.Helper()
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// flags returns the flags of a server that gets its certificate from a, and others.
func (a *authority) flags(httpListen string, more ...string) []string {
	return append([]string{"-tls-domain", "chat.test", "-acme-ca", a.url, "-acme-ca-cert", filepath.Join(a.folder, "ca.pem"),
		"-http-listen", httpListen}, more...)
}

// client returns the settings of a TLS client that knows the server s as chat.test, and trusts only a.
func (a *authority) client(t *testing.T) *tls.Config {
	t.Helper()
	pem, err := os.ReadFile(filepath.Join(a.folder, "root.pem"))
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		t.Fatalf("no certificate in %q", pem)
	}
	return &tls.Config{ServerName: "chat.test", RootCAs: pool}
}

// serial waits until the server shows a certificate that config accepts and whose serial number is not old, and returns that
// number.
func serial(t *testing.T, s *rig.Server, config *tls.Config, old string) string {
	t.Helper()
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	for deadline := time.Now().Add(rig.Timeout); ; <-again.C {
		conn, err := tls.DialWithDialer(&net.Dialer{Timeout: rig.Timeout}, "tcp", s.Addr(), config)
		if err == nil {
			conn.Close()
			if n := conn.ConnectionState().PeerCertificates[0].SerialNumber.String(); n != old {
				return n
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("no new certificate came: %v", err)
		}
	}
}

// TestCertificateComesFromAnAuthority gets a certificate in both ways in which an authority checks a host name, and keeps it
// over a restart without the authority.
func TestCertificateComesFromAnAuthority(t *testing.T) {
	t.Parallel()
	for _, way := range []string{"http-01", "tls-alpn-01"} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			addr, plain := rig.FreeAddr(t), rig.FreeAddr(t)
			ca := startCA(t, plain, addr, 90*24*time.Hour)
			flags := ca.flags(plain, "-data", t.TempDir()) // the certificates are in this folder, too
			if way == "tls-alpn-01" {
				flags = ca.flags("off", "-acme-cache", t.TempDir())
			}
			s := rig.ServeAt(t, addr, append(flags, "-hsts", "8760h")...)
			first := serial(t, s, ca.client(t), "")
			if want := "https://chat.test:" + port(t, addr); s.URL != want {
				t.Errorf("the URL is %s, want %s", s.URL, want)
			}
			client := &http.Client{CheckRedirect: func(*http.Request,
				[]*http.Request) error {
				return http.ErrUseLastResponse
			},
				Transport: &http.Transport{TLSClientConfig: ca.client(t), ForceAttemptHTTP2: true}}
			defer client.CloseIdleConnections()
			resp := get(t, client, "https://"+addr+"/", "chat.test:"+port(t, addr))
			if resp.StatusCode != 200 || resp.ProtoMajor != 2 ||
				resp.Header.Get("Strict-Transport-Security") != "max-age=31536000" {
				t.Errorf("the page: %s %s %v", resp.Proto, resp.Status, resp.Header)
			}
			if way == "http-01" {
				resp := get(t, client, "http://"+plain+"/r/tea?x=1", "evil.test")
				if to := resp.Header.Get("Location"); resp.StatusCode != 302 || to != s.URL+"/r/tea?x=1" {
					t.Errorf("http leads to %q: %s", to, resp.Status)
				}
			}
			ca.kill()
			s.Stop()
			s.Start()
			if again := serial(t, s, ca.client(t), ""); again != first {
				t.Error("after a restart the server shows another certificate")
			}
			s.Stop()
		})
	}
}

// get sends a request to url with a Host header of its own, and reads the answer to its end.
func get(t *testing.T, client *http.Client, url, host string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = host
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		t.Fatal(err)
	}
	return resp
}

// TestAuthorityThatRefusesIsQuoted lets an authority look for the server where there is none.
func TestAuthorityThatRefusesIsQuoted(t *testing.T) {
	t.Parallel()
	nowhere := rig.FreeAddr(t)
	ca := startCA(t, nowhere, nowhere, time.Hour)
	s := rig.ServeAt(t, rig.FreeAddr(t), ca.flags(rig.FreeAddr(t), "-acme-cache", t.TempDir())...)
	s.UntilLogs(t, "no certificate: see that the name leads to this machine")
	if log := s.Log(); !strings.Contains(log, "/.well-known/acme-challenge/") ||
		!strings.Contains(log, "next_try_in=1m10s") {
		t.Errorf("the log does not quote the authority:\n%s", log)
	}
	s.Stop()
}

// TestCertificateIsRenewed waits for the second certificate of a server whose certificates last 15 s, and keeps a connection
// open meanwhile.
func TestCertificateIsRenewed(t *testing.T) {
	t.Parallel()
	addr, plain := rig.FreeAddr(t), rig.FreeAddr(t)
	ca := startCA(t, plain, addr, 15*time.Second)
	s := rig.ServeAt(t, addr, ca.flags(plain, "-acme-cache", t.TempDir())...)
	config := ca.client(t)
	first := serial(t, s, config, "")
	ann := enter(t, s, config, "tea")
	serial(t, s, config, first)
	if err := ann.say("tea", "still here"); err != nil {
		t.Errorf("after the renewal: %v", err)
	}
	s.Stop()
}
