// Package certs has the certificates with which the public listener proves to browsers which host it is. They come from
// files that the operator renews (Files), or from an authority that Mayfly asks for them (ACME).
//
// A certificate is chosen at each TLS handshake. So a new certificate counts from the next handshake on, and connections
// that are open go on without noticing.
package certs

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"math"
	"time"
)

// Expiry says until when the certificate for a name is valid. Until is the zero time if there is no certificate yet.
type Expiry struct {
	Name  string
	Until time.Time
}

// warnDays is how many days before the end of a certificate the log begins to warn.
const warnDays = 7

// daysLeft returns the whole days from now until the end of the certificate. It is negative if the end has passed.
func daysLeft(leaf *x509.Certificate, now time.Time) int {
	return int(math.Floor(leaf.NotAfter.Sub(now).Hours() / 24))
}

// firstName returns the first name in leaf that a browser can open: a DNS name without an asterisk, or else an IP address.
func firstName(leaf *x509.Certificate) string {
	for _, name := range leaf.DNSNames {
		if name != "" && name[0] != '*' {
			return name
		}
	}
	if len(leaf.IPAddresses) > 0 {
		return leaf.IPAddresses[0].String()
	}
	return ""
}

// checkTime returns an error if leaf is not valid at the time now.
func checkTime(leaf *x509.Certificate, now time.Time) error {
	switch {
	case now.After(leaf.NotAfter):
		return fmt.Errorf("the certificate was valid until %s", leaf.NotAfter.UTC().Format(time.DateTime))
	case now.Before(leaf.NotBefore):
		return fmt.Errorf("the certificate is not valid before %s: if that is past, set the clock of this machine right",
			leaf.NotBefore.UTC().Format(time.DateTime))
	}
	return nil
}

// config returns the settings of a TLS server whose certificates come from the function certificate. All browsers since 2014
// have TLS 1.2, and older versions of TLS are insecure.
func config(certificate func(*tls.ClientHelloInfo) (*tls.Certificate, error)) *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: certificate}
}
