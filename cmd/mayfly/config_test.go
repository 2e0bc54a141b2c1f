package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"mayfly/server/admission"
	"mayfly/server/auth"
	"mayfly/server/certs"
	"mayfly/server/session"
	"mayfly/server/stream"
)

var defaults = config{
	listen: "127.0.0.1:8080", ttl: 5 * time.Minute, ttlMin: time.Second, ttlMax: 24 * time.Hour, rate: rate{20, 10 * time.Second},
	roomMessages: 10000, roomBytes: 8 << 20, streamBytes: 256 << 20, rooms: 10000, conns: 10000, connsPerIP: 200, logFormat: "text",
	tls: tlsFlags{acme: certs.ACMEConfig{Domains: []string{}}}, nats: stream.Cluster{Name: "mayfly", Replicas: 3},
	auth: authFlags{Config: auth.Config{Token: auth.AccessTokens, ClientIDs: []string{}, Audience: "api://default",
		Algs: []string{"RS256"}},
		scopes: []string{"openid", "profile", "email", "offline_access"}, anonymous: session.GuestsWrite},
}

func TestParseConfig(t *testing.T) {
	for _, tt := range []struct {
		name string
		args []string
		env  map[string]string
		want func(c *config)
	}{
		{"defaults", nil, nil, func(*config) {}},
		{"flags", []string{"-listen", "10.0.0.1:0", "--ttl=2s", "-room-bytes", "1MiB", "-rate", "5/1s", "-log", "json",
			"-data", "/d"}, nil, func(c *config) {
			c.listen, c.ttl, c.roomBytes, c.rate, c.logFormat, c.data = "10.0.0.1:0", 2*time.Second, 1<<20,
				rate{5, time.Second}, "json", "/d"
		}},
		{"environment", nil, map[string]string{"MAYFLY_PUBLIC_URL": "https://chat.example.com", "MAYFLY_CONNS": "7", "MAYFLY_DATA": "data"}, func(c *config) {
			c.publicURL, c.conns, c.data = "https://chat.example.com", 7, "data"
		}},
		{"ACME", []string{"-tls-domain", "Chat.example.com,b.example", "-acme-cache", "/c"}, nil, func(c *config) {
			c.listen, c.tls.httpListen = ":443", ":80"
			c.tls.acme = certs.ACMEConfig{Domains: []string{"chat.example.com", "b.example"}, Cache: "/c"}
		}},
		{"ACME with a folder", []string{"-tls-domain", "a.example", "-data", "/d", "-listen", ":8443", "-http-listen",
			"off"}, nil, func(c *config) {
			c.listen, c.data, c.tls.acme = ":8443", "/d", certs.ACMEConfig{Domains: []string{"a.example"}, Cache: "/d/acme"}
		}},
		{"plain http for all", []string{"-listen", ":80", "-insecure-http"}, nil,
			func(c *config) { c.listen, c.network.insecure = ":80", true }},
		{"in a container", nil, map[string]string{"MAYFLY_LISTEN": ":8080", "MAYFLY_TRUSTED_PROXIES": "172.16.0.0/12"},
			func(c *config) {
				c.listen, c.proxies = ":8080", admission.Proxies{netip.MustParsePrefix("172.16.0.0/12")}
			}},
		{"a Unix socket", []string{"-listen", "unix:/run/mayfly/sock", "-public-url", "https://a.example",
			"-proxy-protocol"}, nil, func(c *config) {
			c.listen, c.publicURL, c.network.proxyProtocol = "unix:/run/mayfly/sock", "https://a.example", true
		}},
		{"a flag wins", []string{"-conns", "8"}, map[string]string{"MAYFLY_CONNS": "7"}, func(c *config) { c.conns = 8 }},
		{"origins", []string{"-origins", "https://a.example,http://b.example:81"}, nil, func(c *config) {
			c.origins = []string{"https://a.example", "http://b.example:81"}
		}},
		{"behind a proxy", []string{"-trusted-proxies", "127.0.0.1, 10.1.0.0/16", "-conns-per-ip", "50"}, map[string]string{"MAYFLY_ADMIN": "127.0.0.1:9090"}, func(c *config) {
			c.proxies = admission.Proxies{netip.MustParsePrefix("127.0.0.1/32"), netip.MustParsePrefix("10.1.0.0/16")}
			c.connsPerIP, c.admin = 50, "127.0.0.1:9090"
		}},
		{"proxies from the environment", nil, map[string]string{"MAYFLY_TRUSTED_PROXIES": "::1", "MAYFLY_CONNS_PER_IP": "7"}, func(c *config) {
			c.proxies, c.connsPerIP = admission.Proxies{netip.MustParsePrefix("::1/128")}, 7
		}},
		{"NATS servers", []string{"-nats", "nats://a:4222, tls://b:4222", "-nats-name", "chat-2"},
			map[string]string{"MAYFLY_NATS_REPLICAS": "5"},
			func(c *config) {
				c.nats = stream.Cluster{URLs: []string{"nats://a:4222", "tls://b:4222"}, Name: "chat-2", Replicas: 5}
			}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			want := defaults
			tt.want(&want)
			got, err := parseConfig(tt.args, tt.env, &bytes.Buffer{})
			if got.differs = nil; err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("parseConfig = %+v, %v, want %+v", got, err, want)
			}
		})
	}
}

