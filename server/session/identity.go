package session

import (
	"sync"
	"time"

	"mayfly/server/auth"
	"mayfly/server/conn"
	"mayfly/server/hub"
	"mayfly/shared/wire"
)

// identity is the user who is signed in on a connection.
type identity struct {
	shared *Shared     // static
	conn   *conn.Conn  // static
	client *hub.Client // static

	mu       sync.Mutex // guards what follows
	user     wire.User
	expires  time.Time // when the token expires, by the hub's clock
	expiring bool      // the client was told that the present token expires soon (frame wire.Expiring)
}

// newIdentity returns an identity for the user of id. It also sets the deadline of the connection: wire.AuthGrace after the
// token's expiry.
func newIdentity(shared *Shared, c *conn.Conn, client *hub.Client, id auth.Identity) *identity {
	c.ExpireAt(id.Expires.Add(wire.AuthGrace))
	return &identity{shared: shared, conn: c, client: client, user: userOf(id), expires: id.Expires}
}

// sameUser reports whether id and i are the same user.
func (i *identity) sameUser(id auth.Identity) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return id.ID == i.user.ID
}

// userOf returns the user of id as others see the user.
func userOf(id auth.Identity) wire.User {
	u := wire.User{ID: id.ID, Name: id.Name}
	if id.Moderator {
		u.Role = wire.RoleModerator
	}
	return u
}

// renew runs when the client has shown a new token. id has the user and the expiry of the new token. The new token also
// says whether the user is a moderator. If the new token expires later than the present token, the connection may live
// until wire.AuthGrace after the new expiry. Otherwise the connection's deadline does not change. In both cases renew
// answers with a wire.Authed frame.
func (i *identity) renew(id auth.Identity) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if id.Expires.After(i.expires) {
		i.expires, i.expiring = id.Expires, false
		i.conn.ExpireAt(id.Expires.Add(wire.AuthGrace))
	}
	if role := userOf(id).Role; role != i.user.Role {
		i.user.Role = role
		i.client.ShowAs(i.user.Name, role)
	}
	i.tellLocked()
}

// onChange runs when the user has got a new name (change.Name), or must leave the server (change.Refused). It passes a
// new name to the hub, and sends it to the client in a wire.Authed frame. If the user must leave, onChange ends the
// connection.
func (i *identity) onChange(change auth.Change) {
	if change.Refused != nil {
		i.shared.logRefusal(i.conn, change.Refused, "")
		i.conn.End(byeFor(change.Refused))
		return
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if change.Name == i.user.Name {
		return
	}
	i.user.Name = change.Name
	i.client.ShowAs(change.Name, i.user.Role)
	i.tellLocked()
}

// tellLocked sends the client a wire.Authed frame, which has the user and the expiry of the token.
func (i *identity) tellLocked() {
	i.conn.SendFrame(wire.Authed{User: i.user, AuthExpires: i.expires.UnixMilli(), Now: i.shared.nowMS()})
}

// left returns how long the present token is still valid at the time now of the hub's clock. The result is negative if the
// token has expired.
func (i *identity) left(now time.Time) time.Duration {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.expires.Sub(now)
}

// tick sends a wire.Expiring frame when the token expires soon, once for each token. When the connection's deadline has
// passed, it ends the connection. It returns after which time there is something to do again, unless the client renews its
// token before.
func (i *identity) tick(now time.Time) time.Duration {
	if i.conn.Expired(now.UnixMilli()) {
		i.conn.End(ErrExpired)
		return conn.Never
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	left := i.expires.Sub(now)
	if left > wire.ExpiringBefore {
		return left - wire.ExpiringBefore
	}
	if !i.expiring {
		i.expiring = true
		i.conn.SendFrame(wire.Expiring{InMS: max(left, 0).Milliseconds()})
	}
	return left + wire.AuthGrace
}
