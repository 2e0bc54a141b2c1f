package admission

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
)

// Proxies are the addresses of the operator's own proxies. Only what they say about the origin of a request is believed.
type Proxies []netip.Prefix

// ParseProxies parses a list such as "10.0.0.0/8,127.0.0.1", "" for none. The error names every problem.
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

// parseNetwork parses an address or a network. It returns an IPv4 address that is mapped into IPv6 as plain IPv4.
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

func (p Proxies) contain(a netip.Addr) bool {
	for _, prefix := range p {
		if prefix.Contains(a) {
			return true
		}
	}
	return false
}

// client returns where r comes from: the nearest address that is not one of our proxies. Each proxy appends the address that
// it was called from to X-Forwarded-For, so only the end of that header is true, which our own proxies appended: the client
// may have sent the rest. An address that can't be read ends the search at the proxy that passed it on.
func (p Proxies) client(r *http.Request) netip.Addr {
	addr, err := parseHop(r.RemoteAddr)
	if err != nil {
		return netip.Addr{} // requests without an address share one count
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && p.contain(addr); i-- {
		hop, err := parseHop(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		addr = hop
	}
	return network(addr)
}

// parseHop parses an address as proxies write it: some add a port, some put IPv6 in brackets.
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

// bare returns the one form of an address that has several: without a zone, which only means something on the machine that
// wrote it, and as plain IPv4 if it is mapped into IPv6.
func bare(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

// network returns what one customer of a provider has: an IPv4 address, or the first address of an IPv6 network of 64 bits.
func network(a netip.Addr) netip.Addr {
	if !a.Is6() {
		return a
	}
	return netip.PrefixFrom(a, 64).Masked().Addr()
}
