package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"mayfly/server/admission"
	"mayfly/server/network"
	"mayfly/server/stream"
	"mayfly/web"
)

// config is the checked configuration of "mayfly serve".
//
// It is one type because each of its many fields but differs holds the value of a flag. Only five fields hold the values of
// several flags: auth those for signing in, nats those for separate NATS servers, tls those for TLS, network those that say
// how connections come to the public listener, and brand those for name and look.
type config struct {
	listen       string
	publicURL    string // empty: https with the host name in the certificate, or without TLS http://localhost
	origins      []string
	ttl          time.Duration
	ttlMin       time.Duration
	ttlMax       time.Duration
	rate         rate
	roomMessages int
	roomBytes    size
	streamBytes  size
	rooms        int
	conns        int
	connsPerIP   int
	proxies      admission.Proxies
	admin        string         // empty: no admin listener
	adminNames   bool           // the admin page shows the names of rooms
	data         string         // empty: messages are in memory
	nats         stream.Cluster // without URLs: NATS runs inside this process
	logFormat    string
	audit        string // where the audit log goes: a file, or toStdout; empty: nowhere
	auth         authFlags
	tls          tlsFlags
	network      networkFlags
	brand        web.Brand

	differs []slog.Attr // the flags whose values differ from the defaults, for the log; no secrets
}

const serveUsage = `Usage: mayfly serve [flags]

Serves the chat until it is interrupted. Without flags it is for this machine alone, at http://localhost:8080.
To let others in, put it behind a proxy that speaks https and say under which address people open it:

	mayfly serve -public-url https://chat.example.com -trusted-proxies 127.0.0.1

Each flag can also be set in the environment: -room-bytes as MAYFLY_ROOM_BYTES; or in the file of -config, with lines such as
room-bytes: 8MiB. A flag wins over the environment, and that over the file. "mayfly check" says what is wrong.

Flags:

`

// parseConfig reads the flags in args, then the environment and the file of -config, and checks the whole configuration. Its
// error has every problem, and says for each what to do. If args asks for help, parseConfig prints the help and returns
// flag.ErrHelp.
func parseConfig(args []string, env environment, stdout io.Writer) (config, error) {
	f := flag.NewFlagSet("serve", flag.ContinueOnError)
	return parseFlags(f, defineAuthFlags, serveUsage, args, env, stdout)
}

// parseFlags does the work that mayfly serve and mayfly dev have in common: it parses args, env and the file of -config, and
// checks the configuration. f may already have flags that only one of these commands has. defineAuth defines the flags for
// signing in.
func parseFlags(f *flag.FlagSet, defineAuth defineAuth, usage string, args []string, env environment, stdout io.Writer) (
	config, error) {
	c, s, err := readConfig(f, defineAuth, usage, args, env, stdout)
	if err != nil {
		return c, err
	}
	return c, s.all()
}

// defineAuth is the type of the function that defines a command's flags for signing in.
type defineAuth func(*flag.FlagSet, *authFlags, environment) (finish func() error)

// readConfig does the work of parseFlags, but leaves the problems in the settings: their method all returns them. The error
// is nil, or flag.ErrHelp.
func readConfig(f *flag.FlagSet, defineAuth defineAuth, usage string, args []string, env environment, stdout io.Writer) (
	config, *settings, error) {
	c := config{rate: rate{20, 10 * time.Second}, roomBytes: 8 << 20, streamBytes: 256 << 20}
	readLists := defineFlags(f, &c, env)
	readAuth := defineAuth(f, &c.auth, env)

	s := newSettings(f)
	if err := s.readArgs(args); err != nil {
		fmt.Fprint(stdout, usage)
		f.SetOutput(stdout)
		f.PrintDefaults()
		return c, s, err
	}
	s.readEnvironment(env)
	s.readFile()
	s.checked = append([]error{readLists(), readAuth()}, c.check()...)
	c.differs = s.differs(c.auth.OktaAPIToken != "")
	return c, s, nil
}

