package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"net/url"
	"os"
	"reflect"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"mayfly/cmd/mayfly/bench"
	"mayfly/server"
	"mayfly/server/servertest"
	"mayfly/server/session"
)

func TestParseBench(t *testing.T) {
	for _, tt := range []struct {
		args string
		want func(c *benchConfig)
	}{
		{"http://localhost:8080", func(*benchConfig) {}},
		{"-conns 50 -rooms 5 -rate 3/10s -duration 1m http://localhost:8080 -ttl 30s -text 4000 -json -i-run-this-server", func(c *benchConfig) {
			c.conns, c.rooms, c.rate, c.duration, c.ttl, c.text = 50, 5, rate{3, 10 * time.Second}, time.Minute, 30*time.Second, 4000
			c.json, c.allowed = true, true
		}},
		{"-json ws://localhost:8080/ws -rooms=100", func(c *benchConfig) { c.json, c.rooms = true, 100 }},
	} {
		t.Run(tt.args, func(t *testing.T) {
			want := benchConfig{server: &url.URL{Scheme: "http", Host: "localhost:8080"}, conns: 100, rooms: 1, rate: rate{20, time.Second},
				duration: 10 * time.Second, ttl: 10 * time.Second, text: 100}
			tt.want(&want)
			got, err := parseBench(strings.Fields(tt.args), io.Discard)
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("parseBench = %+v, %v, want %+v", got, err, want)
			}
		})
	}
}

// TestProblemsOfBench compares every line that a wrong command line brings.
func TestProblemsOfBench(t *testing.T) {
	for _, tt := range []struct {
		args string
		want []string
	}{
		{"", []string{"there is no URL: say which server to measure, such as http://localhost:8080"}},
		{"localhost:8080", []string{`"localhost:8080" is no URL of a server: want such as http://localhost:8080 or https://chat.example.com`}},
		{"http://a http://b", []string{`"http://b" is no flag: flags begin with a dash`}},
		{"-conn 5 -rate 20 -duration 10 http://a", []string{"there is no flag -conn: do you mean -conns?",
			`-rate is "20": want messages and a span of 1s to 1h, such as 20/10s, and at most 1000000 messages`,
			`-duration is "10": want a time with its unit, such as 10s, 10m or 10h`}},
		{"-url http://a", []string{"there is no flag -url: the URL stands alone, without one"}},
		{"-conns 0 -rooms 5 -ttl 1ms -text 4001 -duration 0s http://a", []string{"-conns is 0: want 1 to 65000", "-ttl is 1ms: want 1s to 1h",
			"-text is 4001: want 1 to 4000", "-duration is 0s: want more than 0s, and 24h at most"}},
		{"-conns 5 -rooms 6 http://a", []string{"-rooms is 6: want 1 to as many as -conns, 5"}},
		{"-rooms 0 http://a", []string{"-rooms is 0: want 1 to as many as -conns, 100"}},
		{"-conns 70000 http://a", []string{"-conns is 70000: want 1 to 65000"}},
		{"-rate 1000/1s -duration 1h http://a", []string{"-duration 1h0m0s with -rate 1000/1s is more than 1000000 messages: want fewer"}},
		{"-duration 25h http://a", []string{"-duration is 25h0m0s: want more than 0s, and 24h at most"}},
		{"-pid 1073741824 http://a", []string{"-pid is 1073741824: the processor time of no such process can be read here, from /proc/1073741824/stat"}},
		{"-json true http://a", []string{"-json is a switch: want -json=true, with an equals sign"}},
	} {
		t.Run(tt.args, func(t *testing.T) {
			_, err := parseBench(strings.Fields(tt.args), io.Discard)
			got := ""
			if err != nil {
				got = err.Error()
			}
			if want := strings.Join(tt.want, "\n"); got != want {
				t.Errorf("parseBench(%s):\n%s\nwant:\n%s", tt.args, got, want)
			}
		})
	}
}

func TestBenchHelp(t *testing.T) {
	var out bytes.Buffer
	if _, err := parseBench([]string{"-help"}, &out); !errors.Is(err, flag.ErrHelp) {
		t.Fatalf("parseBench(-help) = %v, want ErrHelp", err)
	}
	for _, want := range []string{"mayfly bench [flags] URL", "Ctrl+C", "mayfly-bench", "-i-run-this-server", "-duration", "20/1s"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("-help does not say %s:\n%s", want, &out)
		}
	}
}

// TestBenchRefusesOtherMachines checks that nothing but -i-run-this-server makes mayfly bench connect to another machine, and
// that the refusal counts as a wrong command. The addresses are for documentation: no packet reaches anything there.
func TestBenchRefusesOtherMachines(t *testing.T) {
	for _, server := range []string{"http://203.0.113.9", "https://[2001:db8::1]", "ws://0.0.0.0:8080", "http://[::ffff:203.0.113.9]:8080"} {
		err := run(t.Context(), []string{"bench", server}, nil, io.Discard, io.Discard)
		if !errors.Is(err, bench.ErrForeign) || exitCode(err) != exitConfigured || !strings.Contains(err.Error(), "-i-run-this-server") {
			t.Errorf("bench %s = %v, exit code %d, want ErrForeign", server, err, exitCode(err))
		}
	}
}

// TestBench runs the command against a server in this process.
func TestBench(t *testing.T) {
	s := servertest.Start(t, servertest.Options{})
	args := []string{"bench", "-conns", "3", "-rate", "100/1s", "-duration", "50ms", "-ttl", "5m"}
	if runtime.GOOS == "linux" {
		args = append(args, "-pid", strconv.Itoa(os.Getpid()))
	}
	var out, said bytes.Buffer
	if err := run(t.Context(), append(args, s.URL), environment{"MAYFLY_CONNS": "x"}, &out, &said); err != nil {
		t.Fatalf("bench = %v\n%s%s", err, &said, &out)
	}
	for _, want := range []string{"3 of 3, in 1 room", "from post to delivery"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("bench does not print %q:\n%s", want, &out)
		}
	}
	if !strings.Contains(said.String(), "Posting 100 messages a second for 50ms.") {
		t.Errorf("bench says:\n%s", &said)
	}

	out.Reset()
	if err := run(t.Context(), append(args, "-json", s.URL), nil, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	var r bench.Result
	d := json.NewDecoder(&out)
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil || r.URL != s.URL || r.Deliveries.Came != 3*r.Posts.Accepted || r.Posts.Accepted == 0 ||
		r.Processor.Server == nil != (runtime.GOOS != "linux") {
		t.Errorf("bench -json: %v: %+v", err, r)
	}
}

// TestBenchFails checks the exit code of runs that cannot begin.
func TestBenchFails(t *testing.T) {
	s := servertest.Start(t, servertest.Options{Server: func(c *server.Config) { c.Anonymous = session.GuestsDenied }})
	for _, tt := range []struct {
		args string
		code int
		says string
	}{
		{"-rooms 0 " + s.URL, exitConfigured, "See mayfly bench -help"},
		{"", exitConfigured, "there is no URL"},
		{s.URL, exitFailed, "-anonymous deny"},
	} {
		err := run(t.Context(), append([]string{"bench"}, strings.Fields(tt.args)...), nil, io.Discard, io.Discard)
		if err == nil || exitCode(err) != tt.code || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("bench %s = %v, exit code %d, want %q and %d", tt.args, err, exitCode(err), tt.says, tt.code)
		}
	}
}
