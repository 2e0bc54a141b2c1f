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
	// nameTries is how many numbers chooseLocked tries at most, if it must append a number to a name that another user
	// has.
	nameTries = 16
)

// directory knows the users who are connected to any node, and their names. Guests choose their names; the directory
// makes sure that no chosen name looks like the name of another user. It decides only about the guests of this node:
// each node decides about its own guests, by the same rules.
type directory struct {
	clock   *Clock        // static
	changed chan struct{} // static; capacity 1; a value says that untold is not empty

	mu      sync.Mutex // guards what follows; Member.Send is called with it held
	entries map[string]*entry
	names   map[string][]*entry  // by spelling.Key of the name
	leaving map[string]time.Time // by id: users of this node without a connection, and until when they count as present
	untold  map[string]bool      // by id: users whose latest changes the other nodes were not told yet
}

// entry is what the directory knows about one user.
type entry struct {
	namedUser
	pseudonym string    // what a guest is called without a chosen name; "" if the user is signed in, or on other nodes only
	key       string    // the spelling.Key of the name
	clients   []*Client // the user's connections to this node
	rooms     []stay    // the rooms that the user is in on this node
	nodes     []string  // ids of the other nodes that the user is on
}

// stay says that a user is in a room, and since when.
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
// pseudonym. admit calls welcome with the user under the name that others will see, before any other frame is sent to
// c. It returns the ids of the users whose names have changed.
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
	if !known { // else the nodes need no news: a client that polls connects again for each poll
		d.tellNodesLocked(user.ID)
	}
	c.user.Store(&user)
	welcome(user)
	return renamed
}

// dismiss removes the connection c. If it was the user's last connection to this node, the user counts as present
// until the time until.
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

// seen records that the user of u is on another node. If the name in u is newer than the name that this node has, this
// node uses it, too, unless the user is signed in on this node. It returns the ids of the users whose names have
// changed.
func (d *directory) seen(node string, u namedUser) (renamed []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	e := d.entryLocked(u.User)
	if !slices.Contains(e.nodes, node) {
		e.nodes = append(e.nodes, node)
	}
	// A user who is signed in on this node keeps the name that this node's sign-in has found.
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

// tidy stops counting users as present on this node if they have left and their time in d.leaving has passed at now.
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

// rename gives the guest of c the name that chooseLocked makes of name. It always sends authed to c, and sends it to
// the guest's other connections if the name has changed. It returns the ids of the users whose names have changed.
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

// entryLocked returns the entry of user. If there is none, it adds one, whose name is not in d.names yet.
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

// removeIfGoneLocked removes e if its user is on no node. If the user is on other nodes only, it keeps e but clears
// the pseudonym: those nodes decide about the name.
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
// like it, chooseLocked appends a number. If name has no visible character, it returns the pseudonym.
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

// numberBehind returns the number that is appended to a name at that try, from 0. The first tries give 2 to 9. The
// later tries give 1 and the first digits of own, one digit more each time. So a free name is found soon, even if very
// many guests want the same name.
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

// renameLocked gives the user of e another name. It sends authed to a guest's connections, except to answered, because
// the caller sends authed to answered itself. Then settleLocked resolves conflicts about the name. It returns the ids
// of the users whose names have changed.
func (d *directory) renameLocked(e *entry, name string, answered *Client) (renamed []string) {
	if e.key != "" && e.Name == name {
		return nil
	}
	user := e.User
	user.Name = name
	return d.changeLocked(e, namedUser{user, max(d.clock.Now().UnixMilli(), e.named+1)}, answered)
}

// changeLocked does the same as renameLocked, but u says both the new name and when the user got it.
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

// settleLocked runs when several users may have the name with that key. If one of them is signed in, the guests of
// this node who chose it get their pseudonyms back. Otherwise the guest who has had it longest keeps it, and the
// others who chose it on this node get a number after it.
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

// tell sends authed to c, with the present name of its user.
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

// news returns the users of this node about whom something has changed since the last call of news.
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
