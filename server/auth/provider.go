package auth

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"mayfly/shared/backoff"

	"github.com/coreos/go-oidc/v3/oidc"
)

const (
	minFresh = 5 * time.Minute // the keys count as fresh for this long at least, even if Cache-Control says less
	maxFresh = 24 * time.Hour

	firstRetry = time.Second      // the wait after the first failure to load the keys; doubled with each failure
	lastRetry  = 30 * time.Second // the longest wait after a failure to load the keys
	staleRetry = time.Minute      // the wait after a failed refresh, while the old keys can still be used

	maxFailure = 300 // the most bytes of an error text in the log; the text may quote an answer of the issuer
)

// provider loads the issuer's configuration and keys over the network. It puts the keys into a keySet.
type provider struct {
	issuer  string       // static
	client  *http.Client // static
	keys    *keySet      // static
	metrics *metrics     // static
	log     *slog.Logger // static

	discovered atomic.Pointer[discovery] // nil until the configuration is loaded

	ahead atomic.Int64 // by how many nanoseconds the issuer's clock is ahead of this node's; 0 if that is within Leeway
}

// discovery is the issuer's configuration, as far as this package uses it.
type discovery struct {
	Authorization string `json:"authorization_endpoint"`
	Token         string `json:"token_endpoint"`
	Userinfo      string `json:"userinfo_endpoint"`
	EndSession    string `json:"end_session_endpoint"`
	Revocation    string `json:"revocation_endpoint"`
	JWKS          string `json:"jwks_uri"`

	origins []string // the origins that a browser calls to sign a user in and out, sorted
}

// run loads and refreshes the configuration and the keys until ctx is done. No other goroutine fetches them.
func (p *provider) run(ctx context.Context) {
	timer, next := time.NewTimer(0), time.Time{}
	defer timer.Stop()
	schedule := func(d time.Duration) {
		next = time.Now().Add(d)
		timer.Reset(d)
	}
	for retry := (backoff.Backoff{First: firstRetry, Last: lastRetry, Jitter: backoff.Quarter}); ; {
		var fresh time.Duration
		var err error
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
			fresh, err = p.refresh(ctx)
		// A token has an unknown kid, so fetch the keys now. For the fresh keys, the next refresh may have to come earlier.
		// It must not come later, because a refresh also loads the configuration.
		case <-p.keys.wake:
			if fresh, err = p.fetchKeys(ctx); err != nil {
				p.log.Warn("cannot fetch the issuer's keys for a token that names another", "err", err)
			}
			if err != nil || time.Now().Add(fresh).After(next) {
				continue
			}
		}
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			retry.Reset()
			schedule(fresh)
		case p.keys.ready() == nil:
			p.log.Warn("cannot refresh the issuer's keys: using those that are known", "err", err)
			schedule(retry.Jitter.Of(staleRetry))
		default:
			wait := retry.Next()
			p.log.Warn("cannot load the issuer's keys: nobody can sign in", "err", err, "retry", wait)
			schedule(wait)
		}
	}
}

// refresh loads the configuration, then the keys, and returns how long the keys count as fresh. If the configuration cannot
// be loaded now but was loaded before, refresh loads the keys with the old configuration.
func (p *provider) refresh(ctx context.Context) (fresh time.Duration, err error) {
	found, err := p.discover(ctx)
	if err == nil {
		p.discovered.Store(found)
	} else if p.discovered.Load() == nil {
		p.keys.endFetch(p.keys.beginFetch(), nil, err)
		return 0, err
	} else {
		p.log.Warn("cannot load the issuer's configuration again: using the one that is known", "err", err)
	}
	known := p.keys.ready() == nil
	if fresh, err = p.fetchKeys(ctx); err == nil && !known {
		p.log.Info("the issuer's keys are loaded: people can sign in", "issuer", p.issuer)
	}
	return fresh, err
}

