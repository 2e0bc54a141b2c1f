package bench_test

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"

	"mayfly/cmd/mayfly/bench"
)

func TestParseURL(t *testing.T) {
	for _, tt := range []struct{ url, want, problem string }{
		{"http://localhost:8080", "http://localhost:8080", ""},
		{"http://localhost:8080/", "http://localhost:8080", ""},
		{"https://chat.example.com", "https://chat.example.com", ""},
		{"ws://localhost:8080/ws", "http://localhost:8080", ""},
		{"wss://chat.example.com/ws", "https://chat.example.com", ""},
		{"http://[::1]:8080", "http://[::1]:8080", ""},
		{"http://127.0.0.1", "http://127.0.0.1", ""},
		{"", "", "no URL of a server"},
		{"localhost:8080", "", "want such as http://localhost:8080"},
		{"localhost", "", "no URL of a server"},
		{"http://", "", "no URL of a server"},
		{"http://:8080", "", "no URL of a server"},
		{"http://a b", "", "no URL of a server"},
		{"ftp://localhost:8080", "", "begins with ftp: want http, https, ws or wss, such as http://localhost:8080"},
		{"http://localhost:8080/chat", "", "want http://localhost:8080, because Mayfly is served at the root"},
		{"http://localhost:8080/r/team", "", "has more than a host"},
		{"http://localhost:8080/?x", "", "has more than a host"},
		{"http://localhost:8080/#team", "", "has more than a host"},
		{"http://ann:secret@localhost:8080", "", "has more than a host"},
	} {
		t.Run(tt.url, func(t *testing.T) {
			u, err := bench.ParseURL(tt.url)
			if tt.problem != "" {
				if err == nil || !strings.Contains(err.Error(), tt.problem) {
					t.Errorf("ParseURL(%q) = %v, %v, want %q", tt.url, u, err, tt.problem)
				}
				return
			}
			if err != nil || u.String() != tt.want {
				t.Errorf("ParseURL(%q) = %v, %v, want %s", tt.url, u, err, tt.want)
			}
		})
	}
}

// TestOnlyThisMachine checks which servers are measured without -i-run-this-server, and that connections go only to the
// addresses that were checked.
func TestOnlyThisMachine(t *testing.T) {
	names := map[string][]string{
		"localhost": {"::1", "127.0.0.1"}, "here.example.com": {"127.0.0.1"}, "six.example.com": {"::1"},
		"far.example.com": {"203.0.113.9"}, "both.example.com": {"127.0.0.1", "203.0.113.9"}, "mapped.example.com": {"::ffff:127.0.0.1"},
		"lan.example.com": {"192.168.1.2"}, "none.example.com": {},
	}
	lookup := func(_ context.Context, network, host string) (found []netip.Addr, err error) {
		addresses, ok := names[host]
		if !ok || network != "ip" {
			return nil, errors.New("no such host")
		}
		for _, a := range addresses {
			found = append(found, netip.MustParseAddr(a))
		}
		return found, nil
	}
	for _, tt := range []struct {
		url       string
		addresses string // where connections go
		foreign   bool   // refused without -i-run-this-server
		problem   string
	}{
		{url: "http://127.0.0.1:8080", addresses: "127.0.0.1:8080"},
		{url: "http://127.9.8.7", addresses: "127.9.8.7:80"},
		{url: "https://[::1]", addresses: "[::1]:443"},
		{url: "http://[::ffff:127.0.0.1]:8080", addresses: "127.0.0.1:8080"},
		{url: "http://localhost:8080", addresses: "[::1]:8080 127.0.0.1:8080"},
		{url: "http://here.example.com:1", addresses: "127.0.0.1:1"},
		{url: "http://six.example.com:1", addresses: "[::1]:1"},
		{url: "http://mapped.example.com:1", addresses: "127.0.0.1:1"},
		{url: "https://far.example.com", addresses: "203.0.113.9:443", foreign: true},
		{url: "http://both.example.com", addresses: "127.0.0.1:80 203.0.113.9:80", foreign: true},
		{url: "http://lan.example.com", addresses: "192.168.1.2:80", foreign: true},
		{url: "http://0.0.0.0:8080", addresses: "0.0.0.0:8080", foreign: true},
		{url: "http://[::]:8080", addresses: "[::]:8080", foreign: true},
		{url: "http://192.168.1.2:8080", addresses: "192.168.1.2:8080", foreign: true},
		{url: "http://[2001:db8::1]", addresses: "[2001:db8::1]:80", foreign: true},
		{url: "http://[::ffff:203.0.113.9]", addresses: "203.0.113.9:80", foreign: true},
		{url: "http://nowhere.example.com", problem: "no address of the host nowhere.example.com was found"},
		{url: "http://none.example.com", problem: "no address of the host none.example.com was found"},
		{url: "http://127.0.0.1:99999", problem: "want a number from 1 to 65535"},
	} {
		t.Run(tt.url, func(t *testing.T) {
			u, err := bench.ParseURL(tt.url)
			if err != nil {
				t.Fatal(err)
			}
			near, err := bench.Find(t.Context(), u, bench.Loopback, lookup)
			if tt.foreign && (!errors.Is(err, bench.ErrForeign) || !strings.Contains(err.Error(), "-i-run-this-server")) {
				t.Errorf("Find(%s) = %v, %v, want ErrForeign and the flag that allows it", tt.url, near.Addresses(), err)
			}
			any, anyErr := bench.Find(t.Context(), u, bench.AnyHost, lookup)
			if tt.problem != "" {
				if err == nil || anyErr == nil || !strings.Contains(err.Error(), tt.problem) {
					t.Errorf("Find(%s) = %v, %v, want %q", tt.url, err, anyErr, tt.problem)
				}
				return
			}
			if got := list(any.Addresses()); anyErr != nil || got != tt.addresses {
				t.Errorf("Find(%s) with any host = %s, %v, want %s", tt.url, got, anyErr, tt.addresses)
			}
			if got := list(near.Addresses()); !tt.foreign && (err != nil || got != tt.addresses) {
				t.Errorf("Find(%s) = %s, %v, want %s", tt.url, got, err, tt.addresses)
			}
		})
	}
}

func list(addresses []netip.AddrPort) string {
	var all []string
	for _, a := range addresses {
		all = append(all, a.String())
	}
	return strings.Join(all, " ")
}
