package main

import (
	"bytes"
	"errors"
	"flag"
	"reflect"
	"strings"
	"testing"
	"time"

	"mayfly/server/auth"
	"mayfly/server/session"
)

func TestParseDev(t *testing.T) {
	for _, tt := range []struct {
		name string
		args []string
		env  map[string]string
		want func(c *devConfig)
	}{
		{"defaults", nil, nil, func(*devConfig) {}},
		{"its own flags", []string{"-provider-listen", "localhost:0", "-access-ttl", "90s", "-refresh-grace", "0s"}, nil, func(c *devConfig) {
			c.providerListen, c.accessTTL, c.refreshGrace = "localhost:0", 90*time.Second, 0
		}},
		{"flags of serve", []string{"-listen", "[::1]:0", "-ttl", "1m", "-public-url", "http://127.0.0.1:9", "-origins", "http://localhost:7"}, nil, func(c *devConfig) {
			c.listen, c.ttl, c.publicURL, c.origins = "[::1]:0", time.Minute, "http://127.0.0.1:9", []string{"http://localhost:7"}
		}},
		{"environment", nil, map[string]string{"MAYFLY_ACCESS_TTL": "1m", "MAYFLY_CONNS": "7"}, func(c *devConfig) {
			c.accessTTL, c.conns = time.Minute, 7
		}},
		{"flags of signing in", []string{"-anonymous", "read", "-require-scope", "chat", "-scopes", "openid chat"}, nil, func(c *devConfig) {
			c.auth.anonymous, c.auth.RequireScope, c.auth.scopes = session.GuestsRead, "chat", []string{"openid", "chat"}
		}},
		{"ID tokens", []string{"-token", "id"}, nil, func(c *devConfig) { c.auth.Token = auth.IDTokens }},
		{"more parameters", []string{"-authorize-params", "prompt=consent"}, nil,
			func(c *devConfig) { c.auth.params = "prompt=consent" }},
		{"an environment that is for serve", nil, map[string]string{"MAYFLY_ISSUER": "https://id.example.com", "MAYFLY_CLIENT_ID": "x",
			"MAYFLY_OKTA_API_TOKEN": "secret", "MAYFLY_REQUIRE_ACTIVE": "true"}, func(*devConfig) {}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			want := devConfig{defaults, "127.0.0.1:8081", 5 * time.Minute, 30 * time.Second}
			want.auth.Issuer, want.auth.ClientIDs = "http://localhost:0", []string{"mayfly-dev"} // until the provider listens
			want.auth.Moderators = auth.Claims{{Name: "groups", Value: "moderators"}}
			tt.want(&want)
			got, err := parseDev(tt.args, tt.env, &bytes.Buffer{})
			if got.differs = nil; err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("parseDev = %+v, %v, want %+v", got, err, want)
			}
		})
	}
}

func TestDevRefusesWhatOthersCanReach(t *testing.T) {
	for _, tt := range []struct {
		args string
		says string
	}{
		{"-listen :8080", `-listen must not let others in, as mayfly dev lets anybody be anybody: ":8080" is not this machine alone`},
		{"-listen 0.0.0.0:8080", "-listen must not let others in"},
		{"-listen 192.168.1.2:8080", "-listen must not let others in"},
		{"-listen chat.example.com:8080", "-listen must not let others in"},
		{"-provider-listen [::]:8081", "-provider-listen must not let others in"},
		{"-provider-listen 8081", "-provider-listen is \"8081\": want host:port"},
		{"-admin :9090", "-admin must not let others in"},
		{"-public-url https://chat.example.com", `"https://chat.example.com" is not this machine's`},
		{"-public-url http://localhost.example.com", `"http://localhost.example.com" is not this machine's`},
		{"-origins http://localhost:1,http://192.168.1.2:8080", `"http://192.168.1.2:8080" is not this machine's`},
		{"-access-ttl 0s", "-access-ttl is 0s: want 1s to 24h"},
		{"-refresh-grace -1s", "-refresh-grace is -1s: want 0s or more"},
		{"-ttl 1ms", "want at least -ttl-min"},
		{"-scopes profile", "want openid among them"},
		{"-issuer https://id.example.com", "there is no flag -issuer"},
		{"-client-id x", "there is no flag -client-id"},
		{"-audience x", "there is no flag -audience"},
		{"-okta-api-token-file x", "there is no flag -okta-api-token-file"},
	} {
		t.Run(tt.args, func(t *testing.T) {
			_, err := parseDev(strings.Fields(tt.args), nil, &bytes.Buffer{})
			if err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("parseDev(%s) = %v, want %q in it", tt.args, err, tt.says)
			}
		})
	}
}

func TestNoFlagOfServeReachesTheDevelopmentSignIn(t *testing.T) {
	for _, args := range []string{"-provider-listen 127.0.0.1:8081", "-access-ttl 5m", "-refresh-grace 30s"} {
		if _, err := parseConfig(strings.Fields(args), nil, &bytes.Buffer{}); err == nil {
			t.Errorf("serve takes %s", args)
		}
	}
}

func TestDevHelp(t *testing.T) {
	var out bytes.Buffer
	if _, err := parseDev([]string{"-help"}, nil, &out); !errors.Is(err, flag.ErrHelp) {
		t.Fatalf("parseDev(-help) = %v, want ErrHelp", err)
	}
	for _, want := range []string{"mayfly dev [flags]", "anybody may be anybody", "-provider-listen", "-access-ttl", "-refresh-grace", "-ttl-min", "127.0.0.1:8081"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("-help does not say %s:\n%s", want, &out)
		}
	}
}
