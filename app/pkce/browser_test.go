package pkce_test

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"math/big"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"mayfly/app/pkce"
)

// TestMain runs the tests on one thread, as a browser runs the client. With two threads the race detector crashes if two
// goroutines of one bubble at the same time start timers that are due already (Go 1.26.8, runtime/time.go, unlockAndRun).
func TestMain(m *testing.M) {
	runtime.GOMAXPROCS(1)
	goleak.VerifyTestMain(m)
}

// A device is one browser, with the state that its tabs share.
type device struct {
	t     *testing.T
	p     *provider
	local *storage
	vault *vault

	noLocks bool          // as in an old browser
	ahead   time.Duration // by how much its clock is ahead

	mu    sync.Mutex // guards what follows
	held  *page      // the page that holds the lock, nil if none does
	queue []waiter
	pages []*page
}

func newDevice(t *testing.T) *device {
	return &device{t: t, p: newProvider(t), local: newStorage(), vault: &vault{}}
}

// A waiter is a page that waits for the lock.
type waiter struct {
	page *page
	turn chan struct{}
}

// A tab has a storage that survives reloads.
type tab struct {
	d    *device
	own  *storage
	mode pkce.Mode

	address   string // where the tab's next page loads
	revisited bool   // the browser loads that page again by itself
}

func (d *device) tab() *tab { return &tab{d: d, own: newStorage(), address: origin + "/"} }

// A page is one life of a tab, from load to unload.
type page struct {
	*pkce.SignIn
	tab    *tab
	cancel context.CancelFunc
	ended  chan struct{}
	ahead  func(time.Duration) // sets the wall clock

	mu       sync.Mutex // guards what follows
	receive  func(string)
	states   []pkce.State
	left     []string // the addresses for which the page was left
	replaced []string
	deaf     bool
	unlock   func()
}

// load opens a page in the tab. The page runs until it is closed, or until the test ends.
func (tb *tab) load() *page {
	d := tb.d
	ctx, cancel := context.WithCancel(d.t.Context())
	pg := &page{tab: tb, cancel: cancel, ended: make(chan struct{})}
	fetch := func(url, form string, timeout time.Duration) (int, func(string) string, []byte, error) {
		ctx, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		return d.p.fetch(ctx, url, form)
	}
	pg.SignIn = pkce.New(pkce.Config{Mode: tb.mode, Browser: pkce.Browser{
		Origin: origin, Address: tb.address, Revisited: tb.revisited, Fetch: fetch, FetchKeepalive: fetch,
		Local: d.local, Tab: tb.own, Vault: d.vault,
		Lock: func(_ string, timeout time.Duration) (func(), error) {
			ctx, cancel := context.WithTimeout(ctx, timeout)
			defer cancel()
			return d.lock(ctx, pg)
		},
		Join:   func(receive func(string)) (func(string), func()) { return d.join(pg, receive) },
		Verify: verify,
		Assign: func(url string) {
			pg.mu.Lock()
			defer pg.mu.Unlock()
			pg.left = append(pg.left, url)
		},
		Replace: func(path string) {
			pg.mu.Lock()
			defer pg.mu.Unlock()
			pg.replaced = append(pg.replaced, path)
		},
	}})
	pg.ahead = pkce.Skew(pg.SignIn)
	pg.ahead(d.ahead)
	pg.Subscribe(func(s pkce.State) {
		pg.mu.Lock()
		defer pg.mu.Unlock()
		pg.states = append(pg.states, s)
	})
	d.t.Cleanup(pg.close)
	pg.SignedOut()
	go func() {
		defer close(pg.ended)
		if err := pg.Run(ctx); err != nil {
			d.t.Errorf("Run = %v", err)
		}
	}()
	return pg
}

// close ends the page as closing a tab does: its lock is released, and the answers that it waits for are lost.
func (pg *page) close() {
	pg.cancel()
	<-pg.ended
	pg.mu.Lock()
	unlock := pg.unlock
	pg.mu.Unlock()
	if unlock != nil {
		unlock()
	}
}

// leave returns the address for which the page was left last, and closes the page.
func (pg *page) leave() string {
	pg.tab.d.t.Helper()
	pg.mu.Lock()
	defer pg.mu.Unlock()
	if len(pg.left) == 0 {
		pg.tab.d.t.Fatalf("the page did not leave: %+v", pg.states[len(pg.states)-1])
	}
	to := pg.left[len(pg.left)-1]
	pg.mu.Unlock()
	pg.close()
	pg.mu.Lock()
	return to
}

