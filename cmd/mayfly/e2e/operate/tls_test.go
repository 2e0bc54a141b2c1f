package operate_test

import (
	"crypto/tls"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"mayfly/cmd/mayfly/e2e/rig"
	"mayfly/server/certs/certstest"
)

// serveTLS starts a server with a certificate of a for names. It returns the folder with the files of the certificate.
func serveTLS(t *testing.T, a *certstest.Authority, args ...string) (s *rig.Server, dir string) {
	t.Helper()
	dir = t.TempDir()
	cert, key := a.Sign(time.Now().Add(90*24*time.Hour), "localhost", "127.0.0.1").Write(t, dir)
	return rig.ServeAlone(t, rig.FreeAddr(t), append([]string{"-tls-cert", cert, "-tls-key", key}, args...)...), dir
}

// shown returns the certificate's names that the server shows to a new connection.
func shown(t *testing.T, a *certstest.Authority, s *rig.Server) []string {
	t.Helper()
	config := a.Client()
	config.ServerName = "localhost"
	dialer := tls.Dialer{NetDialer: &net.Dialer{Timeout: rig.Timeout}, Config: config}
	conn, err := dialer.DialContext(t.Context(), "tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	return conn.(*tls.Conn).ConnectionState().PeerCertificates[0].DNSNames
}

// TestCertificateIsReadAgainAtHangup: SIGHUP makes a server without a terminal take its new certificate, and it goes on.
func TestCertificateIsReadAgainAtHangup(t *testing.T) {
	t.Parallel()
	a := certstest.New(t)
	s, dir := serveTLS(t, a)
	if want := "https://localhost:" + s.Addr()[strings.LastIndexByte(s.Addr(), ':')+1:]; s.URL != want {
		t.Errorf("the URL is %s, want %s", s.URL, want)
	}
	hangUp := func() {
		if err := syscall.Kill(s.Pid(), syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
	}
	hangUp()
	s.UntilLogs(t, "the certificate has not changed")
	a.Sign(time.Now().Add(90*24*time.Hour), "localhost", "renewed.example").Write(t, dir)
	hangUp()
	for deadline := time.Now().Add(rig.Timeout); len(shown(t, a, s)) != 2; {
		if time.Now().After(deadline) {
			t.Fatalf("the server shows %v", shown(t, a, s))
		}
	}
	s.Stop()
}
