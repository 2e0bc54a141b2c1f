package room

import (
	"maps"
	"slices"
	"time"

	"mayfly/shared/wire"
)

// typingTime is how long a user counts as typing after the last sign of typing (docs/protocol.md).
const typingTime = 6 * time.Second

// maxNames is how many names of users a room remembers. When a room remembers so many names and has to add another, it first
// forgets the names of all users who are not in the room.
const maxNames = 1000

// Company is who is in a room, and who types there. Its lists are never changed in place (copy on write).
type Company struct {
	People int // how many distinct users are in the room
	// the users in the room: first this client's user, then the others in the order in which they came. At most
	// wire.MaxPeople, even if there are more; nil before the server has said who is in the room
	Users  []wire.User
	Typing []Typist // the other users who type, in the order in which they began

	user     string               // the id of this client's user, "" before the first welcome
	outdated bool                 // Users may be wrong, or is still nil: the client must ask the server
	known    map[string]wire.User // users with their latest known names, by id; copy on write
}

// A Typist is another user who is typing.
type Typist struct {
	User  wire.User
	until time.Time // when the user no longer counts as typing, by the server's clock
}

// Known returns the user with that id, with the latest name that this room knows. It returns the zero User if this room does
// not know the id.
func (c *Company) Known(id string) wire.User { return c.known[id] }

// Same reports whether the page would draw c exactly as it draws o.
func (c *Company) Same(o *Company) bool {
	return c.People == o.People && len(c.Users) == len(o.Users) && (len(c.Users) == 0 || &c.Users[0] == &o.Users[0]) &&
		slices.EqualFunc(c.Typing, o.Typing, func(a, b Typist) bool { return a.User == b.User })
}

// Outdated reports whether Users may be wrong. If so, the client must ask the server.
func (c *Company) Outdated() bool { return c.outdated }

// Doubt makes Outdated true until the server has said who is in the room.
func (c *Company) Doubt() { c.outdated = true }

// joined applies f, a snapshot of the room. rejoined is true if the room was joined on this connection before f came. Then
// Users is still right, unless f shows that the number of people has changed.
func (c *Company) joined(f wire.Joined, rejoined bool) {
	c.outdated = c.outdated || !rejoined || c.People != int(f.People)
	c.People = int(f.People)
	c.learnAuthors(f.Messages)
}

// presence applies f, which says which users came and went. If Users is not known yet, it stays nil.
func (c *Company) presence(f wire.Presence) {
	changed := int(f.People) != c.People
	c.People = int(f.People)
	c.learn(f.Came)
	for _, id := range f.Went {
		if id != c.user {
			c.endTyping(id)
		}
	}
	if c.Users == nil {
		return
	}
	// f names no users if nobody came or went, or if so many did that f leaves them out. If the number of people has
	// changed, f has left them out, and Users is wrong.
	if len(f.Came)+len(f.Went) == 0 {
		c.outdated = c.outdated || changed
		return
	}
	users := slices.DeleteFunc(slices.Clone(c.Users), func(u wire.User) bool {
		return u.ID != c.user && slices.Contains(f.Went, u.ID)
	})
	for _, u := range f.Came {
		if i := slices.IndexFunc(users, func(o wire.User) bool { return o.ID == u.ID }); i >= 0 {
			users[i] = u
		} else if len(users) < wire.MaxPeople {
			users = append(users, u)
		}
	}
	c.Users = users
	c.outdated = c.outdated || c.People <= wire.MaxPeople && len(users) != c.People
}

// people applies f, the server's list of the users in the room. If the list is complete, users who are not in it no longer
// count as typing.
func (c *Company) people(f wire.People) {
	c.People, c.Users, c.outdated = int(f.Total), f.Users, false
	c.learn(f.Users)
	if len(f.Users) == c.People {
		c.keepTyping(func(t Typist) bool {
			return slices.ContainsFunc(f.Users, func(u wire.User) bool { return u.ID == t.User.ID })
		})
	}
}

// rename stores the new name of this client's user. u is that user with the new name, as the server has sent it.
func (c *Company) rename(u wire.User) {
	c.learn([]wire.User{u})
	if i := slices.IndexFunc(c.Users, func(o wire.User) bool { return o.ID == u.ID }); i >= 0 && c.Users[i] != u {
		c.Users = slices.Clone(c.Users)
		c.Users[i] = u
	}
}

// typing applies f: another user types, or has stopped.
func (c *Company) typing(f wire.Typing, now time.Time) {
	if f.User == nil || f.User.ID == c.user {
		return
	}
	if f.On != nil && !*f.On {
		c.endTyping(f.User.ID)
		return
	}
	c.learn([]wire.User{*f.User})
	typist := Typist{*f.User, now.Add(typingTime)}
	list := slices.Clone(c.Typing)
	if i := slices.IndexFunc(list, func(t Typist) bool { return t.User.ID == f.User.ID }); i >= 0 {
		list[i] = typist
	} else {
		list = append(list, typist)
	}
	c.Typing = list
}

// endTyping removes the user with that id from c.Typing, because the user no longer types.
func (c *Company) endTyping(id string) {
	c.keepTyping(func(t Typist) bool { return t.User.ID != id })
}

// keepTyping removes from c.Typing the users for which kept returns false.
func (c *Company) keepTyping(kept func(t Typist) bool) {
	over := func(t Typist) bool { return !kept(t) }
	if slices.ContainsFunc(c.Typing, over) {
		c.Typing = slices.DeleteFunc(slices.Clone(c.Typing), over)
	}
}

// learn remembers the names of users.
func (c *Company) learn(users []wire.User) {
	fresh := false
	for i := range users {
		u := &users[i]
		if known, ok := c.known[u.ID]; ok && known == *u {
			continue
		}
		if !fresh {
			c.copyKnown()
			fresh = true
		}
		c.known[u.ID] = *u
	}
}

// learnAuthors remembers the names of authors that are not known yet. A known name stays, because it may be newer than
// the message.
func (c *Company) learnAuthors(messages []wire.Message) {
	var authors []wire.User
	for i := range messages {
		if u := &messages[i].User; c.known[u.ID].Name == "" {
			authors = append(authors, *u)
		}
	}
	c.learn(authors)
}

// copyKnown replaces c.known by a copy, so that users can be added (copy on write). If c.known has maxNames users already,
// the copy contains only the users who are in the room.
func (c *Company) copyKnown() {
	old := c.known
	c.known = make(map[string]wire.User, len(old)+1)
	if len(old) < maxNames {
		maps.Copy(c.known, old)
		return
	}
	for i := range c.Users {
		c.known[c.Users[i].ID] = c.Users[i]
	}
}
