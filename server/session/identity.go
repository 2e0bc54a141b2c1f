package session

import (
	"sync"
	"time"

	"mayfly/server/auth"
	"mayfly/server/hub"
	"mayfly/shared/wire"
)

// identity is the user who is signed in on a connection.
type identity struct {
	session *Session    // static
	client  *hub.Client // static

	mu       sync.Mutex // guards what follows
	user     wire.User
	expires  time.Time // when the token expires, by the hub's clock
	expiring bool      // the server has sent the frame expiring for the present token
}

// newIdentity returns an identity for the user of id. It sets the deadline of the connection to AuthGrace after the
// token's expiry.
func newIdentity(s *Session, client *hub.Client, id auth.Identity) *identity {
	s.conn.ExpireAt(id.Expires.Add(wire.AuthGrace))
	return &identity{session: s, client: client, user: wire.User{ID: id.ID, Name: id.Name}, expires: id.Expires}
}

// sameUser reports whether id is an identity of the same user.
func (i *identity) sameUser(id auth.Identity) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return id.ID == i.user.ID
}

// renew moves the deadline of the connection to AuthGrace after the expiry of the token of id. If the present token
// expires later, the deadline stays. In both cases renew sends the frame authed.
func (i *identity) renew(id auth.Identity) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if id.Expires.After(i.expires) {
		i.expires, i.expiring = id.Expires, false
		i.session.conn.ExpireAt(id.Expires.Add(wire.AuthGrace))
	}
	i.tellLocked()
}

// onChange runs when the user has got a new name, or must leave. For a new name it sends the frame authed. If the user
// must leave, it ends the connection.
func (i *identity) onChange(change auth.Change) {
	if change.Refused != nil {
		i.session.logRefusal(change.Refused, "")
		i.session.conn.End(byeFor(change.Refused))
		return
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if change.Name == i.user.Name {
		return
	}
	i.user.Name = change.Name
	i.client.ShowAs(change.Name)
	i.tellLocked()
}

// tellLocked sends the client the frame authed, with the user and the expiry of the sign-in.
func (i *identity) tellLocked() {
	i.session.conn.SendFrame(wire.Authed{User: i.user, AuthExpires: i.expires.UnixMilli(), Now: i.session.shared.nowMS()})
}

// left returns how long the present token is still good at now, a time of the hub's clock. It may be negative.
func (i *identity) left(now time.Time) time.Duration {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.expires.Sub(now)
}

// tick sends the frame expiring once when the token expires soon, and ends the connection when the connection's deadline
// has passed.
func (i *identity) tick(now time.Time) {
	if i.session.conn.Expired(now.UnixMilli()) {
		i.session.conn.End(ErrExpired)
		return
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	left := i.expires.Sub(now)
	if i.expiring || left > wire.ExpiringBefore {
		return
	}
	i.expiring = true
	i.session.conn.SendFrame(wire.Expiring{InMS: max(left, 0).Milliseconds()})
}