// state returns the page's state once every goroutine is blocked.
func (pg *page) state() pkce.State {
	synctest.Wait()
	pg.mu.Lock()
	defer pg.mu.Unlock()
	return pg.states[len(pg.states)-1]
}

// want returns the state of the page, whose status must be status. A page that renews its access token is still signed in,
// but has the status Renewing. The moment of a renewal is random, so if status is SignedIn, want lets a renewal end.
func (pg *page) want(status pkce.Status) pkce.State {
	pg.tab.d.t.Helper()
	s := pg.state()
	for n := 0; n < 60 && status == pkce.SignedIn && s.Status == pkce.Renewing; n++ {
		wait(time.Second)
		s = pg.state()
	}
	if s.Status != status {
		pg.tab.d.t.Fatalf("state = %+v, want status %v", s, status)
	}
	return s
}

// token returns the page's access token, which must be good now.
func (pg *page) token() string {
	pg.tab.d.t.Helper()
	c, err := pg.Token(pg.tab.d.t.Context(), "")
	if err != nil || c.Token == "" || c.ID == "" && issued(c.Token) == nil || len(c.SignInID) != 43 {
		pg.tab.d.t.Fatalf("Token = %+v, %v", c, err)
	}
	return c.Token
}

// shares reports whether both pages have the same access token. While one of them renews the token, the other still has the
// old one, which is valid, too. So shares looks again a second later.
func (pg *page) shares(other *page) bool {
	pg.tab.d.t.Helper()
	if pg.token() == other.token() {
		return true
	}
	wait(time.Second)
	return pg.token() == other.token()
}

// signIn signs user in and returns the page to which the provider sent the user back.
func (tb *tab) signIn(user string) *page {
	tb.d.t.Helper()
	pg := tb.load()
	pg.begin("/r/tea?x=1")
	back := tb.d.p.authorize(pg.leave(), user)
	pg = tb.load()
	if to := pg.Callback(back); to != "/r/tea?x=1" {
		tb.d.t.Errorf("Callback = %q, state %+v", to, pg.state())
	}
	return pg
}

// back loads a page at the address to which the provider sent the user back, and calls Callback.
func (tb *tab) back(address string) (pg *page, to string) {
	pg = tb.load()
	return pg, pg.Callback(address)
}

// wait lets virtual time pass.
func wait(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// lock is a Web Lock: first come, first served. A page that is closed releases it.
func (d *device) lock(ctx context.Context, pg *page) (func(), error) {
	if d.noLocks {
		return func() {}, nil
	}
	unlock := sync.OnceFunc(d.release)
	w := waiter{pg, make(chan struct{})}
	d.mu.Lock()
	if d.held == nil {
		d.held = pg
		close(w.turn)
	} else {
		d.queue = append(d.queue, w)
	}
	d.mu.Unlock()
	select {
	case <-w.turn:
	case <-ctx.Done():
		d.mu.Lock()
		i := slices.Index(d.queue, w)
		if i >= 0 {
			d.queue = slices.Delete(d.queue, i, i+1)
		}
		d.mu.Unlock()
		if i < 0 { // the lock was granted at the same time
			unlock()
		}
		return nil, ctx.Err()
	}
	pg.mu.Lock()
	pg.unlock = unlock
	pg.mu.Unlock()
	return unlock, nil
}

func (d *device) release() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.held = nil
	if len(d.queue) > 0 {
		d.held = d.queue[0].page
		close(d.queue[0].turn)
		d.queue = d.queue[1:]
	}
}

// holder returns the page that holds the lock.
func (d *device) holder() *page {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.held
}

// join is a BroadcastChannel: a message of one page reaches all others a little later.
func (d *device) join(pg *page, receive func(string)) (send func(string), leave func()) {
	pg.mu.Lock()
	pg.receive = receive
	pg.mu.Unlock()
	d.mu.Lock()
	d.pages = append(d.pages, pg)
	d.mu.Unlock()
	send = func(message string) {
		d.mu.Lock()
		others := slices.DeleteFunc(slices.Clone(d.pages), func(other *page) bool { return other == pg })
		d.mu.Unlock()
		time.AfterFunc(3*time.Millisecond, func() {
			for _, other := range others {
				other.mu.Lock()
				receive, deaf := other.receive, other.deaf
				other.mu.Unlock()
				if !deaf {
					receive(message)
				}
			}
		})
	}
	return send, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.pages = slices.DeleteFunc(slices.Clone(d.pages), func(other *page) bool { return other == pg })
	}
}

