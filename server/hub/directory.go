package hub

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strconv"
	"sync"
	"time"

	"mayfly/server/names/spelling"
	"mayfly/shared/wire"
)

const (
	// graceAfter is how long a user still counts as present after the user's last connection has ended or left the room.
	// During this time, no other user can take the name of a guest.
	graceAfter = 15 * time.Second
	// nameTries is how many numbers chooseLocked tries at most. If another user has the name that a guest wants,
	// chooseLocked appends a number to the name.
	nameTries = 16
)

// directory knows the users who are connected to any node, and their names. Guests choose their names, and no chosen name
// may look like the name of another user. Each node makes sure of that for its own guests only, and all nodes use the
// same rules.
type directory struct {
	clock   *Clock        // static
	changed chan struct{} // static; capacity 1; a value says that untold is not empty

	mu        sync.Mutex           // guards what follows; Member.Send is called with mu held
	entries   map[string]*entry    // by user id
	names     map[string][]*entry  // by spelling.Key of the name: the users whose names look the same
	leaving   map[string]time.Time // by user id: until when a user of this node without a connection counts as present
	untold    map[string]bool      // by user id: users with changes that the other nodes were not told yet
	addresses addresses
}

// entry is what the directory knows about one user.
type entry struct {
	namedUser
	pseudonym string    // a guest's name until the guest chooses one; "": signed in, or on other nodes only
	key       string    // the spelling.Key of the name
	clients   []*Client // the user's connections to this node
	rooms     []stay    // the rooms that the user is in on this node
	nodes     []string  // ids of the other nodes that the user is on

	elsewhere map[string][]string // by the id of another node: the addresses of a guest's connections to that node
}

// stay says that a user is in a room, and since when.
type stay struct {
	Room  string `json:"room"`
	Since int64  `json:"since"` // Unix milliseconds
}

func newDirectory(clock *Clock) *directory {
	d := &directory{clock: clock, changed: make(chan struct{}, 1), entries: map[string]*entry{},
		names: map[string][]*entry{}, leaving: map[string]time.Time{}, untold: map[string]bool{}}
	d.addresses.directory = d
	return d
}

// chosen reports whether e is a guest on this node whose present name is a chosen name, not the pseudonym.
func (e *entry) chosen() bool { return e.Anonymous && e.pseudonym != "" && e.Name != e.pseudonym }

// admit adds the connection c of user. If user is a guest, user.Name is the pseudonym, and name is the name that the
// guest would like. admit decides under which name other users see the user, and calls welcome with the user under that
// name. No frame is sent to c before welcome is called, so welcome can send the first one. admit returns the ids of the
// users whose names have changed.
func (d *directory) admit(c *Client, user wire.User, name string, welcome func(wire.User)) (renamed []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	e := d.entryLocked(user)
	known := d.hereLocked(e) && (c.from == "" || slices.Contains(d.addresses.ofLocked(user.ID), c.from))
	if user.Anonymous {
		e.pseudonym = user.Name
		user.Name = d.chooseLocked(e, name)
	}
	renamed = d.renameLocked(e, user.Name, user.Role, nil)
	e.clients = append(e.clients, c)
	delete(d.leaving, user.ID)
	if !known { // else the other nodes know the user already: a client that polls is admitted again for each poll
		d.tellNodesLocked(user.ID)
	}
	c.user.Store(&user)
	welcome(user)
	return renamed
}

// dismiss removes the connection c. If the user has no other connection to this node, the user still counts as present,
// but only until the time in the parameter until.
func (d *directory) dismiss(c *Client, until time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	e := d.entries[c.userID]
	if e == nil {
		return
	}
	i := slices.Index(e.clients, c)
	if i < 0 {
		return
	}
	d.addresses.noteLocked(c.userID, c.from, time.Now())
	if e.clients = slices.Delete(e.clients, i, i+1); len(e.clients) == 0 {
		d.leaving[c.userID] = until
	}
}

// enter records that the user is in a room on this node.
func (d *directory) enter(id, room string, since int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if e := d.entries[id]; e != nil {
		e.rooms = append(e.rooms, stay{room, since})
		d.tellNodesLocked(id)
	}
}

// leave records that the user is not in that room on this node any more.
func (d *directory) leave(id, room string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if e := d.entries[id]; e != nil {
		e.rooms = slices.DeleteFunc(e.rooms, func(s stay) bool { return s.Room == room })
		d.removeIfGoneLocked(e)
		d.tellNodesLocked(id)
	}
}

