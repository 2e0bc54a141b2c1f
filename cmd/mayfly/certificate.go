package main

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"time"
)

// certificateSoon is how long before the end of a certificate mayfly check begins to warn of it.
const certificateSoon = 14 * 24 * time.Hour

// tryCertificate reports whether the first certificate in file, which flag names, is valid now. It also prints the result,
// or adds a problem.
func (ch *check) tryCertificate(flag, file string, now time.Time) bool {
	ends, err := certificateLife(file, now)
	switch {
	case err != nil:
		ch.problem("%s is %q: %w", flag, file, err)
	case ends.Sub(now) < certificateSoon:
		ch.say("warning", "%s is %q, whose certificate ends on %s: want a new one soon", flag, file,
			ends.Format(time.DateOnly))
	default:
		ch.say("ok", "%s is valid until %s", flag, ends.Format(time.DateOnly))
	}
	return err == nil
}

// certificateLife returns when the first certificate in file ends. The error says why the certificate cannot be used now,
// and what to do.
func certificateLife(file string, now time.Time) (ends time.Time, err error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return ends, fmt.Errorf("%w: want a file that this user may read", err)
	}
	block, _ := pem.Decode(content)
	if block == nil {
		return ends, errors.New("it has no certificate: want one in the format PEM")
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	switch {
	case err != nil:
		return ends, fmt.Errorf("it has no certificate: %w: want one in the format PEM", err)
	case now.After(certificate.NotAfter):
		return ends, fmt.Errorf("the certificate ended on %s: want a new one", certificate.NotAfter.Format(time.DateOnly))
	case now.Before(certificate.NotBefore):
		return ends, fmt.Errorf("the certificate begins on %s: want one that is valid now, or the clock set right",
			certificate.NotBefore.Format(time.DateOnly))
	}
	return certificate.NotAfter, nil
}
