package signin_test

import (
	"context"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"mayfly/cmd/mayfly/e2e/rig"
	"mayfly/shared/wire"
)

// A spy reads the secrets of a sign-in in the places where they belong: the bodies of requests, the frames that clients
// send, and the address to which the provider sends the user back. It collects the content of all other places, and then
// searches them for the secrets.
type spy struct {
	mu      sync.Mutex // guards what follows
	secrets map[string][]string
	places  []place
	hello   wire.Hello    // the last hello of a user who signed in, with the newest token since
	changed chan struct{} // static; capacity 1

	oneToken bool // static; clients send their ID token in place of the access token, and no other
}

// place is something that must not hold a secret.
type place struct {
	name, text string
	spent      bool // it may contain the code and the verifier of a finished sign-in, which are of no use
}

// The kinds of secrets. The test fails if the spy has seen no secret of one kind.
const (
	accessToken  = "access token"
	refreshToken = "refresh token"
	idToken      = "ID token"
	code         = "code"
	verifier     = "verifier"
)

// fields maps the fields of the forms that a browser posts to the kind of secret in them.
var fields = map[string]string{"code": code, "code_verifier": verifier, "refresh_token": refreshToken, "token": refreshToken, "id_token_hint": idToken}

func newSpy() *spy {
	return &spy{secrets: map[string][]string{}, changed: make(chan struct{}, 1)}
}

// tab opens url in a new tab with the function open, and lets the spy read everything from the first request on.
func (s *spy) tab(t *testing.T, open func(url string) *rig.Tab, url string) *rig.Tab {
	t.Helper()
	tab := open("")
	if err := chromedp.Listen(tab.Ctx, s.hear); err != nil {
		t.Fatal(err)
	}
	tab.Do(chromedp.Navigate(url))
	return tab
}

func (s *spy) hear(e any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.tell()
	switch e := e.(type) {
	case *network.EventRequestWillBeSent:
		s.request(e.Request)
	case *network.EventWebSocketCreated:
		s.put("the URL of a socket", e.URL)
	case *network.EventWebSocketFrameSent:
		for b := range wire.Split(e.Response.PayloadData) {
			s.sent(b)
		}
	case *network.EventWebSocketFrameReceived:
		s.put("a frame from the server", string(e.Response.PayloadData))
	case *runtime.EventConsoleAPICalled:
		for _, arg := range e.Args {
			s.put("the console", arg.Description+string(arg.Value))
		}
	}
}

func (s *spy) tell() {
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

func (s *spy) request(r *network.Request) {
	s.put("a header of "+r.Method+" "+r.URL, fmt.Sprint(r.Headers))
	at, err := url.Parse(r.URL)
	if err == nil && at.Path == "/login/callback" {
		s.learn(code, at.Query().Get("code")) // this is the only address with the code, until the page runs
	} else {
		s.put("a URL", r.URL+r.URLFragment)
	}
	for _, part := range r.PostDataEntries {
		form, _ := url.ParseQuery(string(part.Bytes)) // a body that is not a form has no fields
		for field, kind := range fields {
			s.learn(kind, form.Get(field))
		}
	}
}

func (s *spy) sent(b []byte) {
	frame, _ := wire.Decode(b) // other tests check the frames of the client
	switch f := frame.(type) {
	case wire.Hello:
		if f.Token != nil {
			s.learn(accessToken, *f.Token)
			s.learn(idToken, f.IDToken)
			s.hello = f
		}
	case wire.Auth:
		s.learn(accessToken, f.Token)
		s.learn(idToken, f.IDToken)
		s.hello.Token = &f.Token
	}
}

func (s *spy) learn(kind, secret string) {
	if secret != "" && !slices.Contains(s.secrets[kind], secret) {
		s.secrets[kind] = append(s.secrets[kind], secret)
	}
}

func (s *spy) put(name, text string) { s.places = append(s.places, place{name: name, text: text}) }

// look collects everything that the tab and its origin store, and the tab's history.
func (s *spy) look(t *testing.T, tab *rig.Tab) {
	t.Helper()
	for name, text := range tab.Kept() {
		s.note(name, text)
	}
	ctx, cancel := context.WithTimeout(tab.Ctx, rig.Timeout)
	defer cancel()
	history, err := chromedp.Run(ctx, func(ctx context.Context, _ *chromedp.Target) (page.GetNavigationHistoryResult, error) {
		return chromedp.Call(ctx, page.GetNavigationHistory, cdp.Empty{})
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range history.Entries {
		s.note("the history", entry.URL+" "+entry.UserTypedURL)
	}
}

// read collects all files that a browser has stored in dir. A browser records the address of every page that was visited,
// so the code is in such a file, but it must be in no cache. Deleted records of the storage may be on disk for a while.
func (s *spy) read(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.places = append(s.places, place{"the file " + strings.TrimPrefix(path, dir), string(b), !strings.Contains(path, "Cache")})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (s *spy) note(name, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.put(name, text)
}

func (s *spy) count(kind string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.secrets[kind])
}

func (s *spy) lastHello() wire.Hello {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hello
}

// until waits until ok returns true. ok looks at what the spy has collected.
func (s *spy) until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for timeout := time.After(rig.Timeout); ; {
		s.mu.Lock()
		is := ok()
		s.mu.Unlock()
		if is {
			return
		}
		select {
		case <-s.changed:
		case <-timeout:
			t.Fatalf("never %s", what)
		}
	}
}

// search fails the test if a secret is in a place where it must not be. It also fails if the spy has seen too few secrets of
// a kind, because then the search shows nothing.
func (s *spy) search(t *testing.T) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	wanted := map[string]int{accessToken: 2, refreshToken: 2, idToken: 1, code: 1, verifier: 1}
	if s.oneToken {
		wanted[idToken] = 0
		if n := len(s.secrets[idToken]); n > 0 {
			t.Errorf("%d ID tokens were sent beside another token, or to the provider", n)
		}
	}
	for kind, least := range wanted {
		if n := len(s.secrets[kind]); n < least {
			t.Errorf("only %d times a new %s was seen, want at least %d", n, kind, least)
		}
	}
	for kind, secrets := range s.secrets {
		for _, secret := range secrets {
			for _, at := range s.places {
				text := at.text
				if kind == idToken { // it may be in the address of a sign-out, where it names the user, and nowhere else
					text = strings.ReplaceAll(text, "id_token_hint="+secret, "")
				}
				if strings.Contains(text, secret) && !(at.spent && (kind == code || kind == verifier)) {
					t.Errorf("%s holds the %s", at.name, kind)
				}
			}
		}
	}
}