// A storage is a storage of the browser. It may be blocked or full.
type storage struct {
	mu      sync.Mutex // guards what follows
	values  map[string]string
	blocked bool
	full    bool
	written []string // every value ever written
}

func newStorage() *storage { return &storage{values: map[string]string{}} }

var errStorage = errors.New("SecurityError")

func (s *storage) Load(key string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.blocked {
		return "", errStorage
	}
	return s.values[key], nil
}

func (s *storage) Save(key, value string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.blocked || s.full {
		return errStorage
	}
	s.values[key] = value
	s.written = append(s.written, value)
	return nil
}

func (s *storage) Delete(key string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.blocked {
		return errStorage
	}
	delete(s.values, key)
	return nil
}

func (s *storage) Keys() ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.blocked {
		return nil, errStorage
	}
	return slices.Sorted(maps.Keys(s.values)), nil
}

// copy returns a copy of the storage, as a duplicated tab gets.
func (s *storage) copy() *storage {
	s.mu.Lock()
	defer s.mu.Unlock()
	return &storage{values: maps.Clone(s.values)}
}

// A vault seals with a real key, which Forget destroys.
type vault struct {
	mu   sync.Mutex // guards what follows
	key  []byte
	down bool
}

func (v *vault) aead(create bool) (cipher.AEAD, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.down {
		return nil, errors.New("IndexedDB is not there")
	}
	if v.key == nil {
		if !create {
			return nil, nil
		}
		v.key = make([]byte, 16)
		rand.Read(v.key)
	}
	block, err := aes.NewCipher(v.key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

func (v *vault) Seal(plain string) (string, error) {
	time.Sleep(time.Millisecond)
	aead, err := v.aead(true)
	if err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(aead.Seal(nil, nil, []byte(plain), nil)), nil
}

func (v *vault) Open(sealed string) (string, bool, error) {
	time.Sleep(time.Millisecond)
	aead, err := v.aead(false)
	if err != nil || aead == nil {
		return "", false, err
	}
	b, err := base64.StdEncoding.DecodeString(sealed)
	if err != nil {
		return "", false, nil
	}
	plain, err := aead.Open(nil, nil, b, nil)
	return string(plain), err == nil, nil
}

func (v *vault) Forget() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.key = nil
}

// verify checks a signature as WebCrypto does, but only for ES256.
func verify(alg string, raw, signed, signature []byte) bool {
	var k struct{ X, Y string }
	if json.Unmarshal(raw, &k) != nil {
		return false
	}
	bytes := func(s string) []byte {
		b, _ := base64.RawURLEncoding.DecodeString(s)
		return b
	}
	hash := sha256.Sum256(signed)
	if alg == "ES256" {
		public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), slices.Concat([]byte{4}, bytes(k.X), bytes(k.Y)))
		r, s := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
		return err == nil && len(signature) == 64 && ecdsa.Verify(public, hash[:], r, s)
	}
	return false
}

// begin begins a sign-in once the page is ready.
func (pg *page) begin(returnTo string) {
	wait(time.Second)
	pg.Begin(returnTo)
}

// written returns every value ever written to the storages of the device and of tabs.
func (d *device) written(tabs ...*tab) string {
	var b strings.Builder
	for _, s := range append([]*storage{d.local}, owns(tabs)...) {
		s.mu.Lock()
		b.WriteString(strings.Join(s.written, "\n"))
		s.mu.Unlock()
	}
	return b.String()
}

func owns(tabs []*tab) (list []*storage) {
	for _, tb := range tabs {
		list = append(list, tb.own)
	}
	return list
}

// contents returns the current contents of the storage.
func (s *storage) contents() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var b strings.Builder
	for _, key := range slices.Sorted(maps.Keys(s.values)) {
		b.WriteString(key + "=" + s.values[key] + "\n")
	}
	return b.String()
}
