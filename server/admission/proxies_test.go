package admission_test

import (
	"net/http"
	"strings"
	"testing"

	"mayfly/server/admission"
)

func TestParseProxies(t *testing.T) {
	for _, tt := range []struct{ name, list, want string }{
		{"none", "", ""},
		{"blank", " , ", ""},
		{"an address", "127.0.0.1", "127.0.0.1/32"},
		{"a network", "10.0.0.0/8", "10.0.0.0/8"},
		{"several, with spaces", "10.0.0.0/8, 127.0.0.1 ::1", "10.0.0.0/8 127.0.0.1/32 ::1/128"},
		{"an address in its network", "10.1.2.3/8", "10.0.0.0/8"},
		{"IPv6", "2001:db8::/32,fd00::7", "2001:db8::/32 fd00::7/128"},
		{"mapped address", "::ffff:10.0.0.1", "10.0.0.1/32"},
		{"mapped network", "::ffff:10.0.0.0/104", "10.0.0.0/8"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			proxies, err := admission.ParseProxies(tt.list)
			var got []string
			for _, p := range proxies {
				got = append(got, p.String())
			}
			if err != nil || strings.Join(got, " ") != tt.want {
				t.Errorf("ParseProxies(%q) = %v, %v, want %s", tt.list, got, err, tt.want)
			}
		})
	}
}

func TestParseProxiesReportsEveryProblem(t *testing.T) {
	for list, says := range map[string][]string{
		"localhost,10.0.0.1,10.0.0.0/33": {`"localhost" is no address`, `"10.0.0.0/33" is no address`, "such as 10.0.0.0/8,127.0.0.1"},
		"0.0.0.0/0":                      {`"0.0.0.0/0" is everyone`},
		"::/0":                           {`"::/0" is everyone`},
		"::ffff:0:0/96":                  {"is everyone"},
		"127.0.0.1:80":                   {`"127.0.0.1:80" is no address`},
		"[::1]":                          {"is no address"},
		"fe80::1%eth0":                   {"is no address"},
		"fe80::%eth0/64":                 {"is no address"},
	} {
		_, err := admission.ParseProxies(list)
		for _, want := range says {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("ParseProxies(%q) = %v, want %q in it", list, err, want)
			}
		}
	}
}

