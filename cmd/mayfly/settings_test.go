package main

import (
	"bytes"
	"strings"
	"testing"
)

// TestProblemsOfSettings compares every line that the command line and the environment bring: each problem has its line,
// also behind another problem, and no line follows from another one.
func TestProblemsOfSettings(t *testing.T) {
	const times = "want a time with its unit, such as 30s, 5m or 24h"
	for _, tt := range []struct {
		args string
		env  environment
		want []string
	}{
		{"-ttl 5 -conns many -issuer https://id.example -client-id x", nil, []string{
			`-ttl is "5": want a time with its unit, such as 5s, 5m or 5h`, `-conns is "many": want a whole number, such as 10000`}},
		{"-ttl five -rate 20 -log xml", nil, []string{
			`-ttl is "five": ` + times, `-rate is "20": want messages and a span of 1s to 1h, such as 20/10s, and at most 1000000 messages`,
			`-log is "xml": want text or json`}},
		{"-ttl-max never -ttl-min 1h -ttl 25h", nil, []string{`-ttl-max is "never": ` + times}}, // -ttl may be right
		{"-ttl-min 1ms -ttl-max 200h -ttl 300h", nil, []string{"-ttl-min is 1ms: want 1s or more",
			"-ttl-max is 200h0m0s: want 168h0m0s or less"}},
		{"-ttl= -conns=", nil, []string{`-ttl is "": ` + times, `-conns is "": want a whole number, such as 10000`}},
		{"-port 80 -ttl 1ms", nil, []string{"there is no flag -port: do you mean -listen?", "-ttl is 1ms: want at least -ttl-min (1s) and at most -ttl-max (24h0m0s)"}},
		{"-isuer https://id.example -client-id x -require-scope y", nil, []string{"there is no flag -isuer: do you mean -issuer?"}},
		{"-issuer https://id.example -client-idd x", nil, []string{"there is no flag -client-idd: do you mean -client-id?"}},
		{"-nonsense 5 -ttl 7", nil, []string{"there is no flag -nonsense: mayfly serve -help lists what there is", `-ttl is "7": want a time with its unit, such as 7s, 7m or 7h`}},
		{"--nonsense=5 stray -conns 0", nil, []string{"there is no flag -nonsense: mayfly serve -help lists what there is", `"stray" is no flag: flags begin with a dash`, "-conns is 0: want 1 or more"}},
		{"-issuer https://id.example -client-id x -require-active=maybe", nil, []string{`-require-active is "maybe": want true or false`}},
		{"-require-active false", nil, []string{"-require-active is a switch: want -require-active=false, with an equals sign", "-require-active is set, but not -issuer: want both, or neither"}},
		{"-data -conns 5", nil, []string{"-data has no value: want one behind it"}},
		{"-conns 5 -ttl", nil, []string{"-ttl has no value: " + times}},
		{"-anonymous maybe -room-bytes 8MB -stream-bytes 1GB", nil, []string{`-anonymous is "maybe": want allow, read or deny`,
			`-room-bytes is "8MB": want a whole number with B, KiB, MiB, GiB or TiB, such as 8MiB`,
			`-stream-bytes is "1GB": want a whole number with B, KiB, MiB, GiB or TiB, such as 8MiB`}},
		{"-rooms 0 -conns 0 -room-messages 0 -conns-per-ip 0", nil, []string{"-conns is 0: want 1 or more", "-conns-per-ip is 0: want 1 or more",
			"-room-messages is 0: want 1 or more", "-rooms is 0: want 1 or more"}},
		{"-public-url x", nil, []string{`-public-url: "x" is no origin: want https:// or http:// and a host, such as https://x`}},
		{"", environment{"MAYFLY_CONNS": "many", "MAYFLY_TTLL": "1m", "MAYFLY_NONSENSE": "1"}, []string{`MAYFLY_CONNS is "many": want a whole number, such as 10000`,
			"there is no variable MAYFLY_NONSENSE: unset it; mayfly serve -help lists what there is", "there is no variable MAYFLY_TTLL: do you mean MAYFLY_TTL?"}},
		{"-conns 5", environment{"MAYFLY_CONNS": "many", "MAYFLY_TTL": "5"}, []string{`MAYFLY_TTL is "5": want a time with its unit, such as 5s, 5m or 5h`}},
		{"-conns x", environment{"MAYFLY_CONNS": "7"}, []string{`-conns is "x": want a whole number, such as 10000`}},
		{"", environment{"MAYFLY_PORT": "80", "MAYFLY_ANONYMUS": "deny"}, []string{"there is no variable MAYFLY_ANONYMUS: do you mean MAYFLY_ANONYMOUS?", "there is no variable MAYFLY_PORT: do you mean MAYFLY_LISTEN?"}},
		{"-h", nil, []string{"flag: help requested"}},
		// These are right, and stay so.
		{"--ttl=1m -conns-per-ip 7 -log json", environment{"MAYFLY_TTLL": "", "PATH": "/bin", "MAYFLYTTL": "x"}, nil},
		{"", environment{"MAYFLY_ACCESS_TTL": "5m", "MAYFLY_PROVIDER_LISTEN": "x"}, nil}, // of mayfly dev
		{"", environment{"MAYFLY_PORT": "tcp://10.0.0.1:80", "MAYFLY_SERVICE_HOST": "10.0.0.1", "MAYFLY_SERVICE_PORT": "80", "MAYFLY_SERVICE_PORT_HTTP": "80",
			"MAYFLY_PORT_80_TCP": "tcp://10.0.0.1:80", "MAYFLY_PORT_80_TCP_ADDR": "10.0.0.1", "MAYFLY_REDIS_PORT_6379_TCP_PROTO": "tcp"}, nil}, // of Kubernetes
	} {
		t.Run(tt.args, func(t *testing.T) {
			_, err := parseConfig(strings.Fields(tt.args), tt.env, &bytes.Buffer{})
			got := ""
			if err != nil {
				got = err.Error()
			}
			if want := strings.Join(tt.want, "\n"); got != want {
				t.Errorf("parseConfig(%s, %s):\n%s\nwant:\n%s", tt.args, tt.env, got, want)
			}
		})
	}
}

func TestDistance(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"ttl", "ttl", 0}, {"ttll", "ttl", 1}, {"tl", "ttl", 1}, {"tll", "ttl", 1}, {"isuer", "issuer", 1}, {"", "ttl", 3}, {"log", "", 3},
		{"listen", "silent", 4},
	} {
		if got := distance(tt.a, tt.b); got != tt.want {
			t.Errorf("distance(%q, %q) = %d, want %d", tt.a, tt.b, got, tt.want)
		}
	}
}
