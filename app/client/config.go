package client

import (
	"crypto/rand"
	"encoding/base64"

	"mayfly/app/client/outbox"
	"mayfly/app/client/transport"
)

// Config is what a Client needs to begin.
type Config struct {
	Dial transport.Dial // opens a connection by WebSocket
	// opens a connection by polls, where networks block WebSockets (transport.DialPolls); nil: the client never polls
	Polls transport.Dial
	// the guest's secret (NewGuest), which proves who the guest is; "": the client chooses a secret, see KeepGuest
	Guest  string
	Client string        // name/version of the program, for the server's logs; may be empty
	Room   string        // the room to join at once; "": none before Enter
	Tokens TokenSource   // gives the user's credentials; nil: nobody can sign in
	Device outbox.Device // stores what the user has written and not sent; nil: nothing is stored

	// KeepGuest stores the guest's secret that the client has chosen because Guest was empty. That is the secret of a
	// guest whose entries the client adopted from a closed tab, or else a new secret. KeepGuest must not block. It may be
	// nil.
	KeepGuest func(secret string)

	// Name is the name that the guest would like, "" for the pseudonym. If KeepName is not nil, it runs when the server
	// has given the guest another name: it stores that name, to be the Name of the next Config. KeepName must not block.
	Name     string
	KeepName func(name string)

	// Protocol asks the server which protocol it speaks, and returns "" if there is no answer. It may block for some
	// seconds. nil: the client never asks.
	Protocol func() string
}

// NewGuest returns a new secret for Config.Guest: 128 random bits as 22 base64url characters.
func NewGuest() string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}
