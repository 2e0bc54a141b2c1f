package outbox

import (
	"encoding/json"
	"strings"
	"time"

	"mayfly/shared/clock"
	"mayfly/shared/wire"
)

// The device stores each record under a key that begins with one of these prefixes.
const (
	entryKey = "letter/" // the entry's id follows
	draftKey = "draft/"  // any id follows
)

// What an owner's name begins with.
const (
	ownedByGuest  = "guest/"   // the guest's secret follows
	ownedBySignIn = "session/" // the id of the sign-in follows
)

const (
	minWait   = 5 * time.Minute // how long an entry that never went out waits for a connection, or its life if longer
	draftLife = time.Hour       // how long a draft is stored
	longAgo   = 48 * time.Hour  // older than any message that lives
)

// GuestOwner returns the owner of what a guest with that secret writes.
func GuestOwner(secret string) string { return ownedByGuest + secret }

// SignInOwner returns the owner of what the user of that sign-in writes.
func SignInOwner(id string) string { return ownedBySignIn + id }

// A record is what is stored of an entry or, if it has no id, of a draft. Instants are Unix milliseconds of the device.
type record struct {
	Tab     string `json:"tab"` // which has it
	Room    string `json:"room"`
	Text    string `json:"text"`
	Written int64  `json:"written"`

	ID     string `json:"id,omitempty"`
	Owner  string `json:"owner,omitempty"`
	Author string `json:"author,omitempty"`
	Failed string `json:"failed,omitempty"` // why: the server's sentence, or Code once more
	Code   string `json:"code,omitempty"`
	TTL    int64  `json:"ttl_ms,omitempty"`
	Order  int64  `json:"order,omitempty"` // grows with each entry of a tab
	First  int64  `json:"first,omitempty"` // 0 if it never went out
}

func (r record) encode() string {
	b, _ := json.Marshal(r) // strings and numbers cannot fail
	return string(b)
}

// decodeRecord decodes what encode returned. ok is false if s is no record; a newer version may have left it.
func decodeRecord(s string) (r record, ok bool) {
	err := json.Unmarshal([]byte(s), &r)
	return r, err == nil && wire.ValidRoom(r.Room) && r.Text != ""
}

// guest returns the secret of the guest who owns the entry, "" if no guest does.
func (r *record) guest() string {
	if secret, ok := strings.CutPrefix(r.Owner, ownedByGuest); ok && wire.ValidSecret(secret) {
		return secret
	}
	return ""
}

// goesWith reports whether the record must go when owner signs out; "" is nobody. A record without an owner may be owner's.
func (r *record) goesWith(owner string) bool {
	return owner != "" && (r.ID == "" || r.Owner == owner || r.Owner == "")
}

// age returns how long ago the record was written by the device's clock. It is negative if the clock was set back since.
func (r *record) age(now clock.Moment) time.Duration { return now.Wall.Sub(time.UnixMilli(r.Written)) }

// stale reports whether the record is too old for any use.
func (r *record) stale(now clock.Moment) bool {
	if r.ID == "" {
		return r.age(now) >= draftLife
	}
	return r.age(now) >= draftLife+max(minWait, time.Duration(r.TTL)*time.Millisecond)
}

// momentOf returns when the device's clock showed ms, perhaps before it was last switched on. A time in the future was noted
// by a clock that has been set back since. Nobody knows then how long ago that was, so it counts as too long.
func momentOf(ms int64, now clock.Moment) clock.Moment {
	age := now.Wall.Sub(time.UnixMilli(ms))
	if age < 0 {
		age = longAgo
	}
	return now.Add(-age)
}
