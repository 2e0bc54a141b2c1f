package stream_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io/fs"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mayfly/server/hub"
	"mayfly/server/servertest"
	"mayfly/server/stream"
	"mayfly/server/stream/natstest"
)

// A user of NATS that only this test has.
const (
	testSeed = "SUAPTQDOBZ65SBZ7M3C4IV2SCWE7Q2QNJUT2Z5OVF2MF3CEXM5PPDH6XFA"
	testUser = "UBTEGAE5J5KEPB6NPP4TZAGAECGY5LXABUBSMSYDWA2XEV3LG5K7HXNT"
)

// certificates makes a certificate for 127.0.0.1, signed by an authority of its own, in files in folder: ca.pem, server.pem
// and server-key.pem.
func certificates(t *testing.T, folder string) {
	t.Helper()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	write := func(name, kind string, der []byte) {
		check(os.WriteFile(filepath.Join(folder, name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
	}
	authority := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, IsCA: true,
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign, NotAfter: time.Now().Add(time.Hour)}
	server := &x509.Certificate{SerialNumber: big.NewInt(2), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		KeyUsage:    x509.KeyUsageDigitalSignature, NotAfter: time.Now().Add(time.Hour)}
	signer, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(err)
	der, err := x509.CreateCertificate(rand.Reader, authority, authority, signer.Public(), signer)
	check(err)
	write("ca.pem", "CERTIFICATE", der)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(err)
	der, err = x509.CreateCertificate(rand.Reader, server, authority, key.Public(), signer)
	check(err)
	write("server.pem", "CERTIFICATE", der)
	der, err = x509.MarshalPKCS8PrivateKey(key)
	check(err)
	write("server-key.pem", "PRIVATE KEY", der)
}

// contributed returns the text of a file of contrib/nats, changed as an operator changes it. changes are pairs of strings:
// an old string, which must be in the file, and the string that replaces it.
func contributed(t *testing.T, name string, changes ...string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("../../contrib/nats", name))
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	for i := 0; i < len(changes); i += 2 {
		if !strings.Contains(text, changes[i]) {
			t.Fatalf("contrib/nats/%s has no %q", name, changes[i])
		}
		text = strings.ReplaceAll(text, changes[i], changes[i+1])
	}
	return text
}

// TestClusterContributedConfiguration: three servers with the configuration in contrib/nats serve two nodes, with TLS,
// credentials and no more permissions than needed. The servers write no message to their disks.
func TestClusterContributedConfiguration(t *testing.T) {
	t.Parallel()
	etc := t.TempDir()
	certificates(t, etc)
	seed := filepath.Join(etc, "mayfly.nk")
	accounts := contributed(t, "accounts.conf", "U"+strings.Repeat("A", len(testUser)-1), testUser)
	if err := os.WriteFile(seed, []byte(testSeed), 0o600); err != nil {
		t.Fatal(err)
	}
	servers := natstest.StartWith(t, 3, func(p natstest.Place) string {
		return contributed(t, "nats-server.conf", "server_name: a", "server_name: "+p.Name,
			"host: 0.0.0.0\nport: 4222", fmt.Sprintf("host: 127.0.0.1\nport: %d", p.Port), "127.0.0.1:8222",
			fmt.Sprintf("127.0.0.1:%d", p.Monitor),
			"host: 0.0.0.0\n  port: 6222", fmt.Sprintf("host: 127.0.0.1\n  port: %d", p.Route),
			"a.example:6222", fmt.Sprintf("127.0.0.1:%d", p.Routes[0]),
			"b.example:6222", fmt.Sprintf("127.0.0.1:%d", p.Routes[1]),
			"c.example:6222", fmt.Sprintf("127.0.0.1:%d", p.Routes[2]), "/etc/nats", etc, "/var/lib/nats", p.Folder,
			`include "accounts.conf"`, accounts+fmt.Sprintf("log_file: %q\n", p.Log))
	})
	cluster := clusterOf(servers)
	cluster.CA, cluster.Credentials = filepath.Join(etc, "ca.pem"), seed
	if err := cluster.Check(); err != nil {
		t.Fatal(err)
	}
	var logged servertest.Log
	var nodes [2]*stream.NATS
	for i := range nodes {
		n, err := stream.OpenCluster(t.Context(), cluster, roomy, hub.NewClock(time.Now), prometheus.NewRegistry(),
			slog.New(slog.NewTextHandler(&logged, nil)))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = n.Close() })
		nodes[i] = n
	}
	followed := follow(t, nodes[1], "lobby")
	kept := mustAppend(t, nodes[0], "lobby", message(1, time.Minute))
	want(t, followed, kept)
	again := appendOne(t, nodes[1], "lobby", message(1, time.Minute))
	if !again.receipt.Repeat {
		t.Error("a repeat was stored again")
	}
	signals, _ := listen(t, nodes[1])
	eventually(t, "a signal comes", func() bool { // the other servers learn in a moment who listens
		send(t, nodes[0], hub.Signal{Kind: "typing"})
		return len(signals) > 0
	})
	if err := nodes[0].Facts().Keep(t.Context(), "ann signed out", time.Now().Add(time.Hour)); err != nil {
		t.Error(err)
	}
	facts := make(chan string, 1)
	stop, err := nodes[1].Facts().Follow(t.Context(), func(fact string, _ time.Time) { facts <- fact })
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	if fact := <-facts; fact != "ann signed out" {
		t.Errorf("the fact is %q", fact)
	}
	for _, s := range servers.Servers {
		noText(t, s.Folder, kept.Text)
	}
	nodes[0].Erase("lobby", kept.Seq)
	for deadline := time.Now().Add(testTimeout); len(all(t, nodes[1], "lobby")) > 0; {
		if time.Now().After(deadline) {
			t.Fatal("the message is not erased")
		}
	}
	if strings.Contains(logged.String(), "level=WARN") {
		t.Errorf("the nodes had problems:\n%s", &logged)
	}
	without := cluster
	without.Credentials = ""
	_, err = stream.OpenCluster(t.Context(), without, roomy, hub.NewClock(time.Now), prometheus.NewRegistry(),
		slog.New(slog.DiscardHandler))
	if err == nil || !strings.Contains(err.Error(), "want a user of these servers in -nats-creds") {
		t.Errorf("without credentials: %v", err)
	}
}

// noText checks that no file in folder has text in it.
func noText(t *testing.T, folder, text string) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files++
		b, err := os.ReadFile(path)
		if bytes.Contains(b, []byte(text)) {
			t.Errorf("%s has the text of a message", path)
		}
		return err
	})
	if err != nil || files == 0 {
		t.Errorf("looked at %d files: %v", files, err)
	}
}

// TestAlertsNameMetrics: the alerts in contrib use only metrics that docs/metrics.md explains.
func TestAlertsNameMetrics(t *testing.T) {
	read := func(name string) string {
		t.Helper()
		content, err := os.ReadFile(filepath.Join("..", "..", name))
		if err != nil {
			t.Fatal(err)
		}
		return string(content)
	}
	explained := read("docs/metrics.md")
	used := regexp.MustCompile(`mayfly_[a-z_]+`).FindAllString(read("contrib/prometheus/cluster.yml"), -1)
	if len(used) < 10 {
		t.Errorf("the alerts use %d metrics, want more", len(used))
	}
	for _, name := range used {
		if !strings.Contains(explained, "`"+name+"`") {
			t.Errorf("contrib/prometheus/cluster.yml uses %s, which docs/metrics.md does not have", name)
		}
	}
}