// defineFlags defines the flags that set the fields of c, without the flags for signing in. After the flags are parsed,
// call the returned function finish. It splits the flags that are lists, and calls the functions finish of the flags for
// NATS, TLS, network and brand. Its error has every problem.
func defineFlags(f *flag.FlagSet, c *config, env environment) (finish func() error) {
	f.String(configFlag, "", "`FILE` with flags, as lines such as public-url: https://chat.example.com (default none)")
	f.StringVar(&c.listen, "listen", "127.0.0.1:8080",
		"`ADDRESS` to listen on: host:port; :8080 for every network of this machine, port 0 for any free one; "+
			"unix:/PATH for a Unix socket; systemd, or systemd:NAME, for a socket of systemd's")
	f.StringVar(&c.publicURL, "public-url", "", "`URL` under which people open the chat (default http://localhost:PORT)")
	origins := f.String("origins", "",
		"more `ORIGINS` that may use this server, such as https://a.example,http://b.example:8080")
	f.DurationVar(&c.ttl, "ttl", 5*time.Minute, "how long a message lives, unless its sender asks for less")
	f.DurationVar(&c.ttlMin, "ttl-min", time.Second, "the shortest life a sender may ask for")
	f.DurationVar(&c.ttlMax, "ttl-max", 24*time.Hour, "the longest life that may be set for a room")
	f.Var(&c.rate, "rate", "messages that one person may send, as `N/SPAN`")
	f.IntVar(&c.roomMessages, "room-messages", 10000, "live messages that a room may hold")
	f.Var(&c.roomBytes, "room-bytes", "bytes that the live messages of a room may have, as `SIZE`")
	f.Var(&c.streamBytes, "stream-bytes", "memory, or disk with -data, for the live messages of all rooms, as `SIZE`")
	f.StringVar(&c.data, "data", "", "`FOLDER` in which messages outlive a restart, encrypted; it is made if it isn't "+
		"there; without one messages are in memory (default none)")
	readNATS := defineNATSFlags(f, &c.nats, &c.data)
	readTLS := defineTLSFlags(f, c)
	readNetwork := defineNetworkFlags(f, c, env)
	readBrand := defineBrandFlags(f, &c.brand)
	f.IntVar(&c.rooms, "rooms", 10000, "rooms that may have people in them at once")
	f.IntVar(&c.conns, "conns", 10000, "connections at once; further ones are asked to come back later")
	f.IntVar(&c.connsPerIP, "conns-per-ip", 200, "connections at once from one address (IPv6: from one /64 network)")
	proxies := f.String("trusted-proxies", "", "`ADDRESSES` or networks of your proxies, such as 127.0.0.1,10.0.0.0/8, "+
		"whose X-Forwarded-For says where a client is")
	f.StringVar(&c.admin, "admin", "", "`ADDRESS` to serve metrics and profiles on, such as 127.0.0.1:9090; "+
		"anyone who reaches it may read them (default off)")
	f.BoolVar(&c.adminNames, "admin-names", false, "show the names of rooms on the page of -admin (default off)")
	f.StringVar(&c.logFormat, "log", "text", "log format: `text or json`")
	f.StringVar(&c.audit, "audit", "", "`FILE` for the audit log, or - for the standard output: what moderators do, "+
		"sign-ins that are refused, limits that are hit, without any text; SIGHUP opens the file again (default none)")
	return func() (err error) {
		if *origins != "" {
			c.origins = strings.Split(*origins, ",")
		}
		if c.proxies, err = admission.ParseProxies(*proxies); err != nil {
			err = fmt.Errorf("-trusted-proxies: %w", err)
		}
		return errors.Join(err, readNATS(), readTLS(), readNetwork(), readBrand())
	}
}

// check returns the problems with c, except those that the functions finish return.
func (c *config) check() (errs []error) {
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	port, _ := portOf(c.listen)
	if err := network.Check(c.listen); err != nil {
		wrong("-listen is %q: %w", c.listen, err)
	}
	if adminPort, ok := portOf(c.admin); c.admin != "" && !ok {
		wrong("-admin is %q: want host:port, such as 127.0.0.1:9090", c.admin)
	} else if c.admin == c.listen && adminPort != "0" {
		wrong("-admin and -listen are both %s: want another port for -admin", c.admin)
	}
	if c.publicURL != "" {
		if _, err := admission.NewOrigins(c.publicURL, nil, port); err != nil {
			wrong("-public-url: %w", err)
		}
	}
	for _, o := range c.origins {
		if _, err := admission.NewOrigins(o, nil, port); err != nil {
			wrong("-origins: %w", err)
		}
	}
	if c.ttlMin < time.Second {
		wrong("-ttl-min is %s: want 1s or more", c.ttlMin)
	}
	if c.ttlMax > maxTTL {
		wrong("-ttl-max is %s: want %s or less", c.ttlMax, maxTTL)
	}
	if c.ttlMin >= time.Second && c.ttlMax <= maxTTL && (c.ttl < c.ttlMin || c.ttl > c.ttlMax) {
		wrong("-ttl is %s: want at least -ttl-min (%s) and at most -ttl-max (%s)", c.ttl, c.ttlMin, c.ttlMax)
	}
	for _, limit := range []struct {
		name string
		n    int
	}{{"-conns", c.conns}, {"-conns-per-ip", c.connsPerIP}, {"-room-messages", c.roomMessages}, {"-rooms", c.rooms}} {
		if limit.n < 1 {
			wrong("%s is %d: want 1 or more", limit.name, limit.n)
		}
	}
	if c.roomBytes < minBytes {
		wrong("-room-bytes is %s: want %s or more, which holds the longest message", c.roomBytes, size(minBytes))
	}
	if c.streamBytes < c.roomBytes {
		wrong("-stream-bytes is %s: want at least -room-bytes (%s)", c.streamBytes, c.roomBytes)
	}
	if c.logFormat != "text" && c.logFormat != "json" {
		wrong("-log is %q: want text or json", c.logFormat)
	}
	return errs
}

