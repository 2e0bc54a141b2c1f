package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"mayfly/app/pkce"
	"mayfly/server/admission"
	"mayfly/server/auth"
	"mayfly/server/certs"
	"mayfly/server/network"
	"mayfly/server/stream"
	"mayfly/server/stream/seal"
	"mayfly/shared/wire"
)

const checkUsage = `Usage: mayfly check [flags of mayfly serve]

Reads the configuration of mayfly serve, tries what can be tried, and says everything that is wrong: addresses, the folder,
the sign-in provider, NATS servers, certificates. It serves nothing and changes nothing. Run it as the user of the server,
with its environment. The exit code is 0 if nothing is wrong, 1 if a trial failed, and 2 if the configuration is wrong.

Flags:

`

// checkTimeout is the longest time that mayfly check takes.
const checkTimeout = time.Minute

// runCheck runs mayfly check: it prints what is right and what needs attention. Its error has every problem.
func runCheck(ctx context.Context, args []string, env environment, stdout io.Writer) error {
	f := flag.NewFlagSet("check", flag.ContinueOnError)
	c, s, err := readConfig(f, defineAuthFlags, checkUsage, args, env, stdout)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	wrong := s.all()
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	ch := &check{c: c, out: stdout, wrong: s.named(wrong)}
	ch.tryAll(ctx)
	if err = s.all(ch.errs...); err == nil {
		ch.say("ok", "the configuration, %d settings of which differ from the defaults", len(c.differs))
		return nil
	}
	err = fmt.Errorf("the configuration is not right:\n%w", err)
	if wrong != nil || errors.Is(errors.Join(ch.errs...), seal.ErrForeign) {
		return configError{err}
	}
	return err
}

// check is one run of mayfly check.
type check struct {
	c       config
	out     io.Writer
	wrong   map[string]bool // the flags whose values are known to be wrong, so that trying them says nothing
	running bool            // a Mayfly answers at the address of -listen; so used ports and a used folder are no problems
	errs    []error
}

// say prints one line about a part of the configuration.
func (ch *check) say(verdict, format string, args ...any) {
	fmt.Fprintf(ch.out, "%s: "+format+"\n", append([]any{verdict}, args...)...)
}

// problem adds a problem.
func (ch *check) problem(format string, args ...any) {
	ch.errs = append(ch.errs, fmt.Errorf(format, args...))
}

// usable reports whether none of these flags is known to be wrong.
func (ch *check) usable(flags ...string) bool {
	for _, name := range flags {
		if ch.wrong[name] {
			return false
		}
	}
	return true
}

func (ch *check) tryAll(ctx context.Context) {
	if ch.usable("listen") {
		ch.tryListen(ctx)
	}
	if ch.c.tls.cert != "" && ch.usable("tls-cert", "tls-key") {
		ch.tryCertificate("-tls-cert", ch.c.tls.cert, time.Now())
	}
	if len(ch.c.tls.acme.Domains) > 0 && ch.usable("tls-domain", "acme-ca", "acme-ca-cert", "acme-cache") {
		ch.tryACME(ctx)
	}
	if ch.c.tls.httpListen != "" && ch.usable("http-listen", "listen") {
		ch.tryPort("-http-listen", ch.c.tls.httpListen)
	}
	if ch.c.admin != "" && ch.usable("admin", "listen") {
		ch.tryPort("-admin", ch.c.admin)
	}
	if ch.c.data != "" && ch.usable("data", "nats", "stream-bytes", "room-bytes") {
		ch.tryData()
	}
	if len(ch.c.nats.URLs) > 0 && ch.usable("nats", "nats-creds", "nats-ca", "nats-cert", "nats-key", "nats-name", "data") {
		ch.tryNATS(ctx)
	}
	if ch.c.auth.enabled() && ch.usable("issuer", "client-id", "token", "algs", "scopes", "public-url", "origins") {
		ch.tryIssuer(ctx)
	}
	if ch.usable("public-url", "trusted-proxies") {
		ch.say(ch.c.throughProxy())
	}
	if limit, ok := maxFiles(); ok && ch.usable("conns") && limit < uint64(ch.c.conns)+moreFiles {
		ch.say("warning", "-conns is %d, but this process may open %d files: want ulimit -n %d, or a lower -conns",
			ch.c.conns, limit, ch.c.conns+moreFiles)
	}
}

// moreFiles is how many files a server opens beside those for its connections, as docs/running.md says.
const moreFiles = 2000

func (ch *check) tryListen(ctx context.Context) {
	if ch.fromSystemd("-listen", ch.c.listen) {
		return
	}
	listener, err := listen("-listen", ch.c.listen, ch.c.network.inherited)
	if err == nil {
		ch.errs = append(ch.errs, listener.Close())
		ch.say("ok", "-listen %s is free", ch.c.listen)
		return
	}
	if ch.running = isMayfly(ctx, ch.c.listen, ch.c.tls.enabled()); ch.running {
		ch.say("ok", "-listen %s: a Mayfly runs there already", ch.c.listen)
		return
	}
	ch.problem("-listen: %w", err)
}

// fromSystemd reports whether systemd opens the socket of a listener. If so, it says so: there is nothing to try.
func (ch *check) fromSystemd(name, addr string) bool {
	if !strings.HasPrefix(addr, network.Systemd) {
		return false
	}
	ch.say("ok", "%s %s: systemd opens the socket", name, addr)
	return true
}

