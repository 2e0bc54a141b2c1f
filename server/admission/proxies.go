package admission

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
)

// Proxies are the networks of the operator's own proxies. In an X-Forwarded-For header, the server believes only the
// addresses that these proxies appended.
type Proxies []netip.Prefix

// ParseProxies parses a list such as "10.0.0.0/8,127.0.0.1". The list "" means no proxies. The error names every
// problem.
func ParseProxies(list string) (Proxies, error) {
	var p Proxies
	var wrong []string
	for _, s := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' }) {
		prefix, err := parseNetwork(s)
		if err != nil {
			wrong = append(wrong, err.Error())
			continue
		}
		p = append(p, prefix)
	}
	if wrong != nil {
		return nil, fmt.Errorf("%s: want the addresses or networks of your proxies, such as 10.0.0.0/8,127.0.0.1",
			strings.Join(wrong, ", "))
	}
	return p, nil
}

// parseNetwork parses an IP address or a network in CIDR form. It turns an IPv4 address that is written as IPv6
// (::ffff:10.0.0.1) into plain IPv4.
func parseNetwork(s string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(s); err == nil && addr.Zone() == "" {
		addr = addr.Unmap()
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(s)
	if err != nil {
		return prefix, fmt.Errorf("%q is no address", s)
	}
	if addr := prefix.Addr(); addr.Is4In6() && prefix.Bits() >= 96 {
		prefix = netip.PrefixFrom(addr.Unmap(), prefix.Bits()-96)
	}
	if prefix.Bits() == 0 {
		return prefix, fmt.Errorf("%q is everyone, who could then claim any address", s)
	}
	return prefix.Masked(), nil
}

// Contain reports whether a is the address of a proxy.
func (p Proxies) Contain(a netip.Addr) bool {
	for _, prefix := range p {
		if prefix.Contains(a) {
			return true
		}
	}
	return false
}

// forwarded returns the addresses in the X-Forwarded-For header of r, unparsed and with spaces. If r has no such header, it
// returns one empty string.
func forwarded(r *http.Request) []string {
	return strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
}

// client returns the address of the client that sent r. Each proxy appends the address of its caller to the X-Forwarded-For
// header. So a client can only write false addresses at the beginning, and our proxies append true ones at the end. client
// reads the header from its end, and stops at the first address that is not one of our proxies. If an address cannot be
// parsed, client returns the address of the proxy that appended it. A request over a Unix socket has no address, and counts
// as a proxy's: only programs to which the operator has given the right can connect there.
func (p Proxies) client(r *http.Request) netip.Addr {
	addr, err := parseHop(r.RemoteAddr)
	overUnix := err != nil && isUnix(r.RemoteAddr)
	hops := forwarded(r)
	for i := len(hops) - 1; i >= 0 && (overUnix || p.Contain(addr)); i-- {
		hop, err := parseHop(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		addr, overUnix = hop, false
	}
	return network(addr) // all requests without an address share the slots of one address, the zero value
}

// isUnix reports whether remote, which is no IP address, is how Go writes the other end of a Unix socket.
func isUnix(remote string) bool { return remote == "" || remote[0] == '@' || remote[0] == '/' }

// parseHop parses an address in the forms that proxies write: with or without a port, and IPv6 with or without brackets.
func parseHop(s string) (netip.Addr, error) {
	if at, err := netip.ParseAddrPort(s); err == nil {
		return bare(at.Addr()), nil
	}
	if strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") {
		s = s[1 : len(s)-1]
	}
	addr, err := netip.ParseAddr(s)
	return bare(addr), err
}

// bare returns an address in a form in which equal addresses compare as equal. It removes an IPv6 zone, which has a meaning
// only on the machine that wrote it. It turns an IPv4 address that is written as IPv6 into plain IPv4.
func bare(address netip.Addr) netip.Addr { return address.Unmap().WithZone("") }

// network returns an IPv4 address unchanged. For an IPv6 address it returns the first address of the /64 network. An
// internet provider gives each customer a whole /64 network, so all addresses of such a network count as one client.
func network(address netip.Addr) netip.Addr {
	if !address.Is6() {
		return address
	}
	return netip.PrefixFrom(address, 64).Masked().Addr()
}
