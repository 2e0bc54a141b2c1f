package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mayfly/app"
	"mayfly/app/pkce"
	"mayfly/server"
	"mayfly/server/admission"
	"mayfly/server/audit"
	"mayfly/server/auth"
	"mayfly/server/hub"
	"mayfly/server/network"
	"mayfly/server/stream"
	"mayfly/shared/wire"
	"mayfly/web"
)

const (
	// stopTimeout is how long a stopping server waits for its clients at most. A client that stops reading is cut off
	// earlier.
	stopTimeout = 30 * time.Second
	// endTimeout is how long a stopping server waits for its background goroutines.
	endTimeout = 3 * time.Second
	// requestsTimeout is how long a stopping server waits, after all WebSockets and polls have ended, for the other requests
	// that still run, such as downloads of the page.
	requestsTimeout = 3 * time.Second
)

const (
	headerTimeout  = 10 * time.Second // the longest time for a request's headers to arrive
	readTimeout    = 15 * time.Second // the longest time for a whole request to arrive; not for WebSockets and polls
	writeTimeout   = 2 * time.Minute  // the longest time to send an answer; enough for the 1.4 MB of the web client
	idleTimeout    = 2 * time.Minute  // the longest time between two requests of one network connection
	maxHeaderBytes = 32 << 10
	maxStreams     = 100 // the most requests at the same time on one connection of HTTP/2; a page needs some dozens
)

// runServe runs mayfly serve until ctx is done.
func runServe(ctx context.Context, args []string, env environment, stdout, stderr io.Writer) error {
	c, err := parseConfig(args, env, stdout)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return configError{fmt.Errorf("the configuration is not right:\n%w\nSee mayfly serve -help", err)}
	}
	log := c.logger(stderr)
	return withAdmin(c.admin, log, func(a *admin) error {
		listener, err := c.listenPublic(log)
		if err != nil {
			return err
		}
		return servePublic(ctx, c, listener, a, stdout, log)
	})
}

// servePublic serves the chat on listener until ctx is done. It closes listener.
func servePublic(ctx context.Context, c config, listener net.Listener, a *admin, stdout io.Writer,
	log *slog.Logger) error {
	c.logDiffering(log)
	n, err := assemble(ctx, c, listener, a.metrics, log)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	a.names.Store(c.adminNames)
	a.server.Store(n.server)
	fmt.Fprintf(stdout, "Mayfly is at %s\n", n.url)
	log.Info("serving", "version", wire.Version, "client", n.client, "listen", listener.Addr().String(), "public_url", n.url)
	if strings.HasPrefix(n.url, "https:") && len(c.proxies) == 0 && !c.tls.enabled() && !onUnixSocket(c.listen) {
		log.Warn(noProxies, "conns_per_ip", c.connsPerIP)
	}
	err = n.serve(ctx, listener)
	return errors.Join(err, n.close())
}

// noProxies is the warning for a public URL with https and no trusted proxy.
const noProxies = "people come through a proxy, as the public URL is https, but -trusted-proxies names none: " +
	"they all count as one address"

// assemble makes the node that serves the chat on listener, and lets it speak TLS if c says so.
func assemble(ctx context.Context, c config, listener net.Listener, metrics prometheus.Registerer, log *slog.Logger) (
	*node, error) {
	certificates, err := c.tls.open(log)
	if err != nil {
		return nil, err
	}
	if certificates != nil && c.publicURL == "" {
		if c.publicURL, err = urlOf(certificates, portFrom(listener)); err != nil {
			return nil, err
		}
	}
	var leading net.Listener
	if c.tls.httpListen != "" {
		if leading, err = listen("-http-listen", c.tls.httpListen, c.network.inherited); err != nil {
			return nil, err
		}
	}
	n, err := newNode(ctx, c, listener, metrics, log)
	if err != nil {
		if leading != nil {
			err = errors.Join(err, leading.Close())
		}
		return nil, err
	}
	n.waiting = network.NewWaiting(c.connsPerIP, c.proxies.Contain, metrics)
	n.http.ConnState = n.waiting.State
	if leading != nil {
		n.lead(leading, certificates)
	}
	if certificates != nil {
		n.encrypt(certificates, metrics)
	}
	return n, nil
}

