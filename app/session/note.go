package session

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"mayfly/shared/wire"
)

// What is kept stands under a key for each letter, and for each draft.
const (
	letterKey = "letter/" // the letter's id follows
	draftKey  = "draft/"  // any id
)

// Whose a letter is: a guest's, who is known by the secret, or that of a sign-in.
const (
	ownedByGuest  = "guest/"
	ownedBySignIn = "session/"
)

const (
	draftLife = time.Hour      // how long a draft is kept
	longAgo   = 48 * time.Hour // older than any message that lives
)

// A note is what is kept of a letter or, without an id, of a draft. Instants are Unix milliseconds of the device.
type note struct {
	tab        string // which has it
	room, text string
	written    int64

	id, owner, author, failed string
	ttl                       int64 // milliseconds
	order                     int64 // grows with each letter of a tab
	first                     int64 // 0 if it never went out
}

func (n note) encode() string {
	v := url.Values{}
	for name, text := range n.texts() {
		if *text != "" {
			v.Set(name, *text)
		}
	}
	for name, number := range n.numbers() {
		v.Set(name, strconv.FormatInt(*number, 10))
	}
	return v.Encode()
}

// decodeNote returns what encode made a string of; ok is false if it is none, which a newer version may have left.
func decodeNote(s string) (n note, ok bool) {
	v, err := url.ParseQuery(s)
	if err != nil {
		return n, false
	}
	for name, text := range n.texts() {
		*text = v.Get(name)
	}
	for name, number := range n.numbers() {
		if *number, err = strconv.ParseInt(v.Get(name), 10, 64); err != nil {
			return n, false
		}
	}
	return n, wire.ValidRoom(n.room) && n.text != ""
}

func (n *note) texts() map[string]*string {
	return map[string]*string{"tab": &n.tab, "room": &n.room, "text": &n.text, "id": &n.id, "owner": &n.owner, "author": &n.author,
		"failed": &n.failed}
}

func (n *note) numbers() map[string]*int64 {
	return map[string]*int64{"written": &n.written, "ttl": &n.ttl, "order": &n.order, "first": &n.first}
}

// guest returns the secret of the guest whose letter it is, "" if it is not a guest's.
func (n *note) guest() string {
	if secret, ok := strings.CutPrefix(n.owner, ownedByGuest); ok && wire.ValidSecret(secret) {
		return secret
	}
	return ""
}

// age returns how long ago n was written by the device's clock, less than nothing if that was set back since.
func (n *note) age(now moment) time.Duration { return now.wall.Sub(time.UnixMilli(n.written)) }

// stale reports whether nobody will want it any more.
func (n *note) stale(now moment) bool {
	if n.id == "" {
		return n.age(now) >= draftLife
	}
	return n.age(now) >= draftLife+max(minWait, time.Duration(n.ttl)*time.Millisecond)
}

// note returns what is to be kept of l.
func (l *letter) note(tab string) note {
	n := note{tab: tab, room: l.room, text: l.text, written: l.written.wall.UnixMilli(),
		id: l.id, owner: l.owner, author: l.author, failed: l.failed, ttl: l.ttl.Milliseconds(), order: l.order}
	if l.out {
		n.first = l.first.wall.UnixMilli()
	}
	return n
}

// letter returns the letter that n was made of, as it is now.
func (n *note) letter(now moment) letter {
	l := letter{id: n.id, room: n.room, text: n.text, author: n.author, owner: n.owner, failed: n.failed, order: n.order,
		ttl: time.Duration(n.ttl) * time.Millisecond, written: momentOf(n.written, now), kept: true}
	if n.first != 0 {
		l.out, l.first = true, momentOf(n.first, now)
	}
	return l
}

// momentOf returns when the device's clock showed ms, perhaps before it was last switched on. What is yet to come was noted by
// a clock that has been set back since. Nobody knows then how long ago that was, so it counts as too long.
func momentOf(ms int64, now moment) moment {
	age := now.wall.Sub(time.UnixMilli(ms))
	if age < 0 {
		age = longAgo
	}
	return moment{wall: now.wall.Add(-age), mono: now.mono - age}
}
