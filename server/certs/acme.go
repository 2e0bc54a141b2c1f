package certs

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
	"golang.org/x/net/idna"
)

// LetsEncrypt is the authority that ACME asks unless the operator names another.
const LetsEncrypt = autocert.DefaultACMEDirectory

const (
	// lookEvery is how often ACME looks whether a certificate that it has was renewed.
	lookEvery = time.Hour
	// caTimeout is the longest time for one request to the authority. The authority mostly answers within a second.
	caTimeout = 30 * time.Second
)

// retries are the waits before the second, third and fourth try to get a first certificate. From then on ACME waits as
// long as before the fourth. Let's Encrypt accepts five failures in an hour for each name, and each try may fail in two
// ways: over HTTP and over TLS. The package autocert does not try again within a minute.
var retries = [...]time.Duration{70 * time.Second, 15 * time.Minute, time.Hour}

// ACMEConfig says from which authority, and for which host names, ACME gets certificates.
type ACMEConfig struct {
	Domains []string // host names as ParseDomains returns them
	CA      string   // the URL of the authority's directory
	Roots   string   // a file with the certificates, in PEM, that sign the authority's own; "": those of the system
	Email   string   // an address of the operator for the authority; "": none
	Cache   string   // a folder for the keys and the certificates
}

// ACME gets certificates from an authority by the protocol ACME (RFC 8555), and renews them when two thirds of their
// time have passed, or 30 days before their end if that is later. It keeps them in a folder, so that a restart needs no
// new ones.
//
// The authority checks that this server has the host name, in one of two ways: by a request on port 80 (HTTP-01), which the
// handler of Challenges answers, or by a handshake on port 443 (TLS-ALPN-01), which Certificate answers.
//
// The package autocert does the work. By itself it would ask for a certificate whenever a client shakes hands, also after a
// failure, and thus use up what the authority allows. So here only Run asks, and a handshake gets what is there.
type ACME struct {
	domains []string          // static
	manager *autocert.Manager // static
	answers *answers          // static; what the authority has answered
	log     *slog.Logger      // static
	again   chan struct{}     // static; each value makes one domain try at once

	mu    sync.Mutex                   // guards what follows
	leafs map[string]*x509.Certificate // the certificates that are there, by domain
}

// ParseDomains checks host names, and returns them in the form in which browsers ask for them. The error names every
// problem.
func ParseDomains(names []string) (domains []string, err error) {
	var errs []error
	for _, name := range names {
		domain, err := idna.Lookup.ToASCII(strings.TrimSuffix(name, "."))
		_, noAddress := netip.ParseAddr(strings.Trim(name, "[]"))
		switch {
		case strings.Contains(name, "*"):
			errs = append(errs, fmt.Errorf("%q: Mayfly cannot get a certificate for all names of a domain: name each one, "+
				"or get one elsewhere and use -tls-cert", name))
		case err != nil || noAddress == nil || !strings.Contains(domain, "."):
			errs = append(errs, fmt.Errorf("%q is no host name on the internet: want one such as chat.example.com, "+
				"without a scheme and a port", name))
		default:
			domains = append(domains, domain)
		}
	}
	return domains, errors.Join(errs...)
}

// transport returns what reaches the authority. The error says what to do.
func (c *ACMEConfig) transport() (http.RoundTripper, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	if c.Roots == "" {
		return transport, nil
	}
	pem, err := os.ReadFile(c.Roots)
	if err != nil {
		return nil, fmt.Errorf("-acme-ca-cert: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("-acme-ca-cert is %q: want a file with certificates in PEM", c.Roots)
	}
	transport.TLSClientConfig = &tls.Config{RootCAs: pool}
	return transport, nil
}

// client returns a client of the authority that reaches it through transport.
func (c *ACMEConfig) client(transport http.RoundTripper) *acme.Client {
	return &acme.Client{DirectoryURL: cmp.Or(c.CA, LetsEncrypt), UserAgent: "mayfly",
		HTTPClient: &http.Client{Transport: transport, Timeout: caTimeout}}
}

// Try asks whether the authority is there, and nothing else of it. The error says what to do.
func (c *ACMEConfig) Try(ctx context.Context) error {
	transport, err := c.transport()
	if err != nil {
		return err
	}
	client := c.client(transport)
	if _, err := client.Discover(ctx); err != nil {
		return fmt.Errorf("-acme-ca: no authority answers at %s: %w: want the URL of its directory, a way to it through "+
			"the network, and -acme-ca-cert if this system does not know who signs it", client.DirectoryURL, err)
	}
	return nil
}

// NewACME returns an ACME without certificates. Call Run to get them. The error says what to do.
func NewACME(c ACMEConfig, log *slog.Logger) (*ACME, error) {
	transport, err := c.transport()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(c.Cache, 0o700); err != nil {
		return nil, fmt.Errorf("-acme-cache is %q: want a folder for keys and certificates: %w", c.Cache, err)
	}
	probe, err := os.CreateTemp(c.Cache, "probe")
	if err != nil {
		return nil, fmt.Errorf("-acme-cache is %q: want a folder that this user may write to: %w", c.Cache, err)
	}
	if err := errors.Join(probe.Close(), os.Remove(probe.Name())); err != nil {
		return nil, fmt.Errorf("-acme-cache is %q: %w", c.Cache, err)
	}
	return newACME(c, transport, log), nil
}

// newACME returns an ACME that reaches the authority through transport.
func newACME(c ACMEConfig, transport http.RoundTripper, log *slog.Logger) *ACME {
	answers := &answers{next: transport}
	return &ACME{domains: c.Domains, answers: answers, log: log, again: make(chan struct{}, len(c.Domains)),
		leafs: map[string]*x509.Certificate{},
		manager: &autocert.Manager{Prompt: autocert.AcceptTOS, Cache: autocert.DirCache(c.Cache), Email: c.Email,
			HostPolicy: autocert.HostWhitelist(c.Domains...), Client: c.client(answers)}}
}

// Challenges returns a handler for port 80 that answers the authority, and passes every other request to next. Without a
// call of Challenges before Run, the authority can only use port 443.
func (a *ACME) Challenges(next http.Handler) http.Handler { return a.manager.HTTPHandler(next) }

// Config returns the settings of a TLS server with these certificates that also answers the authority.
func (a *ACME) Config() *tls.Config {
	c := config(a.Certificate)
	c.NextProtos = []string{"h2", "http/1.1", acme.ALPNProto}
	return c
}

// errNone is the error of a handshake for a name without a certificate. A client only learns that the handshake failed.
var errNone = errors.New("there is no certificate for this name")

// Certificate returns the certificate for the name that the client asks for, or for the first domain if it names none. It
// never waits for the authority.
func (a *ACME) Certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	if protos := hello.SupportedProtos; len(protos) == 1 && protos[0] == acme.ALPNProto {
		return a.manager.GetCertificate(hello)
	}
	domain := strings.ToLower(strings.TrimSuffix(hello.ServerName, "."))
	if domain == "" {
		domain = a.domains[0]
	}
	if a.leaf(domain) == nil {
		return nil, errNone
	}
	return a.ask(domain)
}

