package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"mayfly/app/pkce"
	"mayfly/server/auth"
	"mayfly/server/devidp"
	"mayfly/server/network"
)

// devConfig is the checked configuration of "mayfly dev".
type devConfig struct {
	config
	providerListen string
	accessTTL      time.Duration
	refreshGrace   time.Duration
}

const devUsage = `Usage: mayfly dev [flags]

Serves the chat to this machine alone until it is interrupted, together with a sign-in provider where anybody may be anybody:
to try Mayfly, to work on it and to test it. It takes the flags of serve, but not those that say who signs people in, and
refuses addresses that others can reach.

Each flag can also be set in the environment: -access-ttl as MAYFLY_ACCESS_TTL; or in the file of -config, with lines such as
access-ttl: 5m. A flag wins over the environment, and that over the file.

Flags:

`

// devWarning is printed at every start of mayfly dev.
const devWarning = "FOR DEVELOPMENT ONLY: anybody can sign in as anybody here, without a password."

// parseDev reads the flags, the environment and the file of -config for mayfly dev, and checks the whole configuration. Its
// error has every problem. If args asks for help, parseDev prints the help and returns flag.ErrHelp.
func parseDev(args []string, env environment, stdout io.Writer) (devConfig, error) {
	var c devConfig
	f := flag.NewFlagSet("dev", flag.ContinueOnError)
	c.defineFlags(f)
	var err error
	if c.config, err = parseFlags(f, defineDevAuthFlags, devUsage, args, env, stdout); errors.Is(err, flag.ErrHelp) {
		return c, err
	}
	return c, errors.Join(append([]error{err}, c.checkDev()...)...)
}

// defineFlags defines the flags that only mayfly dev has.
func (c *devConfig) defineFlags(f *flag.FlagSet) {
	f.StringVar(&c.providerListen, "provider-listen", "127.0.0.1:8081",
		"`ADDRESS` of this machine for the sign-in provider: host:port; port 0 for any free one")
	f.DurationVar(&c.accessTTL, "access-ttl", 5*time.Minute, "how long an access token lives, or with -token id an ID token")
	f.DurationVar(&c.refreshGrace, "refresh-grace", 30*time.Second, "how long a refresh token works after its first use")
}

// The client ID and the audience of mayfly dev. Its sign-in provider writes them into tokens, and its chat accepts only
// tokens that have them.
const (
	devClientID = "mayfly-dev"
	devAudience = "api://default"
)

// devIDTTL is how long an ID token of mayfly dev's provider lives. If ID tokens sign users in (-token id), the flag
// -access-ttl sets their life instead.
const devIDTTL = time.Hour

// defineDevAuthFlags defines the flags for signing in that mayfly dev has. The flags that choose a provider are not among
// them, because mayfly dev has its own provider. After the flags are parsed, call the returned function finish, which sets
// the other values for signing in and returns every problem.
func defineDevAuthFlags(f *flag.FlagSet, a *authFlags, _ environment) (finish func() error) {
	all := flag.NewFlagSet("", flag.ContinueOnError)
	readAll := defineAuthFlags(all, a, nil)
	for _, name := range []string{"token", "scopes", "authorize-params", "require-scope", "anonymous"} {
		fl := all.Lookup(name)
		f.Var(fl.Value, name, fl.Usage)
	}
	return func() error {
		// Set the field and not the flag -audience (by all.Set): check would refuse -audience together with -token id.
		a.Audience = devAudience
		a.Moderators = auth.Claims{{Name: devidp.GroupsClaim, Value: devidp.Moderators}}
		return errors.Join(all.Set("issuer", issuerAt("0")), all.Set("client-id", devClientID), readAll())
	}
}

// issuerAt returns the URL of mayfly dev's sign-in provider, which listens on this port. While the flags are parsed, the
// port is not known yet, and port is "0". serveDev later sets the issuer to the real URL.
func issuerAt(port string) string { return "http://localhost:" + port }

