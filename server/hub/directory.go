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
	// graceAfter is how long a user counts as present after the user's last connection has ended or left the room. The
	// name of a guest is kept for as long.
	graceAfter = 15 * time.Second
	// nameTries is how many numbers are tried behind a name that somebody else has.
	nameTries = 16
)

// directory knows the users who are connected to any node, and under which names. Guests choose their names; the
// directory sees to it that no chosen name looks like the name of another user. It decides only about guests who are on
// this node: each node decides about its own, by the same rules.
type directory struct {
	clock   *Clock        // static
	changed chan struct{} // static; capacity 1; a value says that the other nodes must be told something

	mu      sync.Mutex // guards what follows; Member.Send is called with it held
	entries map[string]*entry
	names   map[string][]*entry  // by spelling.Key of the name
	leaving map[string]time.Time // users of this node without a connection, and until when they count
	untold  map[string]bool      // users of this node about whom the other nodes must be told something
}

// entry is what the directory knows about one user.
type entry struct {
	namedUser
	pseudonym string    // a guest's name without a choice; "" if the user is on other nodes only
	key       string    // the spelling.Key of the name
	clients   []*Client // the user's connections to this node
	rooms     []stay    // the rooms that have the user on this node
	nodes     []string  // other nodes that have the user
}

// stay is the time of a user in one room.
type stay struct {
	Room  string `json:"room"`
	Since int64  `json:"since"` // Unix milliseconds
}

func newDirectory(clock *Clock) *directory {
	return &directory{clock: clock, changed: make(chan struct{}, 1), entries: map[string]*entry{},
		names: map[string][]*entry{}, leaving: map[string]time.Time{}, untold: map[string]bool{}}
}

// chosen reports whether e is a guest on this node under a name that the guest chose.
func (e *entry) chosen() bool { return e.Anonymous && e.pseudonym != "" && e.Name != e.pseudonym }

// admit adds the connection c of user. For a guest, name is the name that the guest would like, and user.Name the
// pseudonym. admit calls welcome with the user as others see them, before it sends any other frame to c. It returns the
// ids of the users whose names have changed.
func (d *directory) admit(c *Client, user wire.User, name string, welcome func(wire.User)) (renamed []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	e := d.entryLocked(user)
	known := d.hereLocked(e)
	if user.Anonymous {
		e.pseudonym = user.Name
		user.Name = d.chooseLocked(e, name)
	}
	renamed = d.renameLocked(e, user.Name, nil)
	e.clients = append(e.clients, c)
	delete(d.leaving, user.ID)
	if !known { // a client that polls connects anew each time
		d.tellNodesLocked(user.ID)
	}
	c.user.Store(&user)
	welcome(user)
	return renamed
}

// dismiss removes a connection. If it was the user's last one to this node, the user counts until that time.
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

// seen records that another node has the user, under the name in u. If that is the user's latest name, a guest has it on
// this node too. It returns the ids of the users whose names have changed.
func (d *directory) seen(node string, u namedUser) (renamed []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	e := d.entryLocked(u.User)
	if !slices.Contains(e.nodes, node) {
		e.nodes = append(e.nodes, node)
	}
	// The sign-in of each node finds the name of a user who is signed in here.
	if e.key == "" || e.olderThan(u) && (u.Anonymous || !d.hereLocked(e)) {
		return d.changeLocked(e, u, nil)
	}
	return nil
}

// lost records that another node does not have the user any more.
func (d *directory) lost(node, id string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if e := d.entries[id]; e != nil {
		e.nodes = slices.DeleteFunc(e.nodes, func(n string) bool { return n == node })
		d.removeIfGoneLocked(e)
	}
}

// find returns the user with that id, and the rooms that have the user on this node. It returns zero values if the
// directory does not know the user.
func (d *directory) find(id string) (u namedUser, rooms []stay) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if e := d.entries[id]; e != nil {
		return e.namedUser, slices.Clone(e.rooms)
	}
	return namedUser{}, nil
}

// tidy removes the users whose time is over at now.
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

// rename gives the user of c another name: for a guest, what is left of name. It sends authed to c, and to the user's
// other connections if the name has changed. It returns the ids of the users whose names have changed.
func (d *directory) rename(c *Client, name string) (renamed []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	e := d.entries[c.userID]
	if e == nil {
		return nil
	}
	renamed = d.renameLocked(e, d.chooseLocked(e, name), c)
	d.tell(c)
	return renamed
}