// listen listens on addr, the value of the command-line flag whose name is in the parameter flag. The error tells the
// operator what to do.
func listen(flag, addr string, inherited network.Inherited) (net.Listener, error) {
	listener, err := network.Listen(addr, inherited)
	switch {
	case err == nil:
		return listener, nil
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("%s is taken by another program: stop that, or choose another address with %s, such as %s %s",
			addr, flag, flag, "127.0.0.1:8090")
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("this user may not listen on %s: choose a port above 1023 with %s", addr, flag)
	default:
		return nil, fmt.Errorf("cannot listen on %s: %w; choose another address with %s", addr, err, flag)
	}
}

// All guests of one IP address together may post guestsPerAddress times as many messages as the flag -rate allows one user:
// by default 1,000 messages in 10 s.
const guestsPerAddress = 50

// One user may react, take back messages, moderate and show signs of typing, all counted together, actsPerPost times as
// often as the flag -rate allows the user to post. Most users react more often than they write.
const actsPerPost = 3

// node is one running Mayfly server. close stops its parts.
type node struct {
	url     string // the URL that users open
	client  string // the version of the web client
	log     *slog.Logger
	stream  *stream.NATS
	server  *server.Server
	http    *http.Server
	waiting *network.Waiting   // limits the connections without a request
	leading *http.Server       // leads people from http to https; nil: nothing does
	alive   context.Context    // done when the background goroutines must end
	stop    context.CancelFunc // ends alive
	ended   sync.WaitGroup
}

// newNode assembles the parts of a server and starts the background goroutines.
func newNode(ctx context.Context, c config, listener net.Listener, metrics prometheus.Registerer, log *slog.Logger) (
	*node, error) {
	port := portFrom(listener)
	url := c.publicURLFor(port)
	origins, err := admission.NewOrigins(url, c.origins, port)
	if err != nil {
		return nil, err
	}
	site := web.Config{Version: wire.Version, PublicURL: origins.Public(), Origins: origins.More(), Pages: []string{"/r/"},
		Life: c.ttl, Brand: c.brand, Callback: pkce.CallbackPath}
	var verifier *auth.Verifier // nil: there is no sign-in
	if c.auth.enabled() {
		if verifier, err = auth.New(c.auth.Config, metrics, log); err != nil {
			return nil, err
		}
		site.SignIn = verifier.Endpoints
	}
	app.Register(nil, nil, "", app.Shell{Life: c.ttl, SignIn: c.auth.enabled()})
	pages, err := web.New(site)
	if err != nil {
		return nil, err
	}
	auditLog, err := openAudit(c.audit, log)
	if err != nil {
		return nil, err
	}
	clock := hub.NewClock(time.Now)
	messages, err := openStream(ctx, c, clock, metrics, log)
	if err != nil {
		return nil, err
	}
	limits := c.hub(auditLog)
	h := hub.New(limits, messages, messages, clock, log)
	signIn := c.auth.forClients()
	if verifier != nil {
		signIn.Verifier, signIn.Ledger = verifier, messages.Facts()
	}
	s := server.New(server.Config{
		Version: wire.Version, Origins: origins, Conns: c.conns, Each: c.connsPerIP, Proxies: c.proxies,
		TTL: limits.TTL, Posts: c.rate.n, Acts: limits.Acts, Per: c.rate.per, SignIn: signIn,
		Anonymous: c.auth.anonymous, Audit: auditLog, Pages: pages, Secure: pages.Secure,
		Ready: messages.Ready, Warning: messages.Warning}, h, clock, metrics, log)
	n := &node{
		url: url, client: pages.Version(), log: log, stream: messages, server: s,
		http: newHTTPServer(onlyHTTPS(s.Handler(), c.tls.hsts), log),
	}
	n.alive, n.stop = context.WithCancel(context.Background())
	n.background(h.Run)
	n.background(s.Run)
	n.ended.Go(func() { tuneCollector(n.alive) })
	n.keepAudit(auditLog)
	if verifier != nil {
		n.background(verifier.Run)
	}
	return n, nil
}

// hub returns the limits of the hub.
func (c *config) hub(auditLog *audit.Log) hub.Config {
	return hub.Config{
		TTL:   wire.TTL{Min: c.ttlMin.Milliseconds(), Default: c.ttl.Milliseconds(), Max: c.ttlMax.Milliseconds()},
		Posts: c.rate.n, GuestPosts: guestsPerAddress * c.rate.n, Acts: actsPerPost * c.rate.n, Per: c.rate.per,
		RoomMessages: c.roomMessages, RoomBytes: int(c.roomBytes), Rooms: c.rooms,
		Cluster: len(c.nats.URLs) > 0, Audit: auditLog,
	}
}

