package main

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app"
	"mayfly/app/browser"
	"mayfly/app/pkce"
	"mayfly/app/session"
	"mayfly/shared/wire"
)

const (
	client   = "mayfly-web/0.1.0" // what hello says
	guestKey = "mayfly-guest"     // where the tab keeps who an anonymous person is
	waiting  = 3                  // polls that may wait at once, of all tabs: over HTTP/1.1 a browser opens six connections, and pages need some
)

func main() {
	browser.ReplaceDenied()
	guest, keeps := guest()
	notice := ""
	if !keeps {
		notice = "This browser does not let Mayfly store anything: after a reload you are someone else here."
	}
	in := newSignIn()
	s := session.New(session.Config{
		Dial: dial, Polls: session.DialPolls(poll, turn), Speaks: speaks, Guest: guest, KeepGuest: keepGuest, Client: client,
		SignIn: account{in}, Device: browser.NewDevice(),
	})
	in.Subscribe(func(now pkce.State) {
		if now.SignInID != "" || now.Status != pkce.Unknown && now.Status != pkce.Restoring {
			s.Identify(session.Identity{Session: now.SignInID, Version: now.Version, Ended: now.Status == pkce.Ended})
		}
	})
	browser.Watch(browser.Events{
		Network: func(up bool) {
			s.Network(up)
			if up {
				in.Wake()
			}
		},
		Shown: func() {
			s.Wake()
			in.Wake()
		},
	})
	address := browser.Address()
	callback := isCallback(address)
	if callback {
		browser.Replace(pkce.CallbackPath) // before anything else can see the code in it
	}
	go func() {
		defer app.Guard()
		in.Run(context.Background())
	}()
	go func() {
		defer app.Guard()
		if callback {
			browser.Visit(in.Callback(address))
		}
		s.Run(context.Background()) // not before: nobody is to be a guest for a moment
	}()
	app.Register(s, in, notice)
	goapp.RunWhenOnBrowser()
}

// isCallback reports whether the provider sent one back to address.
func isCallback(address string) bool {
	rest, ok := strings.CutPrefix(address, browser.Origin()+pkce.CallbackPath)
	return ok && (rest == "" || rest[0] == '?' || rest[0] == '#')
}

func newSignIn() *pkce.SignIn {
	return pkce.New(pkce.Config{Browser: pkce.Browser{
		Origin: browser.Origin(),
		Fetch:  browser.Fetch,
		Local:  browser.DeviceStorage(),
		Tab:    browser.TabStorage(),
		Vault:  browser.Vault{},
		Lock:   browser.Lock,
		Join: func(receive func(string)) (func(string), func()) {
			return browser.Join("mayfly", receive)
		},
		Verify:  browser.VerifySignature,
		Assign:  browser.Assign,
		Submit:  browser.Submit,
		Replace: browser.Replace,
	}})
}

// account is the sign-in as the session wants it.
type account struct{ *pkce.SignIn }

func (a account) Token(ctx context.Context, refused string) (session.Credentials, error) {
	c, err := a.SignIn.Token(ctx, refused)
	if err == pkce.ErrSignedOut {
		err = nil
	}
	return session.Credentials{Token: c.Token, ID: c.ID, Session: c.SignInID}, err
}

func dial(ctx context.Context) (session.Conn, error) {
	socket, err := browser.Dial(ctx, browser.SocketURL("/ws"), wire.Subprotocol)
	if err != nil {
		return nil, err // and no *Socket that is nil inside an interface that isn't
	}
	return socket, nil
}

func poll(ctx context.Context, frames []byte) (status int, header func(name string) string, answer []byte, err error) {
	return browser.Post(ctx, browser.Origin()+"/poll", wire.PollType, frames)
}

func turn(ctx context.Context) (done func(), ok bool) {
	return browser.Slot(ctx, "mayfly-poll-", waiting)
}

// speaks returns which protocol the server speaks now, "" if it does not say.
func speaks() string {
	_, _, body, err := browser.Fetch("/config.json", "", false, 10*time.Second)
	var config struct{ Protocol string }
	if err != nil || json.Unmarshal(body, &config) != nil {
		return ""
	}
	return config.Protocol
}

// guest returns the tab's secret, "" if it has none yet. keeps is false where storage is denied or full: then the one that it gets
// lives as long as the page.
func guest() (secret string, keeps bool) {
	tab := browser.TabStorage()
	secret, err := tab.Load(guestKey)
	if err != nil || !wire.ValidSecret(secret) {
		secret = ""
	}
	return secret, tab.Save(guestKey, secret) == nil
}

func keepGuest(secret string) { _ = browser.TabStorage().Save(guestKey, secret) } // or guest has seen that it can't