// discover loads the issuer's configuration. go-oidc checks that the configuration names this issuer.
func (p *provider) discover(ctx context.Context) (*discovery, error) {
	loaded, err := oidc.NewProvider(oidc.ClientContext(ctx, p.client), p.issuer)
	if err != nil {
		return nil, fmt.Errorf("load the issuer's configuration: %s", clip(err.Error(), maxFailure))
	}
	d := &discovery{origins: p.issuerOrigin()} // browsers load the configuration from the issuer's origin
	if err := loaded.Claims(d); err != nil {
		return nil, fmt.Errorf("read the issuer's configuration: %w", err)
	}
	for name, endpoint := range map[string]string{
		"authorization_endpoint": d.Authorization, "token_endpoint": d.Token, "userinfo_endpoint": d.Userinfo,
		"end_session_endpoint": d.EndSession, "revocation_endpoint": d.Revocation, "jwks_uri": d.JWKS,
	} {
		if endpoint == "" && name != "jwks_uri" {
			continue
		}
		u, err := trustedURL(endpoint)
		if err != nil {
			return nil, fmt.Errorf("the issuer's %s is %q: %w", name, clip(endpoint, maxFailure), err)
		}
		if name != "userinfo_endpoint" { // only this server asks userinfo, never a browser
			d.origins = append(d.origins, origin(u))
		}
	}
	slices.Sort(d.origins)
	d.origins = slices.Compact(d.origins)
	return d, nil
}

// fetchKeys downloads the keys into p.keys and returns how long the keys count as fresh.
func (p *provider) fetchKeys(ctx context.Context) (fresh time.Duration, err error) {
	number := p.keys.beginFetch()
	keys, fresh, err := p.download(ctx, p.discovered.Load().JWKS)
	p.keys.endFetch(number, keys, err)
	p.metrics.countFetch(err)
	return fresh, err
}

func (p *provider) download(ctx context.Context, jwks string) (keys map[string]key, fresh time.Duration, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, jwks, nil)
	if err != nil {
		return nil, 0, err
	}
	resp, err := p.client.Do(r)
	if err != nil {
		return nil, 0, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, 0, fmt.Errorf("%s says %s", jwks, resp.Status)
	}
	p.compareClocks(resp.Header)
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, 0, fmt.Errorf("%s: %w", jwks, err)
	}
	if keys, err = parseKeys(body); err != nil {
		return nil, 0, fmt.Errorf("%s: %w", jwks, err)
	}
	return keys, freshness(resp.Header), nil
}

// compareClocks compares the issuer's clock with this node's clock. h is the header of an answer of the issuer; its Date is
// the issuer's time. When the clocks begin to differ by more than Leeway, compareClocks logs a warning. It logs the next
// warning only if the clocks have agreed in between. Only the goroutine of the method run calls it.
func (p *provider) compareClocks(h http.Header) {
	date, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return
	}
	age, _ := strconv.ParseInt(h.Get("Age"), 10, 32)
	ahead := time.Until(date.Add(time.Duration(age) * time.Second)).Round(time.Second)
	if ahead.Abs() <= Leeway {
		ahead = 0
	}
	if before := p.ahead.Swap(int64(ahead)); before == 0 && ahead != 0 {
		p.log.Warn("the issuer's clock and this server's differ: good tokens are refused until the wrong one is set right",
			"issuer_ahead", ahead)
	}
}

// freshness returns how long the keys in an answer with the header h count as fresh, by its Cache-Control and Age: minFresh
// at least, maxFresh at most.
func freshness(h http.Header) time.Duration {
	var maxAge, age int64
	for _, directive := range strings.Split(strings.Join(h.Values("Cache-Control"), ","), ",") {
		name, value, _ := strings.Cut(strings.ToLower(strings.TrimSpace(directive)), "=")
		switch name {
		case "no-store", "no-cache":
			return minFresh
		case "max-age":
			maxAge, _ = strconv.ParseInt(strings.Trim(value, `"`), 10, 32)
		}
	}
	age, _ = strconv.ParseInt(h.Get("Age"), 10, 32)
	return min(max(time.Duration(maxAge-age)*time.Second, minFresh), maxFresh)
}

// endpoints returns the origins that a browser calls to sign a user in and out (see Verifier.Endpoints).
func (p *provider) endpoints() []string {
	if d := p.discovered.Load(); d != nil {
		return slices.Clone(d.origins)
	}
	return p.issuerOrigin()
}

func (p *provider) issuerOrigin() []string {
	u, err := url.Parse(p.issuer)
	if err != nil {
		return nil // not reached: New has parsed the issuer
	}
	return []string{origin(u)}
}

// userinfo returns the URL of the userinfo endpoint, "" if the issuer has none or the configuration is not loaded yet.
func (p *provider) userinfo() string {
	if d := p.discovered.Load(); d != nil {
		return d.Userinfo
	}
	return ""
}

// okta returns the base URL of Okta's API, which is on the issuer's host.
func (p *provider) okta() string {
	u, err := url.Parse(p.issuer)
	if err != nil {
		return "" // not reached: New has parsed the issuer
	}
	return origin(u)
}