// seen records that the user u is on another node. If the name in u is newer than the name that this node knows, this
// node takes over the newer name, except for a user who is signed in on this node. seen returns the ids of the users
// whose names have changed on this node. addresses are those of a guest's connections to the other node.
func (d *directory) seen(node string, u namedUser, addresses []string) (renamed []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	e := d.entryLocked(u.User)
	if len(addresses) > 0 {
		if e.elsewhere == nil {
			e.elsewhere = map[string][]string{}
		}
		e.elsewhere[node] = addresses
	}
	if !slices.Contains(e.nodes, node) {
		e.nodes = append(e.nodes, node)
	}
	// If a user is signed in on this node, this node has found the user's name itself, and keeps that name.
	if e.key == "" || e.olderThan(u) && (u.Anonymous || !d.hereLocked(e)) {
		return d.changeLocked(e, u, nil)
	}
	return nil
}

// lost records that the user is not on that other node any more.
func (d *directory) lost(node, id string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if e := d.entries[id]; e != nil {
		e.nodes = slices.DeleteFunc(e.nodes, func(n string) bool { return n == node })
		for _, address := range e.elsewhere[node] {
			d.addresses.noteLocked(id, address, time.Now())
		}
		delete(e.elsewhere, node)
		d.removeIfGoneLocked(e)
	}
}

// find returns the user with that id, and the rooms that the user is in on this node. It returns zero values if the
// directory does not know the user.
func (d *directory) find(id string) (u namedUser, rooms []stay) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if e := d.entries[id]; e != nil {
		return e.namedUser, slices.Clone(e.rooms)
	}
	return namedUser{}, nil
}

// tidy removes from d.leaving the users whose time has passed at now, the present time. These users do not count as
// present on this node any more, and the other nodes are told so.
func (d *directory) tidy(now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for id, until := range d.leaving {
		if !until.After(now) {
			delete(d.leaving, id)
			d.removeIfGoneLocked(d.entries[id])
			d.tellNodesLocked(id)
		}
	}
}

// rename gives the guest of c the name that chooseLocked makes from name. It always sends the frame authed to c, as the
// answer. It sends authed to the guest's other connections only if the name has changed. It returns the ids of the users
// whose names have changed.
func (d *directory) rename(c *Client, name string) (renamed []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	e := d.entries[c.userID]
	if e == nil {
		return nil
	}
	renamed = d.renameLocked(e, d.chooseLocked(e, name), "", c)
	d.tell(c)
	return renamed
}

// showAs gives another name and role to a user who is signed in. It returns the ids of the users whose names, or roles, have
// changed.
func (d *directory) showAs(id, name, role string) (renamed []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if e := d.entries[id]; e != nil {
		return d.renameLocked(e, name, role, nil)
	}
	return nil
}

// entryLocked returns the entry of user. If the user has no entry, it adds an entry with an empty key; changeLocked must
// then add that entry to d.names.
func (d *directory) entryLocked(user wire.User) *entry {
	e := d.entries[user.ID]
	if e == nil {
		e = &entry{namedUser: namedUser{User: user}}
		d.entries[user.ID] = e
	}
	return e
}

// hereLocked reports whether the user of e counts as present on this node: with a connection, or for some time after the
// last connection has ended.
func (d *directory) hereLocked(e *entry) bool {
	_, leaving := d.leaving[e.ID]
	return leaving || len(e.clients) > 0 || len(e.rooms) > 0
}

// removeIfGoneLocked removes e if its user is on no node. If the user is on other nodes only, it keeps e but sets
// e.pseudonym to "". Then e.chosen() is false, so this node no longer changes the user's name: the other nodes do.
func (d *directory) removeIfGoneLocked(e *entry) {
	if d.hereLocked(e) {
		return
	}
	if e.pseudonym = ""; len(e.nodes) > 0 {
		return
	}
	d.dropNameLocked(e)
	delete(d.entries, e.ID)
}

// dropNameLocked frees the name of e for other users.
func (d *directory) dropNameLocked(e *entry) {
	holders := slices.DeleteFunc(d.names[e.key], func(o *entry) bool { return o == e })
	if d.names[e.key] = holders; len(holders) == 0 {
		delete(d.names, e.key)
	}
}