// ask returns the certificate for domain. If there is none, it asks the authority, which may take minutes.
func (a *ACME) ask(domain string) (*tls.Certificate, error) {
	// Every browser with TLS 1.2 can use an ECDSA key. Without this choice, a client that cannot use such a key would
	// make autocert get a second certificate, with an RSA key.
	return a.manager.GetCertificate(&tls.ClientHelloInfo{ServerName: domain,
		CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}})
}

func (a *ACME) leaf(domain string) *x509.Certificate {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.leafs[domain]
}

// Name returns the first domain.
func (a *ACME) Name() string { return a.domains[0] }

// Expiries returns until when the certificate for each domain is valid.
func (a *ACME) Expiries() (all []Expiry) {
	for _, domain := range a.domains {
		x := Expiry{Name: domain}
		if a.leaf(domain) != nil { // so ask does not wait for the authority
			if cert, err := a.ask(domain); err == nil {
				x.Until = cert.Leaf.NotAfter
			}
		}
		all = append(all, x)
	}
	return all
}

// Reload makes Run try at once to get the certificates that are missing.
func (a *ACME) Reload() {
	for range a.domains {
		select {
		case a.again <- struct{}{}:
		default:
		}
	}
}

// Run gets the certificates, and looks after them until ctx is done. autocert has no way to end a request to the
// authority, so a goroutine that waits for an answer may run for some minutes longer than Run.
func (a *ACME) Run(ctx context.Context) error {
	var domains sync.WaitGroup
	for _, domain := range a.domains {
		domains.Go(func() { a.keep(ctx, domain) })
	}
	domains.Wait()
	return nil
}

// keep gets the certificate for domain and looks after it, until ctx is done.
func (a *ACME) keep(ctx context.Context, domain string) {
	for failures := 0; ; {
		got := make(chan error, 1)
		go func() { got <- a.look(domain) }()
		var err error
		select {
		case err = <-got:
		case <-ctx.Done():
			return
		}
		wait := lookEvery
		if err != nil {
			wait = retries[min(failures, len(retries)-1)]
			failures++
			a.log.Error("no certificate: see that the name leads to this machine, and that the internet reaches its ports "+
				"80 and 443", "name", domain, "err", err, "authority_says", a.answers.take(), "next_try_in", wait)
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-a.again:
		case <-ctx.Done():
		}
		if timer.Stop(); ctx.Err() != nil {
			return
		}
	}
}

// look gets the certificate for domain, and notes until when it is valid. It logs a new one, and warns if autocert should
// have renewed it and could not.
func (a *ACME) look(domain string) error {
	cert, err := a.ask(domain)
	if err != nil {
		return err
	}
	leaf, now := cert.Leaf, time.Now()
	a.mu.Lock()
	before := a.leafs[domain]
	a.leafs[domain] = leaf
	a.mu.Unlock()
	if before == nil || !before.Equal(leaf) {
		a.log.Info("certificate", "name", domain, "until", leaf.NotAfter.UTC(), "by", leaf.Issuer.CommonName)
	}
	if left := leaf.NotAfter.Sub(now); left < min(leaf.NotAfter.Sub(leaf.NotBefore)/4, warnDays*24*time.Hour) {
		a.log.Warn("the certificate should have been renewed: see that the internet reaches this machine's ports 80 and 443",
			"name", domain, "until", leaf.NotAfter.UTC(), "authority_says", a.answers.take())
	}
	return nil
}