// isMayfly reports whether a Mayfly answers at this address of this machine. encrypted says whether to ask by https.
func isMayfly(ctx context.Context, addr string, encrypted bool) bool {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	u := url.URL{Scheme: "http", Host: net.JoinHostPort(host, port), Path: "/config.json"}
	if encrypted {
		u.Scheme = "https"
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return false
	}
	// The certificate is for another name than this address has, and nothing that must be trusted is sent or read.
	client := &http.Client{Timeout: healthTimeout,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	defer client.CloseIdleConnections()
	resp, err := client.Do(r)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	var config struct {
		Protocol string `json:"protocol"`
	}
	err = json.NewDecoder(io.LimitReader(resp.Body, maxHealth)).Decode(&config)
	return err == nil && config.Protocol == wire.Subprotocol
}

// tryPort tries the address of a listener beside that of -listen.
func (ch *check) tryPort(name, addr string) {
	if ch.fromSystemd(name, addr) {
		return
	}
	listener, err := listen(name, addr, network.Inherited{})
	switch {
	case err == nil:
		ch.errs = append(ch.errs, listener.Close())
		ch.say("ok", "%s %s is free", name, addr)
	case ch.running:
		ch.say("ok", "%s %s: taken, as a Mayfly runs", name, addr)
	default:
		ch.problem("%s: %w", name, err)
	}
}

// tryACME checks that the folder of -acme-cache can be written, that the authority answers, and that each name of this
// machine has an address.
func (ch *check) tryACME(ctx context.Context) {
	acme := &ch.c.tls.acme
	if err := seal.Writable(acme.Cache); err != nil {
		ch.problem("-acme-cache is %q: %w", acme.Cache, err)
	}
	if err := acme.Try(ctx); err != nil {
		ch.errs = append(ch.errs, err)
	} else {
		ch.say("ok", "-tls-domain: the authority of the certificates answers")
	}
	for _, domain := range acme.Domains {
		if _, err := net.DefaultResolver.LookupHost(ctx, domain); err != nil {
			ch.say("warning", "-tls-domain: %s has no address: %v: want one in the DNS that leads to this machine, because "+
				"the authority looks for it there", domain, err)
		}
	}
}

func (ch *check) tryData() {
	warning, err := stream.TryFolder(ch.c.data, int64(ch.c.streamBytes))
	switch {
	case errors.Is(err, seal.ErrInUse) && ch.running:
		ch.say("ok", "-data %s: a Mayfly uses it", ch.c.data)
	case err != nil:
		ch.problem("-data is %q: %w", ch.c.data, err)
	case warning != "":
		ch.say("warning", "%s", warning)
	default:
		ch.say("ok", "-data %s can be used", ch.c.data)
	}
}

func (ch *check) tryNATS(ctx context.Context) {
	if ch.c.nats.Cert != "" && !ch.tryCertificate("-nats-cert", ch.c.nats.Cert, time.Now()) {
		return
	}
	warnings, err := stream.TryCluster(ctx, ch.c.nats)
	for _, w := range warnings {
		ch.say("warning", "%s", w)
	}
	if err != nil {
		ch.errs = append(ch.errs, err)
		return
	}
	ch.say("ok", "-nats: all %d servers answer", len(ch.c.nats.URLs))
}

func (ch *check) tryIssuer(ctx context.Context) {
	port, _ := portOf(ch.c.listen)
	public := cmp.Or(ch.c.publicByCertificate(), ch.c.publicURLFor(port))
	origins, err := admission.NewOrigins(public, ch.c.origins, port)
	if err != nil {
		return // not reached: the flags are usable
	}
	all := append([]string{origins.Public()}, origins.More()...)
	warnings, err := auth.Try(ctx, ch.c.auth.Config,
		auth.Page{Origins: all, Callback: pkce.CallbackPath, Scopes: ch.c.auth.scopes})
	for _, w := range warnings {
		ch.say("warning", "%s", w)
	}
	if err != nil {
		ch.errs = append(ch.errs, err)
		return
	}
	ch.say("ok", "-issuer %s signs people in on %s", ch.c.auth.Issuer, strings.Join(all, ", "))
}

// throughProxy returns the arguments of the method say for -public-url. They are a warning if people must come through a
// proxy that -trusted-proxies must name, but does not.
func (c *config) throughProxy() (verdict, format string, arg string) {
	if strings.HasPrefix(c.publicURL, "https:") && len(c.proxies) == 0 && !c.tls.enabled() && !onUnixSocket(c.listen) {
		return "warning", "%s", noProxies
	}
	const unset = "is not set: people of this machine alone come in"
	return "ok", "-public-url %s", cmp.Or(c.publicURL, c.publicByCertificate(), unset)
}

// publicByCertificate returns the URL that users open, with the host name for which the public listener has a certificate.
// It returns "" if there is no such name, or if -public-url is set.
func (c *config) publicByCertificate() string {
	port, _ := portOf(c.listen)
	if c.publicURL != "" {
		return ""
	}
	if len(c.tls.acme.Domains) > 0 {
		return httpsURL(c.tls.acme.Domains[0], port)
	}
	if c.tls.cert != "" {
		files, err := certs.OpenFiles(c.tls.cert, c.tls.key, slog.New(slog.DiscardHandler))
		if err == nil && files.Name() != "" {
			return httpsURL(files.Name(), port)
		}
	}
	return ""
}
