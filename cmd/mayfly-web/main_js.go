package main

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app"
	"mayfly/app/browser"
	"mayfly/app/client"
	"mayfly/app/client/transport"
	"mayfly/app/pkce"
	"mayfly/app/words"
	"mayfly/shared/wire"
)

const (
	product = "mayfly-web/" + wire.Version // the client's name and version in hello

	// pollSlots is how many long polls of all tabs together may wait at once. Over HTTP/1.1 a browser opens at most six
	// connections to a server, and the pages need some of them for other requests.
	pollSlots = 3
)

func main() {
	browser.ReplaceDenied()
	browser.KeepReadable()
	secret, stored := guest()
	notice := ""
	if !stored {
		notice = words.Of(words.NotStored)
	}
	in := newSignIn()
	in.SignedOut()
	s := client.New(client.Config{
		Dial: dial, Polls: transport.DialPolls(poll, pollSlot), Protocol: protocol, Guest: secret, KeepGuest: keepGuest,
		Name: app.StoredName(browser.TabStorage(), browser.DeviceStorage()), KeepName: keepName,
		Client: product, Tokens: account{in}, Device: browser.NewDevice(),
	})
	in.Subscribe(func(now pkce.State) {
		if now.SignInID != "" || now.Status != pkce.Unknown && now.Status != pkce.Restoring {
			s.Identify(client.Identity{SignInID: now.SignInID, Version: now.Version, Ended: now.Status == pkce.Ended})
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
		browser.Replace(pkce.CallbackPath) // removes the OAuth code from the address before other code can read it
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
		s.Run(context.Background()) // starts after Callback, so that a user who signs in is not a guest for a moment
	}()
	app.Register(s, in, notice)
	goapp.RunWhenOnBrowser()
}

// isCallback reports whether address is the address to which the sign-in provider sends users back.
func isCallback(address string) bool {
	rest, ok := strings.CutPrefix(address, browser.Origin()+pkce.CallbackPath)
	return ok && (rest == "" || rest[0] == '?' || rest[0] == '#')
}

func newSignIn() *pkce.SignIn {
	return pkce.New(pkce.Config{Browser: pkce.Browser{
		Origin: browser.Origin(), Address: browser.Address(), Revisited: browser.Revisited(),
		Fetch: browser.Fetch, FetchKeepalive: browser.FetchKeepalive,
		Local: browser.DeviceStorage(),
		Tab:   browser.TabStorage(),
		Vault: browser.Vault{},
		Lock:  browser.Lock,
		Join: func(receive func(string)) (func(string), func()) {
			return browser.Join(browser.SignInChannel, receive)
		},
		Verify:  browser.VerifySignature,
		Assign:  browser.Assign,
		Replace: browser.Replace,
	}})
}

// account adapts pkce.SignIn to client.TokenSource. If nobody is signed in, pkce.SignIn returns ErrSignedOut, but a
// client.TokenSource returns no token and no error.
type account struct{ *pkce.SignIn }

// Token returns empty credentials if nobody is signed in.
func (a account) Token(ctx context.Context, refusedToken string) (client.Credentials, error) {
	c, err := a.SignIn.Token(ctx, refusedToken)
	if err == pkce.ErrSignedOut {
		err = nil
	}
	return client.Credentials{Token: c.Token, ID: c.ID, SignInID: c.SignInID}, err
}

func dial(ctx context.Context) (transport.Conn, error) {
	socket, err := browser.Dial(ctx, browser.SocketURL("/ws"), wire.Subprotocol)
	if err != nil {
		return nil, err // nil and not socket: a Conn that holds a nil *Socket is not nil
	}
	return socket, nil
}

func poll(ctx context.Context, frames []byte) (status int, header func(name string) string, answer []byte, err error) {
	return browser.Post(ctx, browser.Origin()+"/poll", wire.PollType, frames)
}

// pollSlot waits for one of the pollSlots slots that all tabs share. A slot is the permission for one long poll. Call done
// when the poll has ended.
func pollSlot(ctx context.Context) (done func(), ok bool) {
	return browser.Slot(ctx, browser.PollLock, pollSlots)
}

// protocol asks the server which protocol it speaks now. It returns "" if the server does not answer. It blocks.
func protocol() string {
	_, _, body, err := browser.Fetch("/config.json", "", 10*time.Second)
	var config struct{ Protocol string }
	if err != nil || json.Unmarshal(body, &config) != nil {
		return ""
	}
	return config.Protocol
}

// guest returns the guest's secret that this tab has stored, "" if there is none. stored is false if the browser denies
// storage or the storage is full. Then the client makes a secret that lives only as long as the page.
func guest() (secret string, stored bool) {
	tab := browser.TabStorage()
	secret, err := tab.Load(browser.GuestKey)
	if err != nil || !wire.ValidSecret(secret) {
		secret = ""
	}
	return secret, tab.Save(browser.GuestKey, secret) == nil
}

// keepGuest stores the guest's secret. It ignores an error, because guest has already found out whether the tab can store.
func keepGuest(secret string) { _ = browser.TabStorage().Save(browser.GuestKey, secret) }

// keepName stores the name that the server has given the guest, "" for the pseudonym. It ignores an error: where the tab
// stores nothing, its guest lives only as long as the page.
func keepName(name string) { _ = browser.TabStorage().Save(browser.NameKey, name) }
