package bench

import (
	"context"
	"crypto/x509"
	"net"
	"net/netip"
)

// Trust makes t accept certificates of these roots.
func (t *Target) Trust(roots *x509.CertPool) { t.roots = roots }

// Over makes t open its connections with dial.
func (t *Target) Over(dial func(ctx context.Context, network, address string) (net.Conn, error)) {
	t.network = dial
}

// Addresses returns where t's connections go, in the order in which they are tried.
func (t *Target) Addresses() []netip.AddrPort { return t.addresses }
