package pkce

import (
	"strings"
	"time"
)

// CallbackPath is the path to which the provider sends users back. The redirect URI is the page's origin and this path.
const CallbackPath = "/login/callback"

// Mode says where the refresh token and the ID token are stored.
type Mode int

// The modes.
const (
	Device Mode = iota // sealed, in the storage that all tabs share: the sign-in survives a restart of the browser
	Tab                // in the tab's own storage: the sign-in survives reloads
	Memory             // nowhere: the sign-in ends with the page
)

// Config holds what New needs. The provider and the client id are not in it: SignIn reads them from the server's
// /config.json and stores the last answer for starts without a network.
type Config struct {
	Mode    Mode
	Browser Browser
}

// Browser holds the functions of the page that signing in needs. Any goroutine may call them.
type Browser struct {
	Origin  string // the page's origin: scheme, host and port
	Address string // the page's whole address when it was loaded

	// Revisited is true if the page was loaded by a reload, or because the user went back or forward in the history.
	Revisited bool

	Fetch          Fetch
	FetchKeepalive Fetch // like Fetch, but its requests continue when the user leaves the page

	Local Storage // the storage that all tabs share
	Tab   Storage // the tab's own storage
	Vault Vault   // seals the record that goes into Local

	// Lock takes the lock called name as soon as no other tab holds it. If another tab holds the lock for longer than
	// timeout, Lock returns an error. In a browser without Web Locks, Lock returns at once and locks nothing.
	Lock func(name string, timeout time.Duration) (unlock func(), err error)

	// Join joins the channel through which the tabs of this origin exchange messages. It calls receive with each message of
	// another tab. send sends a message to the other tabs, and must not call receive. leave leaves the channel.
	Join func(receive func(message string)) (send func(message string), leave func())

	// Verify checks with the public key jwk whether signature is a valid signature of the bytes in signed. alg is the
	// algorithm's name in JOSE. alg is never RS256, because wellSigned checks RS256 in Go.
	Verify func(alg string, jwk, signed, signature []byte) bool

	Assign  func(url string)  // makes the browser leave the page and load url
	Replace func(path string) // changes the page's address and history entry without leaving the page
}

// path returns the path of Address.
func (b *Browser) path() string {
	path, _, _ := strings.Cut(strings.TrimPrefix(b.Address, b.Origin), "?")
	path, _, _ = strings.Cut(path, "#")
	return path
}

// Fetch gets url, or posts form to it if form is not empty. It sends cookies only to the page's own origin, bypasses the
// browser's cache, follows no redirect and takes no longer than timeout. It returns err if it could not read an answer.
type Fetch func(url, form string, timeout time.Duration) (
	status int, header func(name string) string, body []byte, err error)

// Storage stores strings by key. Each call may fail: the browser may deny storage, or the storage may be full.
type Storage interface {
	Load(key string) (value string, err error) // "" if nothing is stored under key
	Save(key, value string) error
	Delete(key string) error
	Keys() ([]string, error)
}

// Vault seals text: it encrypts the text with a key that no program can read. The first Seal makes the key.
type Vault interface {
	Seal(text string) (sealed string, err error)
	// Open returns the text that was sealed. ok is false if the text can never be opened, because it is damaged or the
	// key is gone. err means that the vault cannot be used now.
	Open(sealed string) (text string, ok bool, err error)
	Forget() // destroys the key
}

// discard is a storage that stores nothing, for Mode Memory.
type discard struct{}

func (discard) Load(string) (string, error) { return "", nil }
func (discard) Save(string, string) error   { return nil }
func (discard) Delete(string) error         { return nil }
func (discard) Keys() ([]string, error)     { return nil, nil }
