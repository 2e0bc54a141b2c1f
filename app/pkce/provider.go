package pkce

import (
	"strings"
	"sync"
	"time"
)

// provider is the client of the sign-in provider, and makes all requests of signing in. Its methods block. It knows nothing
// of the state of signing in.
type provider struct {
	// static
	requests requests
	local    Storage // keeps the last answers, for starts without a network
	verify   verify
	now      func() moment
	keys     *keys

	mu           sync.Mutex // guards what follows; not held during a request
	registration registration
	metadata     *metadata // nil: not known yet
}

// registration is what the server's configuration says about its provider. The zero value means that it is not known yet.
type registration struct {
	issuer   string // "": the server has no provider
	clientID string
	scopes   string // separated by spaces; "" if the server leaves them to the client
}

func newProvider(b *Browser, now func() moment) *provider {
	rs := requests{b.Fetch, b.FetchKeepalive}
	return &provider{requests: rs, local: b.Local, verify: b.Verify, now: now, keys: &keys{requests: rs, now: now}}
}

const (
	providerKey = "mayfly.provider"
	configKey   = "mayfly.config"
)

// configure learns the registration from the server's configuration, or from the stored one if the server does not answer
// soon. It tries until it succeeds or stop is closed, and reports whether it succeeded.
func (p *provider) configure(stop <-chan struct{}) bool {
	var r retry
	for !closed(stop) {
		o := p.requests.get("/config.json", configTimeout)
		if o != nil {
			_ = p.local.Save(configKey, string(o[""])) // for the next start without a network
		} else if stored, err := p.local.Load(configKey); err == nil {
			o = parseObject([]byte(stored))
		}
		if o != nil {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.registration = registration{o.text("issuer"), o.text("client_id"), strings.Join(o.texts("scopes"), " ")}
			return true
		}
		r.failed(0, p.now())
		wait(stop, r.wait)
	}
	return false
}

// registered returns the registration. Unlike the other methods it does not block.
func (p *provider) registered() registration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.registration
}

// discover returns the metadata: the known or stored ones if they are at most 24 hours old, otherwise as readMetadata does.
func (p *provider) discover(timeout time.Duration) (*metadata, *fault) {
	p.mu.Lock()
	d, is := p.metadata, p.registration
	p.mu.Unlock()
	if d == nil {
		stored, _ := p.local.Load(providerKey)
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
	now, issuer := p.now().wall.Milliseconds(), p.registered().issuer
	o := p.requests.get(strings.TrimSuffix(issuer, "/")+"/.well-known/openid-configuration", timeout)
	if o == nil {
		return nil, noAnswer
	}
	d, f := parseMetadata(o, issuer, now)
	if f != nil {
		return nil, f
	}
	_ = p.local.Save(providerKey, itoa(now)+" "+string(o[""])) // if this fails, the next page reads them again
	return p.remember(d), nil
}

// remember makes d the known metadata and returns them.
func (p *provider) remember(d *metadata) *metadata {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.metadata = d
	return d
}

// requestToken posts a form to the token endpoint, once. If the keys are not known it reads them at the same time, because a
// code is good for at most a minute.
func (p *provider) requestToken(d *metadata, form ...string) (*reply, *fault) {
	read := make(chan struct{})
	if p.keys.known() {
		close(read)
	} else {
		go func() {
			defer close(read)
			p.keys.read(d.keys) // if this fails, verifyIDToken tries again
		}()
	}
	began := p.now()
	form = append(form, "client_id", p.registered().clientID)
	status, header, body := p.requests.post(d.token, encodeQuery(form...), fetchTimeout)
	wait(read, fetchTimeout)
	return parseReply(status, header, parseObject(body), began)
}

// verifyIDToken checks an ID token that came with an access token, and returns its claims or what is wrong with it. old holds
// the claims of the ID token before, nil if there is none.
func (p *provider) verifyIDToken(d *metadata, token, access, nonce string, old object) (object, *fault) {
	header, claims, signature := split(token)
	alg := header.text("alg")
	key, f := p.keys.find(d.keys, header.text("kid"), alg)
	if f != nil {
		return nil, f
	}
	problem := ""
	if claims == nil || header["crit"] != nil || d.algs != nil && !contains(d.algs, alg) ||
		!p.verify.signature(alg, key, []byte(token[:strings.LastIndexByte(token, '.')]), signature) {
		problem = "is not well signed"
	} else {
		problem = wrongClaim(claims, p.registered(), halfHash(alg, access), nonce, old)
	}
	if problem != "" {
		return nil, wrongFault("The ID token " + problem + ".")
	}
	return claims, nil
}

// revoke revokes a refresh token. It reports whether the provider answered. The request goes on when the page is left.
func (p *provider) revoke(d *metadata, refresh string) bool {
	return p.requests.postKeepalive(d.revoke, encodeQuery("token", refresh, "token_type_hint", "refresh_token",
		"client_id", p.registered().clientID), signOutTimeout)
}
