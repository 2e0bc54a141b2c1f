package pkce

import (
	"strings"
	"sync"
	"time"

	"mayfly/app/browser"
	"mayfly/shared/clock"
)

// provider makes all HTTP requests that signing in needs: to the OpenID Connect provider, and to the Mayfly server for its
// configuration. Its methods block. It does not know whether a user is signed in.
type provider struct {
	// static: never changed after newProvider
	b    *Browser
	now  clock.Clock
	keys *keys

	mu           sync.Mutex    // guards what follows; not held during a request
	registration *registration // immutable
	metadata     *metadata     // immutable; nil: not known yet
}

func newProvider(b *Browser, now clock.Clock) *provider {
	return &provider{b: b, now: now, keys: &keys{b: b, now: now}, registration: &registration{}}
}

// configure reads the registration from the server's /config.json, and stores the answer in the browser. If no configuration
// comes within configTimeout, configure uses the answer that it stored at an earlier start. Without a stored answer, it
// calls failed and tries again later. It returns true as soon as it has the registration, and false when stop is closed
// before. The status that it passes to failed is 0 if no answer came. Otherwise it is the HTTP status of an answer that has
// no configuration, because another program than Mayfly sent it.
func (p *provider) configure(stop <-chan struct{}, failed func(status int)) bool {
	r := newRetry()
	for !closed(stop) {
		status, header, body := post(p.b.Fetch, "/config.json", "", configTimeout)
		var o object
		var date time.Time
		if status == 200 {
			o = parseObject(body)
			date, _ = time.Parse(time.RFC1123, header("Date"))
		}
		if o != nil {
			_ = p.b.Local.Save(browser.ConfigKey, string(o[""])) // for the next start without a network
		} else if stored, err := p.b.Local.Load(browser.ConfigKey); err == nil {
			o = parseObject([]byte(stored))
		}
		if o != nil {
			p.mu.Lock()
			p.registration = &registration{issuer: o.text("issuer"), clientID: o.text("client_id"),
				scopes: strings.Join(o.texts("scopes"), " "), params: o.text("authorize_params"),
				sendsID: o.text("token") == "id", noGuests: o.text("anonymous") == "deny",
				dated: !date.IsZero(), skew: p.now().Wall.Sub(date)}
			p.mu.Unlock()
			return true
		}
		failed(status)
		wait(stop, r.Next())
	}
	return false
}

// registered returns the registration. Unlike the other methods it does not block.
func (p *provider) registered() *registration {
	p.mu.Lock()
	is := p.registration
	p.mu.Unlock()
	return is
}

// discover returns the provider's metadata. It uses the metadata in memory or in the browser's storage if they are at most
// 24 hours old. Otherwise it asks the provider (readMetadata).
func (p *provider) discover(timeout time.Duration) (*metadata, *fault) {
	p.mu.Lock()
	d, is := p.metadata, p.registration
	p.mu.Unlock()
	if d == nil {
		stored, _ := p.b.Local.Load(browser.ProviderKey)
		read, text, _ := strings.Cut(stored, " ")
		d, _ = parseMetadata(parseObject([]byte(text)), is.issuer, milliseconds(read))
	}
	if d == nil || !d.fresh(p.now()) {
		return p.readMetadata(timeout)
	}
	return p.remember(d), nil
}

// readMetadata reads the metadata from the provider and stores them.
func (p *provider) readMetadata(timeout time.Duration) (*metadata, *fault) {
	now, issuer := p.now().Wall.UnixMilli(), p.registered().issuer
	o := get(p.b, strings.TrimSuffix(issuer, "/")+"/.well-known/openid-configuration", timeout)
	if o == nil {
		return nil, noAnswer(noDiscovery)
	}
	d, f := parseMetadata(o, issuer, now)
	if f != nil {
		return nil, f
	}
	_ = p.b.Local.Save(browser.ProviderKey, itoa(now)+" "+string(o[""])) // if this fails, the next page reads them again
	return p.remember(d), nil
}

// remember keeps d in memory as the known metadata, and returns d.
func (p *provider) remember(d *metadata) *metadata {
	p.mu.Lock()
	p.metadata = d
	p.mu.Unlock()
	return d
}

// requestToken posts a form to the token endpoint, once. If the provider's keys are not known yet, requestToken reads them
// at the same time, because they are needed to check the ID token in the answer. It does not read them first, because the
// authorization code in the form is good for a minute at most, and could expire meanwhile.
func (p *provider) requestToken(d *metadata, form ...string) (*reply, *fault) {
	read := make(chan struct{})
	if p.keys.known() {
		close(read)
	} else {
		go func() {
			p.keys.read(d.keys) // if this fails, verifyIDToken tries again
			close(read)
		}()
	}
	began := p.now()
	form = append(form, "client_id", p.registered().clientID)
	status, header, body := post(p.b.Fetch, d.token, encodeQuery(form...), tokenTimeout)
	wait(read, fetchTimeout)
	return parseReply(status, header, parseObject(body), began)
}

// verifyIDToken checks the ID token of answer. If the token is wrong or cannot be checked now, verifyIDToken returns a
// fault. Otherwise it sets answer.claims, and answer.skew: by how much the device's clock is ahead of the provider's.
// previous holds the claims of the previous ID token of this sign-in, nil if there is none.
func (p *provider) verifyIDToken(d *metadata, answer *reply, nonce string, previous object) *fault {
	header, claims, signature := split(answer.id)
	alg := header.text("alg")
	key, f := p.keys.find(d.keys, header.text("kid"), alg)
	if f != nil {
		return f
	}
	problem := "is not well signed"
	if claims != nil && header["crit"] == nil && (d.algs == nil || contains(d.algs, alg)) &&
		wellSigned(p.b.Verify, alg, key, []byte(answer.id[:strings.LastIndexByte(answer.id, '.')]), signature) {
		problem = wrongClaim(claims, p.registered(), halfHash(alg, answer.access.text), nonce, previous)
	}
	if problem != "" {
		return wrongFault("The ID token " + problem + ".")
	}
	answer.claims, answer.skew = claims, skewOf(claims, p.now())
	return nil
}

// chooseToken replaces the access token in a by the ID token, if the server wants ID tokens. From then on the client sends
// the ID token to the server and renews it before it ends, like an access token. Call chooseToken after verifyIDToken:
// verifyIDToken needs the access token to check the ID token.
func (p *provider) chooseToken(a *reply) {
	if !p.registered().sendsID {
		return
	}
	_, claims, _ := split(a.id)
	a.access = newAccess(a.id, a.access.at, lifeOf(claims.number("exp")-claims.number("iat")))
}

// revoke revokes a refresh token. It reports whether the provider answered. The browser continues the request if the user
// leaves the page.
func (p *provider) revoke(d *metadata, refresh string) bool {
	form := encodeQuery("token", refresh, "token_type_hint", "refresh_token", "client_id", p.registered().clientID)
	status, _, _ := post(p.b.FetchKeepalive, d.revoke, form, signOutTimeout)
	return status != 0
}
