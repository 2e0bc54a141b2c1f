// Command testca is a certificate authority for the end-to-end tests that speaks ACME. It is Pebble, the test server of
// Let's Encrypt, with a name server that answers for every host name with 127.0.0.1. testca is a Go module of its own, so
// that its dependencies stay out of Mayfly's go.sum.
//
// It prints "The authority is at URL" once it can be used, and runs until it is killed.
package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"flag"
	"fmt"
	"log"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/letsencrypt/pebble/v2/ca"
	"github.com/letsencrypt/pebble/v2/db"
	"github.com/letsencrypt/pebble/v2/va"
	"github.com/letsencrypt/pebble/v2/wfe"
	"github.com/miekg/dns"
)

func main() {
	httpPort := flag.Int("http", 80, "the port for HTTP-01")
	tlsPort := flag.Int("tls", 443, "the port for TLS-ALPN-01")
	life := flag.Duration("life", 90*24*time.Hour, "how long a certificate is valid")
	folder := flag.String("folder", ".", "where to write ca.pem, which signs the server's own certificate, and "+
		"root.pem, which signs those that it issues")
	flag.Parse()
	logger := log.New(os.Stderr, "", 0)

	store := db.NewMemoryStore()
	authority := ca.New(logger, store, "", "ecdsa", 0, 1, map[string]ca.Profile{
		"default": {Description: "default", ValidityPeriod: uint64(*life / time.Second)}})
	must(os.WriteFile(filepath.Join(*folder, "root.pem"), authority.GetRootCert(0).PEM(), 0o600))
	checker := va.New(logger, *httpPort, *tlsPort, false, names(), store)
	front := wfe.New(logger, store, checker, authority, []string{"ca.test"}, false, false, 1, 1)

	own, ownPEM := selfSigned()
	must(os.WriteFile(filepath.Join(*folder, "ca.pem"), ownPEM, 0o600))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	fmt.Printf("The authority is at https://%s%s\n", listener.Addr(), wfe.DirectoryPath)
	server := &http.Server{Handler: front.Handler(), ErrorLog: logger, ReadHeaderTimeout: time.Minute,
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{own}}}
	must(server.ServeTLS(listener, "", ""))
}

// names starts the name server, and returns its address.
func names() string {
	listener, err := net.Listen("tcp", "127.0.0.1:0") // Pebble asks over TCP
	must(err)
	answer := func(w dns.ResponseWriter, asked *dns.Msg) {
		m := new(dns.Msg).SetReply(asked)
		for _, q := range asked.Question {
			if q.Qtype == dns.TypeA {
				m.Answer = append(m.Answer, &dns.A{A: net.IPv4(127, 0, 0, 1),
					Hdr: dns.RR_Header{Name: q.Name, Rrtype: q.Qtype, Class: dns.ClassINET}})
			}
		}
		must(w.WriteMsg(m))
	}
	go func() { must((&dns.Server{Listener: listener, Handler: dns.HandlerFunc(answer)}).ActivateAndServe()) }()
	return listener.Addr().String()
}

// selfSigned returns a certificate for 127.0.0.1, also in PEM.
func selfSigned() (tls.Certificate, []byte) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	cert := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(24 * time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true,
		BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, cert, cert, key.Public(), key)
	must(err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key},
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