// showAs gives a user who is signed in another name. It returns the ids of the users whose names have changed.
func (d *directory) showAs(id, name string) (renamed []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if e := d.entries[id]; e != nil {
		return d.renameLocked(e, name, nil)
	}
	return nil
}

// entryLocked returns the entry of user. If there is none, it adds one, which has no name yet.
func (d *directory) entryLocked(user wire.User) *entry {
	e := d.entries[user.ID]
	if e == nil {
		e = &entry{namedUser: namedUser{User: user}}
		d.entries[user.ID] = e
	}
	return e
}

// hereLocked reports whether the user of e is on this node.
func (d *directory) hereLocked(e *entry) bool {
	_, leaving := d.leaving[e.ID]
	return leaving || len(e.clients) > 0 || len(e.rooms) > 0
}

// removeIfGoneLocked removes e if its user is on no node. If the user is on other nodes only, those decide about the name.
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

// chooseLocked returns the name that the guest of e gets who would like to be called name. If somebody else has a name
// that looks like it, a number stands behind it.
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

// numberBehind returns the number that stands behind a name at that try: 2 to 9, then parts of the guest's own number
// with a digit more each time, so that a name that very many guests want is found soon.
func numberBehind(own uint64, try int) string {
	if try < 8 {
		return strconv.Itoa(try + 2)
	}
	return "1" + strconv.FormatUint(own|1<<63, 10)[:try-7]
}

// takenLocked reports whether somebody else than the user with that id has a name that looks like name.
func (d *directory) takenLocked(id, name string) bool {
	return slices.ContainsFunc(d.names[spelling.Key(name)], func(e *entry) bool { return e.ID != id })
}

// renameLocked shows e under another name from now on, and sends authed to a guest's connections, but not to the connection
// that the caller answers. Then it settles the conflicts that the name makes. It returns the ids of the users whose names
// have changed.
func (d *directory) renameLocked(e *entry, name string, answered *Client) (renamed []string) {
	if e.key != "" && e.Name == name {
		return nil
	}
	user := e.User
	user.Name = name
	return d.changeLocked(e, namedUser{user, max(d.clock.Now().UnixMilli(), e.named+1)}, answered)
}

// changeLocked replaces the name in e by the name in u; see renameLocked.
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

// settleLocked takes the name with that key from every guest of this node who chose it and may not have it: because
// somebody has it who is signed in, who keeps it alone, or because another guest has had it for longer.
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
			renamed = append(renamed, d.renameLocked(e, d.chooseLocked(e, e.Name), nil)...)
		default:
			renamed = append(renamed, d.renameLocked(e, e.pseudonym, nil)...)
		}
	}
	return renamed
}

// tell sends authed to c.
func (d *directory) tell(c *Client) {
	c.member.Send(NewFrame(wire.Authed{User: *c.user.Load(), Now: d.clock.Now().UnixMilli()}))
}

// tellNodesLocked makes Hub.Run tell the other nodes about the user.
func (d *directory) tellNodesLocked(id string) {
	d.untold[id] = true
	select {
	case d.changed <- struct{}{}:
	default:
	}
}

// news returns what the other nodes must be told about users of this node since the last call.
func (d *directory) news() []sighting {
	d.mu.Lock()
	defer d.mu.Unlock()
	var all []sighting
	for id := range d.untold {
		all = append(all, d.sightingLocked(id))
	}
	clear(d.untold)
	return all
}

// everybody returns all users of this node.
func (d *directory) everybody() []sighting {
	d.mu.Lock()
	defer d.mu.Unlock()
	var all []sighting
	for id, e := range d.entries {
		if d.hereLocked(e) {
			all = append(all, d.sightingLocked(id))
		}
	}
	return all
}

// sightingLocked returns what the other nodes must know about the user.
func (d *directory) sightingLocked(id string) sighting {
	e := d.entries[id]
	if e == nil || !d.hereLocked(e) {
		return sighting{User: wire.User{ID: id}, Gone: true}
	}
	return sighting{User: e.User, Named: e.named, Rooms: slices.Clone(e.rooms)}
}

// count returns how many users are on this node.
func (d *directory) count() (n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, e := range d.entries {
		if d.hereLocked(e) {
			n++
		}
	}
	return n
}
