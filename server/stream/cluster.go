package stream

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/prometheus/client_golang/prometheus"

	"mayfly/server/hub"
)

const (
	clusterTimeout = 30 * time.Second       // the longest time until OpenCluster has connected and has its streams
	clusterRetry   = 250 * time.Millisecond // the wait between two attempts of OpenCluster

	// After a lost connection to a cluster, the NATS library tries the servers in turn. In each round it waits once,
	// for dialWait and a random time of at most dialJitter, so that not all nodes try again at the same time.
	dialWait   = 250 * time.Millisecond
	dialJitter = 250 * time.Millisecond
	// A connection sends a ping every pingEvery. If pingsLost pings have no answer when the next ping is due, the
	// connection counts as lost.
	pingEvery = 5 * time.Second
	pingsLost = 2
)

// Cluster says how nodes reach NATS servers of their own, which are usually a cluster of three.
type Cluster struct {
	URLs        []string // addresses of some or all of the servers, such as nats://a.example:4222
	Credentials string   // a file with the user's seed (nkey), or with the user's JWT and seed; empty: no user
	CA          string   // a file with the certificates of those who sign the servers' certificates; empty: the system's
	Cert, Key   string   // files with the certificate that shows the servers who this node is; empty: none
	Name        string   // begins the names of all streams and subjects, so that several Mayflys may use the same servers
	Replicas    int      // on how many servers each message is kept
}

// maxReplicas is the most replicas that NATS allows.
const maxReplicas = 5

// clusterName matches a usable Cluster.Name. A name has no underscore, so that no stream of events can have the name of
// another Mayfly's stream of facts, NAME_SIGNOUTS.
var clusterName = regexp.MustCompile(`^[A-Za-z0-9-]{1,32}$`)

// Check returns the problems with c in one error, which names the flags of mayfly serve. It looks at what is in the
// files only if it has found no other problem, and then stops at the first problem.
func (c Cluster) Check() error {
	var errs []error
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	for _, server := range c.URLs {
		u, err := url.Parse(server)
		switch {
		case err != nil || u.Host == "" || u.Scheme != "nats" && u.Scheme != "tls":
			wrong("-nats has a part that is no address of a NATS server: want nats://HOST:PORT or tls://HOST:PORT, " +
				"with commas between several")
		case u.User != nil:
			wrong("-nats has a user or a password in it, which everybody on the machine can read: want them out, " +
				"and -nats-creds with the user's file")
		case strings.Trim(u.Path, "/")+u.RawQuery+u.Fragment != "":
			wrong("-nats is %q: want nothing behind the port", server)
		}
	}
	if (c.Cert == "") != (c.Key == "") {
		wrong("-nats-cert and -nats-key belong together: want both, or neither")
	}
	if !clusterName.MatchString(c.Name) {
		wrong("-nats-name is %q: want 1 to 32 letters, digits and hyphens", c.Name)
	}
	if c.Replicas < 1 || c.Replicas > maxReplicas || c.Replicas%2 == 0 {
		wrong("-nats-replicas is %d: want 3, or 5, or 1 if there is one server", c.Replicas)
	}
	for _, file := range []struct{ flag, name string }{
		{"-nats-creds", c.Credentials}, {"-nats-ca", c.CA}, {"-nats-cert", c.Cert}, {"-nats-key", c.Key},
	} {
		if _, err := os.ReadFile(file.name); file.name != "" && err != nil {
			wrong("%s: %w: want a file that this user may read", file.flag, err)
		}
	}
	if len(errs) > 0 {
		return errors.Join(errs...)
	}
	_, err := c.options()
	return err
}

// options returns the options for connections to the servers. It reads the files that c names.
func (c Cluster) options() ([]nats.Option, error) {
	var options []nats.Option
	if c.Credentials != "" {
		user, err := userOption(c.Credentials)
		if err != nil {
			return nil, err
		}
		options = append(options, user)
	}
	if c.CA != "" {
		options = append(options, nats.RootCAs(c.CA))
	}
	if c.Cert != "" {
		options = append(options, nats.ClientCert(c.Cert, c.Key))
	}
	for _, option := range options { // RootCAs and ClientCert read their files here, and check them
		if err := option(new(nats.Options)); err != nil {
			return nil, fmt.Errorf("-nats-ca, -nats-cert and -nats-key: %w: want files in the format PEM, "+
				"and the key of that certificate", err)
		}
	}
	return options, nil
}

// userOption returns the option that says who a connection is, from a file of credentials. No error contains the seed.
func userOption(file string) (nats.Option, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("-nats-creds: %w", err)
	}
	if strings.Contains(string(content), "BEGIN NATS USER JWT") {
		return nats.UserCredentials(file), nil
	}
	option, err := nats.NkeyOptionFromSeed(file)
	if err != nil {
		return nil, fmt.Errorf("-nats-creds is %q, which has neither a NATS user's JWT and seed nor a seed alone: "+
			"want a file of one of these kinds", file)
	}
	return option, nil
}