// chooseLocked returns the name that the guest of e gets after asking for name. If another user has a name that looks
// like the wanted name, chooseLocked appends a number. If name has no visible character, it returns the pseudonym.
func (d *directory) chooseLocked(e *entry, name string) string {
	name = spelling.Clean(name, wire.MaxName)
	if name == "" || name == e.pseudonym {
		return e.pseudonym
	}
	chosen := name
	sum := sha256.Sum256([]byte("mayfly guest name 1\x00" + e.ID))
	for try := range nameTries {
		if !d.takenLocked(e.ID, chosen) {
			break
		}
		chosen = spelling.WithSuffix(name, " "+numberBehind(binary.BigEndian.Uint64(sum[:]), try), wire.MaxName)
	}
	return chosen
}

// numberBehind returns the number that chooseLocked appends to a name. own is a hash of the guest's id, and try is 0
// for the first attempt. Attempts 0 to 7 return 2 to 9. A later attempt returns the digit 1 and behind it the first
// digits of own with its highest bit set: attempt 8 one digit, attempt 9 two digits, and so on. So a free name is found
// soon, even if very many guests want the same name.
func numberBehind(own uint64, try int) string {
	if try < 8 {
		return strconv.Itoa(try + 2)
	}
	return "1" + strconv.FormatUint(own|1<<63, 10)[:try-7]
}

// takenLocked reports whether a user with another id has a name that looks like name.
func (d *directory) takenLocked(id, name string) bool {
	return slices.ContainsFunc(d.names[spelling.Key(name)], func(e *entry) bool { return e.ID != id })
}

// renameLocked gives the user of e another name and role. If the user is a guest, it sends the frame authed to the guest's
// connections, except to the connection answered, to which the caller sends authed itself. answered is nil if there is no
// such connection. If the new name looks like the name of another user, settleLocked decides who keeps it. renameLocked
// returns the ids of the users whose names have changed.
func (d *directory) renameLocked(e *entry, name, role string, answered *Client) (renamed []string) {
	if e.key != "" && e.Name == name && e.Role == role {
		return nil
	}
	user := e.User
	user.Name, user.Role = name, role
	return d.changeLocked(e, namedUser{user, max(d.clock.Now().UnixMilli(), e.named+1)}, answered)
}

// changeLocked replaces the user of e by u: the name, the role, the guest mark, and when the user got the name. It sends the
// frame authed to a guest's connections, except to the connection answered, to which the caller itself sends authed.
// answered is nil if there is no such connection. changeLocked returns the id of the user, and the ids of the other users
// whose names have changed because of that.
func (d *directory) changeLocked(e *entry, u namedUser, answered *Client) (renamed []string) {
	d.dropNameLocked(e)
	e.namedUser, e.key = u, spelling.Key(u.Name)
	d.names[e.key] = append(d.names[e.key], e)
	if d.hereLocked(e) {
		d.tellNodesLocked(e.ID)
	}
	for _, c := range e.clients {
		c.user.Store(&u.User)
		if c != answered && u.Anonymous {
			d.tell(c)
		}
	}
	return append(d.settleLocked(e.key), e.ID)
}

// settleLocked runs when several users may have names with the same spelling.Key, so that the names look the same. If one
// of these users is signed in, the guests of this node who chose such a name get their pseudonyms back. If all of them
// are guests, the guest who has had the name longest keeps it. Other guests of this node who chose it get a number behind
// the name.
func (d *directory) settleLocked(key string) (renamed []string) {
	holders := slices.Clone(d.names[key])
	if len(holders) < 2 {
		return nil
	}
	owner := slices.MinFunc(holders, func(a, b *entry) int {
		if a.Anonymous != b.Anonymous {
			if a.Anonymous {
				return 1
			}
			return -1
		}
		return cmp.Or(cmp.Compare(a.named, b.named), cmp.Compare(a.ID, b.ID))
	})
	for _, e := range holders {
		switch {
		case e == owner || !e.chosen():
		case owner.Anonymous:
			renamed = append(renamed, d.renameLocked(e, d.chooseLocked(e, e.Name), "", nil)...)
		default:
			renamed = append(renamed, d.renameLocked(e, e.pseudonym, "", nil)...)
		}
	}
	return renamed
}

// tell sends the frame authed to c, with the present name of c's user.
func (d *directory) tell(c *Client) {
	c.member.Send(NewFrame(wire.Authed{User: *c.user.Load(), Now: d.clock.Now().UnixMilli()}))
}
