package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"time"

	"mayfly/cmd/mayfly/bench"
	"mayfly/shared/wire"
)

// benchConfig is the checked command line of "mayfly bench".
type benchConfig struct {
	server   *url.URL
	conns    int
	rooms    int
	rate     rate
	duration time.Duration
	ttl      time.Duration
	text     int
	pid      int
	json     bool
	allowed  bool // -i-run-this-server
}

const benchUsage = `Usage: mayfly bench [flags] URL

Measures a server that runs, such as

	mayfly bench http://localhost:8080

It opens connections as guests in rooms of its own, posts messages at a steady pace, and prints how long each took to each
member of its room, how many came, and whether any was lost or came twice. Ctrl+C ends it early and prints what was measured
until then. The rooms have names that begin with mayfly-bench and are new each time; nothing is left of them when the
messages have expired. The URL may also begin with https, ws or wss.

It measures only servers on this machine, unless -i-run-this-server says that the server is yours. A server has limits that
a load test meets: for more than the default load start it with a higher -rate, -conns-per-ip, -conns and -room-messages.

The exit code is 0 if every message came once to everybody, and no connection ended early. A variable MAYFLY_… sets no flag
here.

Flags:

`

// parseBench reads the command line of mayfly bench and checks it. Its error has every problem. If args asks for help,
// parseBench prints the help and returns flag.ErrHelp.
func parseBench(args []string, stdout io.Writer) (benchConfig, error) {
	c := benchConfig{rate: rate{20, time.Second}}
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	c.defineFlags(f)
	s := newSettings(f)
	var operand string
	s.operand = &operand
	if err := s.readArgs(args); err != nil {
		fmt.Fprint(stdout, benchUsage)
		f.SetOutput(stdout)
		f.PrintDefaults()
		return c, err
	}
	problems := c.check()
	switch server, err := bench.ParseURL(operand); {
	case operand == "" && len(s.errs) == 0: // else readArgs may have taken the URL for a flag's value
		problems = append(problems, errors.New("there is no URL: say which server to measure, such as "+
			"http://localhost:8080"))
	case operand != "" && err != nil:
		problems = append(problems, err)
	default:
		c.server = server
	}
	return c, s.all(problems...)
}

// defineFlags defines the flags of mayfly bench, which set the fields of c.
func (c *benchConfig) defineFlags(f *flag.FlagSet) {
	f.IntVar(&c.conns, "conns", 100, "connections to open; each is a guest")
	f.IntVar(&c.rooms, "rooms", 1, "rooms over which the connections are spread evenly")
	f.Var(&c.rate, "rate", "messages to post in all rooms together, as `N/SPAN`; all connections post in turn")
	f.DurationVar(&c.duration, "duration", 10*time.Second, "how long to post")
	f.DurationVar(&c.ttl, "ttl", 10*time.Second, "how long each message lives, within the server's bounds")
	f.IntVar(&c.text, "text", 100, "characters of each message")
	f.IntVar(&c.pid, "pid", 0, "process ID of the server, if it runs on this machine, to measure its processor time, too; "+
		"only on Linux (default none)")
	f.BoolVar(&c.json, "json", false, "print the result as JSON, for machines (default off)")
	f.BoolVar(&c.allowed, "i-run-this-server", false, "the server is mine: measure it although it is not on this machine "+
		"(default off)")
}

// check returns every problem with c.
func (c *benchConfig) check() (errs []error) {
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if c.conns < 1 || c.conns > maxBenchConns {
		wrong("-conns is %d: want 1 to %d", c.conns, maxBenchConns)
	} else if c.rooms < 1 || c.rooms > c.conns {
		wrong("-rooms is %d: want 1 to as many as -conns, %d", c.rooms, c.conns)
	}
	if c.ttl < time.Second || c.ttl > time.Hour {
		wrong("-ttl is %s: want 1s to 1h", c.ttl)
	}
	if c.text < 1 || c.text > wire.MaxText {
		wrong("-text is %d: want 1 to %d", c.text, wire.MaxText)
	}
	if c.pid != 0 && !bench.HasTimeOf(c.pid) {
		wrong("-pid is %d: the processor time of no such process can be read here, from /proc/%d/stat", c.pid, c.pid)
	}
	if c.duration <= 0 || c.duration > 24*time.Hour {
		wrong("-duration is %s: want more than 0s, and 24h at most", c.duration)
	} else if c.load().Messages() > bench.MaxMessages {
		wrong("-duration %s with -rate %s is more than %d messages: want fewer", c.duration, &c.rate, bench.MaxMessages)
	}
	return errs
}

// maxBenchConns is the largest -conns of mayfly bench. Connections from one address to one server need different ports, and
// an address has 65,535.
const maxBenchConns = 65_000

// load returns the part of the load that the flags set.
func (c *benchConfig) load() bench.Config {
	return bench.Config{Conns: c.conns, Rooms: c.rooms, Posts: c.rate.n, Per: c.rate.per, Duration: c.duration, TTL: c.ttl,
		Text: c.text, Server: c.pid}
}

// runBench runs mayfly bench until it has measured, or until ctx is done.
func runBench(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	c, err := parseBench(args, stdout)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return configError{fmt.Errorf("the command is not right:\n%w\nSee mayfly bench -help", err)}
	}
	load := c.load()
	reach := bench.Loopback
	if c.allowed {
		reach = bench.AnyHost
	}
	load.Target, err = bench.Find(ctx, c.server, reach, net.DefaultResolver.LookupNetIP)
	if errors.Is(err, bench.ErrForeign) {
		return configError{err}
	}
	if err != nil {
		return err
	}
	load.Progress = func(sentence string) {
		if !c.json {
			fmt.Fprintln(stderr, sentence)
		}
	}
	result, err := bench.Run(ctx, load)
	if err != nil {
		return err
	}
	if err := printBench(stdout, result, c.json); err != nil {
		return fmt.Errorf("print the result: %w", err)
	}
	return result.Problem()
}

// printBench writes result to w.
func printBench(w io.Writer, result bench.Result, asJSON bool) error {
	if !asJSON {
		return result.Print(w)
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", strings.Repeat(" ", 2))
	return e.Encode(result)
}