// dialer returns a dialer for the servers. onLost is called when an open connection is lost, and with nil when this
// node closes it.
func (c Cluster) dialer(onLost func(error), log *slog.Logger) (dialer, error) {
	shared, err := c.options()
	if err != nil {
		return nil, err
	}
	shared = append(shared, nats.ReconnectWait(dialWait), nats.ReconnectJitter(dialJitter, dialJitter),
		nats.PingInterval(pingEvery), nats.MaxPingsOutstanding(pingsLost), nats.IgnoreAuthErrorAbort(),
		nats.CustomInboxPrefix("_INBOX."+c.Name),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) { onLost(err) }))
	return func(name string, onReconnect func(*nats.Conn)) (*nats.Conn, error) {
		again := func(conn *nats.Conn) {
			log.Info("connected to NATS again", "conn", name, "server", conn.ConnectedServerName())
			if onReconnect != nil {
				onReconnect(conn)
			}
		}
		return nats.Connect(strings.Join(c.URLs, ","), append(slices.Clone(shared), connOptions(name, again, log)...)...)
	}, nil
}

// OpenCluster connects to NATS servers, and opens the streams that all nodes share, or creates them. It waits for servers
// that are not ready, for clusterTimeout at most. config.Folder must be empty: the servers keep everything in memory. clock
// decides when messages expire. OpenCluster registers its metrics with reg. The caller must call Close.
func OpenCluster(
	ctx context.Context, cluster Cluster, config Config, clock *hub.Clock, reg prometheus.Registerer, log *slog.Logger,
) (*NATS, error) {
	n := newNATS(clock, reg, log)
	n.pulse = newPulse(n, reg)
	ctx, cancel := context.WithTimeout(ctx, clusterTimeout)
	defer cancel()
	if err := n.openCluster(ctx, cluster, config); err != nil {
		return nil, errors.Join(err, n.Close())
	}
	return n, nil
}

func (n *NATS) openCluster(ctx context.Context, cluster Cluster, config Config) error {
	dial, err := cluster.dialer(n.pulse.onLost, n.log)
	if err != nil {
		return err
	}
	names := names{cluster.Name, cluster.Name + "_SIGNOUTS", cluster.Name + "."}
	err = persist(ctx, n.log, func() (err error) {
		if n.links != nil {
			n.links.disconnect()
		}
		n.links, err = openLinks(n.ctx, names, dial)
		return err
	})
	if err != nil {
		return fmt.Errorf("connect to the NATS servers of -nats: %w", err)
	}
	if n.js, err = n.openJetStream(); err != nil {
		return err
	}
	n.eraser = newEraser(n.js, n.links, n.log)
	err = persist(ctx, n.log, func() error {
		ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
		defer cancel()
		if n.opened, err = (founder{n.js, n.links, n.log}).open(ctx, config, cluster.Replicas); err != nil {
			return err
		}
		return n.pulse.beat(ctx) // set the clock before anything is shown
	})
	if err != nil {
		return fmt.Errorf("open the streams at the NATS servers of -nats: %w", err)
	}
	n.pulse.setProblem(nil)
	n.log.Info("connected to NATS", "server", n.links.live.ConnectedServerName(),
		"version", n.links.live.ConnectedServerVersion(), "streams", names.events)
	n.loops.Go(func() { n.eraser.run(n.ctx) })
	n.loops.Go(func() { n.pulse.run(n.ctx) })
	return nil
}

// attemptTimeout is the longest time of one attempt to open the streams. While servers are starting, they do not answer some
// questions at all.
const attemptTimeout = 5 * time.Second

// permanentError is an error that does not go away if the same is tried again.
type permanentError struct{ error }

func (e permanentError) Unwrap() error { return e.error }

// persist calls attempt until attempt succeeds, until it returns a permanentError or nats.ErrAuthorization, or until
// ctx is done.
func persist(ctx context.Context, log *slog.Logger, attempt func() error) error {
	for logged := false; ; {
		err := attempt()
		if err == nil {
			return nil
		}
		if errors.Is(err, nats.ErrAuthorization) {
			return fmt.Errorf("%w: want a user of these servers in -nats-creds", err)
		}
		if permanent := (permanentError{}); errors.As(err, &permanent) {
			return err
		}
		if !logged {
			log.Warn("waiting for NATS", "err", err)
			logged = true
		}
		select {
		case <-time.After(clusterRetry):
		case <-ctx.Done():
			return cmp.Or(err, ctx.Err())
		}
	}
}