// portOf returns the port in addr. ok is false, and port is "0", if addr is not a host:port to listen on.
func portOf(addr string) (port string, ok bool) {
	_, port, err := net.SplitHostPort(addr)
	if n, convErr := strconv.Atoi(port); err != nil || convErr != nil || n < 0 || n > 65535 {
		return "0", false
	}
	return port, true
}

const (
	maxTTL   = 7 * 24 * time.Hour // the longest -ttl-max; Mayfly is not made for messages that live longer
	minBytes = 64 << 10           // the smallest -room-bytes; the longest message fits into it
)

// logger returns a logger in the format of c that writes to w.
func (c *config) logger(w io.Writer) *slog.Logger {
	if c.logFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, nil))
	}
	return slog.New(slog.NewTextHandler(w, nil))
}

// logDiffering logs the flags whose values differ from the defaults.
func (c *config) logDiffering(log *slog.Logger) {
	if len(c.differs) > 0 {
		log.LogAttrs(context.Background(), slog.LevelInfo, "settings that differ from the defaults", c.differs...)
	}
}

// publicURLFor returns the URL that users open: publicURL, or else localhost with the port of the listener.
func (c *config) publicURLFor(port string) string {
	if c.publicURL != "" {
		return strings.TrimSuffix(c.publicURL, "/")
	}
	return (&url.URL{Scheme: "http", Host: net.JoinHostPort("localhost", port)}).String()
}

// rate is the value of the flag -rate. 20/10s means n=20 and per=10s. For mayfly serve these are at most 20 messages of a
// user in any period of 10 s, for mayfly bench 20 messages to post in each 10 s.
type rate struct {
	n   int
	per time.Duration
}

func (r rate) String() string { return fmt.Sprintf("%d/%s", r.n, r.per) }

func (r *rate) Set(s string) error {
	count, span, ok := strings.Cut(s, "/")
	n, err := strconv.Atoi(count)
	per, perErr := time.ParseDuration(span)
	if !ok || err != nil || perErr != nil || n < 1 || n > maxRate || per < time.Second || per > time.Hour {
		return fmt.Errorf("want messages and a span of 1s to 1h, such as 20/10s, and at most %d messages", maxRate)
	}
	*r = rate{n, per}
	return nil
}

// maxRate is the largest n of a rate. A larger n could use too much memory: for each user the server stores the times of the
// last n messages, 24 bytes for each.
const maxRate = 1_000_000

// size is a number of bytes. A flag of this type has a value such as 8MiB.
type size int64

func (s size) String() string {
	for i, unit := range units {
		if n := int64(1) << (10 * (len(units) - 1 - i)); int64(s) >= n && int64(s)%n == 0 {
			return strconv.FormatInt(int64(s)/n, 10) + unit
		}
	}
	return strconv.FormatInt(int64(s), 10) + "B"
}

var units = [...]string{"TiB", "GiB", "MiB", "KiB", "B"}

func (s *size) Set(v string) error {
	for i, unit := range units {
		number, ok := strings.CutSuffix(v, unit)
		if !ok {
			continue
		}
		n, err := strconv.ParseUint(number, 10, 63)
		shift := 10 * (len(units) - 1 - i)
		if err != nil || n > math.MaxInt64>>shift {
			break
		}
		*s = size(n << shift)
		return nil
	}
	return errors.New("want a whole number with B, KiB, MiB, GiB or TiB, such as 8MiB")
}
