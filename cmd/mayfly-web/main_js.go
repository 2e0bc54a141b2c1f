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

	// pollSlots is how many long polls may wait at once in all tabs of the browser together. Over HTTP/1.1 a browser opens
	// at most six connections to a server, and each long poll needs one. The tabs need the rest for other requests.
	pollSlots = 3
)

// main calls NextTask before and after it puts the client together, so that the browser handles key presses there. The user
// may already write in the shell, which this program would otherwise block until it has drawn its own page.
func main() {
	browser.NextTask()
	browser.ReplaceDenied()
	browser.KeepReadable()
	app.Brand()
	app.Speak(app.Language())
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
	browser.NextTask()
	app.Register(s, in, notice, app.ReadShell())
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

// account makes pkce.SignIn a client.TokenSource. If nobody is signed in, pkce.SignIn returns ErrSignedOut, but a
// client.TokenSource must return empty credentials and no error.
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
		return nil, err // don't return socket, a nil *Socket: a Conn that contains a nil pointer is not equal to nil
	}
	return socket, nil
}

func poll(ctx context.Context, frames []byte) (status int, header func(name string) string, answer []byte, err error) {
	return browser.Post(ctx, browser.Origin()+"/poll", wire.PollType, frames)
}

// pollSlot waits for one of the slots for long polls. A slot is the permission for one long poll; all tabs of the browser
// share pollSlots of them. Call done when the poll has ended. ok is false if pollSlot got no slot before ctx was done.
func pollSlot(ctx context.Context) (done func(), ok bool) {
	return browser.Slot(ctx, browser.PollLock, pollSlots)
}

// protocol asks the server which version of the protocol it speaks now. It returns "" if no valid answer comes within 10 s.
// It blocks.
func protocol() string {
	_, _, body, err := browser.Fetch("/config.json", "", 10*time.Second)
	var config struct{ Protocol string }
	if err != nil || json.Unmarshal(body, &config) != nil {
		return ""
	}
	return config.Protocol
}

// guest returns the secret that makes the user the same guest again after a reload. It returns "" if this tab has stored no
// valid secret: then the client makes a new secret. stored is false if the browser denies storage or the storage is full:
// then a new secret lives only as long as the page.
func guest() (secret string, stored bool) {
	tab := browser.TabStorage()
	secret, err := tab.Load(browser.GuestKey)
	if err != nil || !wire.ValidSecret(secret) {
		secret = ""
	}
	return secret, tab.Save(browser.GuestKey, secret) == nil
}

// keepGuest stores the guest's secret. It ignores an error: the function guest has already returned whether this tab can
// store the secret.
func keepGuest(secret string) { _ = browser.TabStorage().Save(browser.GuestKey, secret) }

// keepName stores the guest's name after the server has accepted the name. name is "" if the guest has only a pseudonym.
// keepName ignores an error: in a tab that stores nothing, a reload makes the user another guest anyway.
func keepName(name string) { _ = browser.TabStorage().Save(browser.NameKey, name) }