func TestClientsAddress(t *testing.T) {
	const proxies = "10.0.0.0/8,127.0.0.1,fd00::/8,fe80::1"
	for _, tt := range []struct {
		name, trusted, remote string
		forwarded             []string // X-Forwarded-For headers
		want                  string
	}{
		{"no proxy", "", "203.0.113.7:50000", nil, "203.0.113.7"},
		{"no proxy is trusted", "", "203.0.113.7:50000", []string{"198.51.100.1"}, "203.0.113.7"},
		{"not from a proxy", proxies, "203.0.113.7:50000", []string{"198.51.100.1"}, "203.0.113.7"},
		{"by a proxy", proxies, "127.0.0.1:50000", []string{"198.51.100.1"}, "198.51.100.1"},
		{"by two proxies", proxies, "127.0.0.1:50000", []string{"198.51.100.1, 10.1.2.3"}, "198.51.100.1"},
		{"spoofed before", proxies, "127.0.0.1:50000", []string{"1.1.1.1, 198.51.100.1"}, "198.51.100.1"},
		{"a proxy of ours spoofed before", proxies, "127.0.0.1:50000", []string{"1.1.1.1, 10.1.2.3, 198.51.100.1"}, "198.51.100.1"},
		{"spoofed with a header of its own", proxies, "127.0.0.1:50000", []string{"1.1.1.1", "198.51.100.1"}, "198.51.100.1"},
		{"spoofed with two", proxies, "127.0.0.1:50000", []string{"1.1.1.1", "10.1.2.3, 2.2.2.2", "198.51.100.1, 10.0.0.9"}, "198.51.100.1"},
		{"a foreign proxy on the way", proxies, "127.0.0.1:50000", []string{"1.1.1.1, 198.51.100.1, 10.0.0.9"}, "198.51.100.1"},
		{"a client within", proxies, "127.0.0.1:50000", []string{"10.1.2.3"}, "10.1.2.3"},
		{"nothing forwarded", proxies, "127.0.0.1:50000", nil, "127.0.0.1"},
		{"empty", proxies, "127.0.0.1:50000", []string{""}, "127.0.0.1"},
		{"unknown", proxies, "127.0.0.1:50000", []string{"unknown"}, "127.0.0.1"},
		{"garbage by an inner proxy", proxies, "127.0.0.1:50000", []string{"198.51.100.1, _hidden, 10.1.2.3"}, "10.1.2.3"},
		{"garbage before", proxies, "127.0.0.1:50000", []string{"';--, 198.51.100.1"}, "198.51.100.1"},
		{"empty before", proxies, "127.0.0.1:50000", []string{", 198.51.100.1"}, "198.51.100.1"},
		{"with a port", proxies, "127.0.0.1:50000", []string{"198.51.100.1:1234"}, "198.51.100.1"},
		{"no spaces", proxies, "127.0.0.1:50000", []string{"1.1.1.1,198.51.100.1\t,10.0.0.9"}, "198.51.100.1"},
		{"IPv6 is its network", "", "[2001:db8:1:2:3:4:5:6]:50000", nil, "2001:db8:1:2::"},
		{"IPv6 by a proxy", proxies, "[fd00::1]:50000", []string{"2001:db8:1:2:3:4:5:6"}, "2001:db8:1:2::"},
		{"IPv6 in brackets", proxies, "[fd00::1]:50000", []string{"[2001:db8:1:2:3:4:5:6]"}, "2001:db8:1:2::"},
		{"IPv6 with a port", proxies, "[fd00::1]:50000", []string{"[2001:db8:1:2:3:4:5:6]:1234"}, "2001:db8:1:2::"},
		{"half a bracket", proxies, "127.0.0.1:50000", []string{"[2001:db8::1"}, "127.0.0.1"},
		{"IPv6 neighbours are two", "", "[2001:db8:1:3:3:4:5:6]:50000", nil, "2001:db8:1:3::"},
		{"a zone", "", "[fe80::7%eth0]:50000", nil, "fe80::"},
		{"a proxy with a zone", proxies, "[fe80::1%eth0]:50000", []string{"198.51.100.1"}, "198.51.100.1"},
		{"a forwarded zone", proxies, "127.0.0.1:50000", []string{"fe80::7%lan"}, "fe80::"},
		{"mapped", "", "[::ffff:203.0.113.7]:50000", nil, "203.0.113.7"},
		{"a mapped proxy", proxies, "[::ffff:127.0.0.1]:50000", []string{"198.51.100.1"}, "198.51.100.1"},
		{"forwarded mapped", proxies, "127.0.0.1:50000", []string{"::ffff:198.51.100.1"}, "198.51.100.1"},
		{"a mapped network is trusted", "::ffff:127.0.0.0/104", "127.0.0.1:50000", []string{"198.51.100.1"}, "198.51.100.1"},
		{"over a Unix socket", "", "@", []string{"198.51.100.1"}, "198.51.100.1"},
		{"over a Unix socket with a name", "", "/run/proxy", []string{"192.0.2.9, 198.51.100.1"}, "198.51.100.1"},
		{"over a Unix socket, through two proxies", proxies, "@", []string{"192.0.2.9, 198.51.100.1, 10.1.2.3"},
			"198.51.100.1"},
		{"over a Unix socket, without a header", proxies, "@", nil, "invalid IP"},
		{"no address at all", proxies, "nonsense", []string{"198.51.100.1"}, "invalid IP"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			trusted, err := admission.ParseProxies(tt.trusted)
			if err != nil {
				t.Fatal(err)
			}
			r := &http.Request{RemoteAddr: tt.remote, Header: http.Header{"X-Forwarded-For": tt.forwarded}}
			if got := trusted.Client(r); got.String() != tt.want {
				t.Errorf("client = %s, want %s", got, tt.want)
			}
		})
	}
}