func TestConfigProblemsSayWhatToDo(t *testing.T) {
	for _, tt := range []struct {
		args string
		says string
	}{
		{"-listen 8080", "want host:port"},
		{"-listen :99999", "want host:port"},
		{"-public-url chat.example.com", "-public-url: \"chat.example.com\" is no origin"},
		{"-public-url https://x/path", "without a path"},
		{"-origins https://ok.example,evil", `-origins: "evil" is no origin`},
		{"-ttl 500ms", "want at least -ttl-min (1s)"},
		{"-ttl 25h", "at most -ttl-max (24h0m0s)"},
		{"-ttl-min 0s", "want 1s or more"},
		{"-ttl-max 1000h", "want 168h0m0s or less"},
		{"-ttl five", "five"},
		{"-rate 20", "such as 20/10s"},
		{"-rate 0/10s", "such as 20/10s"},
		{"-rate 1000001/10s", "at most 1000000"},
		{"-rate 5/1ms", "span of 1s to 1h"},
		{"-room-messages 0", "-room-messages is 0: want 1 or more"},
		{"-rooms -1", "-rooms is -1: want 1 or more"},
		{"-conns 0", "-conns is 0: want 1 or more"},
		{"-conns-per-ip 0", "-conns-per-ip is 0: want 1 or more"},
		{"-trusted-proxies proxy.example", `-trusted-proxies: "proxy.example" is no address`},
		{"-trusted-proxies 0.0.0.0/0", "is everyone"},
		{"-admin 9090", "-admin is \"9090\": want host:port"},
		{"-admin 127.0.0.1:8080", "want another port for -admin"},
		{"-room-bytes 8", "such as 8MiB"},
		{"-room-bytes 1KiB", "want 64KiB or more"},
		{"-stream-bytes 1MiB", "want at least -room-bytes (8MiB)"},
		{"-log xml", "want text or json"},
		{"-nats a:4222", "want nats://HOST:PORT"},
		{"-nats https://a", "want nats://HOST:PORT"},
		{"-nats ,", "-nats has no address"},
		{"-nats nats://ann:secret@a:4222", "want them out, and -nats-creds"},
		{"-nats nats://a:4222/x", "want nothing behind the port"},
		{"-nats nats://a:4222 -data /d", "-data and -nats are both set"},
		{"-nats nats://a:4222 -nats-name a.b", "want 1 to 32 letters, digits and hyphens"},
		{"-nats nats://a:4222 -nats-replicas 2", "want 3, or 5, or 1"},
		{"-nats nats://a:4222 -nats-cert /none", "-nats-cert and -nats-key belong together"},
		{"-nats nats://a:4222 -nats-creds /none/there", "-nats-creds: open /none/there"},
		{"-nats nats://a:4222 -nats-creds /dev/null", "has neither a NATS user's JWT and seed nor a seed alone"},
		{"-nats nats://a:4222 -nats-ca /dev/null", "want files in the format PEM"},
		{"-nats-replicas 1", "-nats-replicas is set, but not -nats"},
		{"-nats-creds /none", "-nats-creds is set, but not -nats"},
		{"-tls-cert /none", "-tls-cert and -tls-key belong together"},
		{"-tls-key /none", "-tls-cert and -tls-key belong together"},
		{"-tls-cert /none/there -tls-key /none", "-tls-cert: open /none/there"},
		{"-tls-cert /dev/null -tls-key /dev/null", "want a certificate with those of its signers"},
		{"-listen :8080", "or say with -insecure-http"},
		{"-listen [::]:8080", "or say with -insecure-http"},
		{"-listen 192.0.2.1:8080", "want -tls-domain"},
		{"-listen unix:sock", "want the whole path"},
		{"-listen unix:/run/sock", "want -public-url"},
		{"-proxy-protocol", "want the addresses of the proxies"},
		{"-tls-domain *.example.com", "use -tls-cert"},
		{"-tls-domain chat", "is no host name on the internet"},
		{"-tls-domain a.example -tls-cert /none -tls-key /none", "-tls-domain and -tls-cert are both set"},
		{"-tls-domain a.example -acme-ca http://ca.example", "want the https URL"},
		{"-acme-ca https://ca.example", "-acme-ca is set, but not -tls-domain"},
		{"-acme-cache /none", "-acme-cache is set, but not -tls-domain"},
		{"-http-listen :80", "neither -tls-domain nor -tls-cert"},
		{"-tls-domain a.example -http-listen 80", "or systemd; or off"},
		{"-hsts 1h", "people do not open the chat by https"},
		{"-hsts -1h -public-url https://a.example", "want whole seconds"},
		{"-nonsense", "there is no flag -nonsense"},
		{"stray", `"stray" is no flag`},
	} {
		t.Run(tt.args, func(t *testing.T) {
			_, err := parseConfig(strings.Fields(tt.args), nil, &bytes.Buffer{})
			if err == nil || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "secret") {
				t.Errorf("parseConfig(%s) = %v, want %q in it", tt.args, err, tt.says)
			}
		})
	}
}

