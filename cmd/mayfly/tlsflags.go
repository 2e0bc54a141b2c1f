package main

import (
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"log/slog"
	"net"
	"net/url"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mayfly/server/certs"
)

// tlsFlags are the values of the flags for TLS.
type tlsFlags struct {
	cert, key string // files; empty: the operator has no certificate
}

// enabled reports whether the public listener speaks TLS.
func (t *tlsFlags) enabled() bool { return t.cert != "" }

// defineTLSFlags defines the flags for TLS, which set the fields of t. After the flags are parsed, call the returned
// function finish, which checks the flags. Its error has every problem.
func defineTLSFlags(f *flag.FlagSet, t *tlsFlags) (finish func() error) {
	f.StringVar(&t.cert, "tls-cert", "", "`FILE` with the certificate for https and those of its signers, in PEM; "+
		"read again when it changes (default none)")
	f.StringVar(&t.key, "tls-key", "", "`FILE` with the key of that certificate, in PEM (default none)")
	return func() error {
		if (t.cert == "") != (t.key == "") {
			return errors.New("-tls-cert and -tls-key belong together: want both, or neither")
		}
		if t.cert == "" {
			return nil
		}
		_, err := certs.OpenFiles(t.cert, t.key, slog.New(slog.DiscardHandler))
		return err
	}
}

// certificates are the certificates of the public listener. Run looks for new ones until ctx is done, and Reload looks at
// once.
type certificates interface {
	Certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error)
	Name() string // the host name in the certificate that people should open, "" if it has none
	Expiries() []certs.Expiry
	Run(ctx context.Context) error
	Reload()
}

// open returns the certificates, nil if the public listener speaks plain HTTP.
func (t *tlsFlags) open(log *slog.Logger) (certificates, error) {
	if !t.enabled() {
		return nil, nil
	}
	files, err := certs.OpenFiles(t.cert, t.key, log)
	if err != nil {
		return nil, configError{err}
	}
	return files, nil
}

// urlOf returns the URL under which people open a server with these certificates that listens on port.
func urlOf(c certificates, port string) (string, error) {
	host := c.Name()
	if host == "" {
		return "", configError{errors.New("-tls-cert has a certificate that names no host without an asterisk: " +
			"say under which address people open the chat, such as -public-url https://chat.example.com")}
	}
	if port != "443" {
		host = net.JoinHostPort(host, port)
	} else if net.ParseIP(host).To4() == nil && net.ParseIP(host) != nil {
		host = "[" + host + "]"
	}
	return (&url.URL{Scheme: "https", Host: host}).String(), nil
}

// encrypt makes n speak TLS with these certificates. It registers the metrics of the certificates with metrics.
func (n *node) encrypt(c certificates, metrics prometheus.Registerer) {
	n.http.TLSConfig = certs.Config(c.Certificate)
	metrics.MustRegister(&expiries{c, prometheus.NewDesc("mayfly_certificate_days_left",
		"Days until the certificate for this host name ends, 0 if there is none.", []string{"host"}, nil)})
	n.background(c.Run)
	n.ended.Go(func() { onHangup(n.alive, c.Reload) })
}

// expiries is the metric with the days that are left for each certificate.
type expiries struct {
	certificates certificates
	desc         *prometheus.Desc
}

// Describe implements prometheus.Collector.
func (e *expiries) Describe(to chan<- *prometheus.Desc) { to <- e.desc }

// Collect implements prometheus.Collector.
func (e *expiries) Collect(to chan<- prometheus.Metric) {
	for _, x := range e.certificates.Expiries() {
		days := 0.0
		if !x.Until.IsZero() {
			days = time.Until(x.Until).Hours() / 24
		}
		to <- prometheus.MustNewConstMetric(e.desc, prometheus.GaugeValue, days, x.Name)
	}
}
