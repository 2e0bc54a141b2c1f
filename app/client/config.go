package client

import (
	"crypto/rand"
	"encoding/base64"

	"mayfly/app/client/outbox"
	"mayfly/app/client/transport"
)

// Config is what a Client needs to begin.
type Config struct {
	Dial   transport.Dial // by WebSocket
	Polls  transport.Dial // where networks block WebSockets, see transport.DialPolls; nil: there is no other way
	Guest  string         // the guest's secret, see NewGuest: it is the proof of being that guest. "": see KeepGuest
	Client string         // name/version, for the server's logs; may be empty
	Room   string         // joined at once; "": none before Enter
	Tokens TokenSource    // nil: nobody can sign in
	Device outbox.Device  // stores what the user has written and not sent; nil: nothing does

	// KeepGuest, if not nil, stores the guest secret that the client chose because Guest was empty: one adopted from a
	// closed tab, or a new one. It must not block.
	KeepGuest func(secret string)

	// Protocol asks which protocol the server speaks, and returns "" if there is no answer. It may block for some seconds.
	// nil: it is always ours.
	Protocol func() string
}

// NewGuest returns a new secret for Config.Guest: 128 random bits as 22 base64url characters.
func NewGuest() string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}