func TestAllProblemsAtOnce(t *testing.T) {
	env := map[string]string{"MAYFLY_ROOM_BYTES": "lots"}
	_, err := parseConfig([]string{"-ttl", "1ms", "-conns", "0", "-log", "xml"}, env, &bytes.Buffer{})
	for _, want := range []string{"-ttl is 1ms", "-conns is 0", "-log is", `MAYFLY_ROOM_BYTES is "lots": want a whole number`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("problems = %v, want %q among them", err, want)
		}
	}
}

func TestHelpNamesEveryFlagAndItsDefault(t *testing.T) {
	var out bytes.Buffer
	_, err := parseConfig([]string{"-help"}, nil, &out)
	if !errors.Is(err, flag.ErrHelp) {
		t.Fatalf("parseConfig(-help) = %v, want ErrHelp", err)
	}
	for _, want := range []string{"-listen", "-public-url", "-origins", "-ttl", "-ttl-min", "-ttl-max", "-rate", "-room-messages", "-room-bytes",
		"-stream-bytes", "-data", "-nats", "-rooms", "-conns", "-conns-per-ip", "-trusted-proxies", "-admin", "-log",
		"-config",
		"127.0.0.1:8080", "5m0s", "20/10s", "8MiB", "256MiB", "MAYFLY_"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("-help does not name %s:\n%s", want, &out)
		}
	}
}

func TestSizes(t *testing.T) {
	for in, want := range map[string]int64{"0B": 0, "12B": 12, "64KiB": 64 << 10, "8MiB": 8 << 20, "2GiB": 2 << 30, "1TiB": 1 << 40, "3000000001B": 3000000001} {
		var s size
		if err := s.Set(in); err != nil || int64(s) != want || in != "0B" && s.String() != in {
			t.Errorf("size %q = %d (%s), %v, want %d", in, int64(s), s, err, want)
		}
	}
	for _, in := range []string{"", "8", "8MB", "-1B", "1.5GiB", "MiB", "99999999999999TiB", "8388608TiB"} {
		if s := new(size); s.Set(in) == nil {
			t.Errorf("size %q was taken as %d", in, int64(*s))
		}
	}
	if got := fmt.Sprint(rate{20, 10 * time.Second}); got != "20/10s" {
		t.Errorf("rate = %s", got)
	}
}
