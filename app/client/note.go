package client

import (
	"encoding/json"
	"strings"
	"time"

	"mayfly/shared/clock"
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
	Tab     string `json:"tab"` // which has it
	Room    string `json:"room"`
	Text    string `json:"text"`
	Written int64  `json:"written"`

	ID     string `json:"id,omitempty"`
	Owner  string `json:"owner,omitempty"`
	Author string `json:"author,omitempty"`
	Failed string `json:"failed,omitempty"`
	TTL    int64  `json:"ttl_ms,omitempty"`
	Order  int64  `json:"order,omitempty"` // grows with each letter of a tab
	First  int64  `json:"first,omitempty"` // 0 if it never went out
}

func (n note) encode() string {
	b, _ := json.Marshal(n) // strings and numbers cannot fail
	return string(b)
}

// decodeNote returns what encode made a string of; ok is false if it is none, which a newer version may have left.
func decodeNote(s string) (n note, ok bool) {
	err := json.Unmarshal([]byte(s), &n)
	return n, err == nil && wire.ValidRoom(n.Room) && n.Text != ""
}

// guest returns the secret of the guest whose letter it is, "" if it is not a guest's.
func (n *note) guest() string {
	if secret, ok := strings.CutPrefix(n.Owner, ownedByGuest); ok && wire.ValidSecret(secret) {
		return secret
	}
	return ""
}

// goesWith reports whether n is not to stay when the owner signs out; "" is nobody. What is nobody's yet may be theirs.
func (n *note) goesWith(owner string) bool {
	return owner != "" && (n.ID == "" || n.Owner == owner || n.Owner == "")
}

// age returns how long ago n was written by the device's clock, less than nothing if that was set back since.
func (n *note) age(now clock.Moment) time.Duration { return now.Wall.Sub(time.UnixMilli(n.Written)) }

// stale reports whether nobody will want it any more.
func (n *note) stale(now clock.Moment) bool {
	if n.ID == "" {
		return n.age(now) >= draftLife
	}
	return n.age(now) >= draftLife+max(minWait, time.Duration(n.TTL)*time.Millisecond)
}

// note returns what is to be kept of l.
func (l *letter) note(tab string) note {
	n := note{Tab: tab, Room: l.room, Text: l.text, Written: l.written.Wall.UnixMilli(),
		ID: l.id, Owner: l.owner, Author: l.author, Failed: l.failed, TTL: l.ttl.Milliseconds(), Order: l.order}
	if l.out {
		n.First = l.first.Wall.UnixMilli()
	}
	return n
}

// letter returns the letter that n was made of, as it is now.
func (n *note) letter(now clock.Moment) letter {
	l := letter{id: n.ID, room: n.Room, text: n.Text, author: n.Author, owner: n.Owner, failed: n.Failed, order: n.Order,
		ttl: time.Duration(n.TTL) * time.Millisecond, written: momentOf(n.Written, now), kept: true}
	if n.First != 0 {
		l.out, l.first = true, momentOf(n.First, now)
	}
	return l
}

// momentOf returns when the device's clock showed ms, perhaps before it was last switched on. What is yet to come was noted by
// a clock that has been set back since. Nobody knows then how long ago that was, so it counts as too long.
func momentOf(ms int64, now clock.Moment) clock.Moment {
	age := now.Wall.Sub(time.UnixMilli(ms))
	if age < 0 {
		age = longAgo
	}
	return now.Add(-age)
}
