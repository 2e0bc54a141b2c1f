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
	// opens a connection by polls (transport.DialPolls), for networks that block WebSockets; nil: the client never polls
	Polls transport.Dial
	// the guest's secret (NewGuest), which proves who the guest is; "": the client chooses a secret, see KeepGuest
	Guest  string
	Client string        // name/version of the program, for the server's logs; may be empty
	Room   string        // the room to join at once; "": the client joins no room until Client.Enter is called
	Tokens TokenSource   // gives the user's credentials; nil: nobody can sign in
	Device outbox.Device // stores what the user has written and not sent; nil: nothing is stored

	// KeepGuest runs if Guest is empty, once the client has chosen a guest's secret. If the client has adopted a guest's
	// entries from a closed tab, it chooses that guest's secret; otherwise it makes a new secret. KeepGuest must store the
	// secret, so that the next Config can have it as Guest. KeepGuest must not block. It may be nil.
	KeepGuest func(secret string)

	// Name is the name that the guest would like, "" for the pseudonym. KeepName runs with the new name when the server has
	// given the guest another name, and with "" if the guest has asked for the pseudonym. KeepName must store that name, so
	// that the next Config can have it as Name. KeepName must not block. It may be nil.
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