// openStream opens the stream, which stores all messages, with the settings in c: inside this process, or at the NATS
// servers that c names.
func openStream(ctx context.Context, c config, clock *hub.Clock, metrics prometheus.Registerer, log *slog.Logger) (
	*stream.NATS, error) {
	config := stream.Config{
		Folder: c.data, MaxTTL: c.ttlMax, RoomEvents: hub.EventsPerMessage*c.roomMessages + hub.OrderEvents,
		Bytes: int64(c.streamBytes),
	}
	if len(c.nats.URLs) > 0 {
		return stream.OpenCluster(ctx, c.nats, config, clock, metrics, log)
	}
	messages, err := stream.OpenEmbedded(ctx, config, clock, metrics, log)
	if err != nil && c.data != "" {
		return nil, fmt.Errorf("-data is %q: %w", c.data, err)
	}
	if err != nil {
		return nil, err
	}
	return messages, nil
}

// newHTTPServer returns an HTTP server with the limits of the public listeners.
func newHTTPServer(handler http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler: handler, ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes,
		HTTP2: &http.HTTP2Config{MaxConcurrentStreams: maxStreams},
		// net/http writes a line to ErrorLog for each broken request. Clients cause such requests, so the lines have the
		// level debug: an operator need not see them.
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

// background runs a part of the server on a goroutine until close stops it, and logs the error with which it ended.
func (n *node) background(run func(context.Context) error) {
	n.ended.Go(func() {
		if err := run(n.alive); err != nil {
			n.log.Error("a part of the server ended", "err", err)
		}
	})
}

// serve answers requests until ctx is done. It returns an error if it ends before, because the listener fails or the NATS
// servers have lost all messages.
func (n *node) serve(ctx context.Context, listener net.Listener) error {
	failed := make(chan error, 1)
	n.ended.Go(func() {
		if l := n.waiting.Listener(n.server.Listener(listener)); n.http.TLSConfig != nil {
			failed <- n.http.ServeTLS(l, "", "")
		} else {
			failed <- n.http.Serve(l)
		}
	})
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-n.stream.Lost():
		return fmt.Errorf("%w: this node ends, so that it starts again without them", stream.ErrLost)
	case <-ctx.Done():
	}
	n.log.Info("stopping")
	return nil
}

// close stops everything. To lose no message, it stops the parts that accept clients first and the stream last.
func (n *node) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	requests, cut := context.WithCancel(ctx)
	defer cut()
	if n.leading != nil {
		n.slow("close the listener of -http-listen", n.leading.Close())
	}
	listener := make(chan error, 1)
	go func() { listener <- n.http.Shutdown(requests) }()
	n.slow("end the connections", n.server.Close(ctx))
	defer time.AfterFunc(requestsTimeout, cut).Stop()
	err := <-listener
	// After requestsTimeout or stopTimeout, cut the requests that still run: a browser can ask for a page again.
	if requests.Err() != nil {
		err = n.http.Close()
	}
	n.slow("close the connections", n.server.Drain(ctx))
	errs := []error{step("close the listener", err)}
	n.stop()
	errs = append(errs, step("end the background work", waitFor(endTimeout, n.ended.Wait)),
		step("close the stream", n.stream.Close()))
	return errors.Join(errs...)
}

// slow logs err if it is not nil. name is the step of the method close that has failed. Use slow for the steps that wait for
// clients and give up after some time: their errors must not make close fail.
func (n *node) slow(name string, err error) {
	if err != nil {
		n.log.Warn("stopping", "err", step(name, err))
	}
}

// waitFor calls the function block, which waits for something, and returns nil when block has returned. If block takes
// longer than timeout, waitFor returns an error, and block goes on in the background.
func waitFor(timeout time.Duration, block func()) error {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		block()
	}()
	select {
	case <-ended:
		return nil
	case <-time.After(timeout):
		return fmt.Errorf("it did not end within %s", timeout)
	}
}

// step puts name in front of the text of err. name says which step of the server's stop has failed. If err is nil, step
// returns nil.
func step(name string, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}