// checkDev checks the rules for c that only mayfly dev has, and returns every problem.
func (c *devConfig) checkDev() (errs []error) {
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if _, ok := portOf(c.providerListen); !ok {
		wrong("-provider-listen is %q: want host:port, such as 127.0.0.1:8081", c.providerListen)
	}
	for _, on := range []struct{ name, addr string }{
		{"-listen", c.listen}, {"-provider-listen", c.providerListen}, {"-admin", c.admin},
	} {
		if err := devidp.Loopback(on.addr); on.addr != "" && err != nil {
			wrong("%s must not let others in, as mayfly dev lets anybody be anybody: %w", on.name, err)
		}
	}
	for _, s := range append(slices.Clone(c.origins), c.publicURL) {
		if u, err := url.Parse(s); s != "" && (err != nil || u.Scheme != "http" || devidp.Loopback(u.Host) != nil) {
			wrong("%q is not this machine's: mayfly dev takes only -public-url and -origins such as http://localhost:8080",
				s)
		}
	}
	if c.tls.enabled() {
		wrong("mayfly dev speaks plain HTTP, because it is for this machine alone: want no -tls-cert and no -tls-domain")
	}
	if c.accessTTL < time.Second || c.accessTTL > 24*time.Hour {
		wrong("-access-ttl is %s: want 1s to 24h", c.accessTTL)
	}
	if c.refreshGrace < 0 {
		wrong("-refresh-grace is %s: want 0s or more", c.refreshGrace)
	}
	return errs
}

// runDev runs mayfly dev until ctx is done.
func runDev(ctx context.Context, args []string, env environment, stdout, stderr io.Writer) error {
	c, err := parseDev(args, env, stdout)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return configError{fmt.Errorf("the configuration is not right:\n%w\nSee mayfly dev -help", err)}
	}
	log := c.logger(stderr)
	slog.SetDefault(log) // the provider's library, zitadel/oidc, logs only to slog's default logger
	return withAdmin(c.admin, log, func(a *admin) error {
		return serveDev(ctx, c, a, stdout, log)
	})
}

// serveDev serves the chat and the sign-in provider until ctx is done. The chat needs the address of the provider, and the
// provider needs the address of the chat. So serveDev opens both listeners before it starts either of them.
func serveDev(ctx context.Context, c devConfig, a *admin, stdout io.Writer, log *slog.Logger) error {
	chat, err := c.listenPublic(log)
	if err != nil {
		return err
	}
	idp, err := listen("-provider-listen", c.providerListen, network.Inherited{})
	if err != nil {
		return errors.Join(err, chat.Close())
	}
	p, err := c.provider(chat, idp, log)
	if err != nil {
		return errors.Join(err, chat.Close(), idp.Close())
	}
	c.auth.Issuer = issuerAt(portFrom(idp))
	fmt.Fprintf(stdout, "%s\nThe sign-in provider is at %s\n", devWarning, c.auth.Issuer)
	parts, ctx := errgroup.WithContext(ctx)
	parts.Go(func() error { return p.Serve(ctx, idp) })
	parts.Go(func() error { return servePublic(ctx, c.config, chat, a, stdout, log) })
	return parts.Wait()
}

// provider returns the sign-in provider. After a sign-in or a sign-out, the provider may redirect the browser to every
// origin at which a user can open the chat.
func (c *devConfig) provider(chat, idp net.Listener, log *slog.Logger) (*devidp.Provider, error) {
	cfg := devidp.Config{Issuer: issuerAt(portFrom(idp)), ClientID: devClientID, Audience: devAudience,
		AccessTTL: c.accessTTL, IDTTL: devIDTTL, RefreshGrace: c.refreshGrace}
	if c.auth.Token == auth.IDTokens {
		cfg.IDTTL = c.accessTTL
	}
	port := portFrom(chat)
	for _, origin := range append(slices.Clone(c.origins),
		c.publicURLFor(port), "http://localhost:"+port, "http://127.0.0.1:"+port, "http://[::1]:"+port) {
		origin = strings.TrimSuffix(origin, "/")
		cfg.Redirects = append(cfg.Redirects, origin+pkce.CallbackPath)
		cfg.SignedOut = append(cfg.SignedOut, origin+"/")
	}
	return devidp.New(cfg, log)
}

// noPort stands for the port of a listener that has none.
const noPort = "0"

// portFrom returns the port that l listens on, or noPort if l is a Unix socket.
func portFrom(l net.Listener) string {
	_, port, err := net.SplitHostPort(l.Addr().String()) // a TCP address always has a port
	if err != nil {
		return noPort
	}
	return port
}
