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

// The name of an owner begins with one of these prefixes.
const (
	ownedByGuest  = "guest/"   // the guest's secret follows
	ownedBySignIn = "session/" // the id of the sign-in follows
)

const (
	// an entry that was never sent waits for a connection for this long, or for its TTL if that is longer
	minWait   = 5 * time.Minute
	draftLife = time.Hour      // how long the device stores a draft after its last change
	longAgo   = 48 * time.Hour // a time that is longer than any message lives
)

// GuestOwner returns the owner of what the guest with that secret writes.
func GuestOwner(secret string) string { return ownedByGuest + secret }

// SignInOwner returns the owner of what the user of the sign-in with that id writes.
func SignInOwner(id string) string { return ownedBySignIn + id }

// A record is what the device stores of an entry or, if the record has no ID, of a draft. Times are Unix milliseconds
// by the device's clock.
type record struct {
	Tab     string `json:"tab"` // the name of the tab that has the record
	Room    string `json:"room"`
	Text    string `json:"text"`
	Written int64  `json:"written"`

	ID     string `json:"id,omitempty"`
	Owner  string `json:"owner,omitempty"`
	Author string `json:"author,omitempty"`
	Failed string `json:"failed,omitempty"` // why the entry failed: the server's sentence, or the same as Code
	Code   string `json:"code,omitempty"`
	TTL    int64  `json:"ttl_ms,omitempty"`
	Order  int64  `json:"order,omitempty"` // grows with each entry of a tab
	First  int64  `json:"first,omitempty"` // when the entry first went out; 0 if it never did
	*Details
}

func (r record) encode() string {
	b, _ := json.Marshal(r) // Marshal of strings and numbers never fails
	return string(b)
}

// decodeRecord decodes what encode returned. ok is false if s is not such a record, for example because a newer version
// wrote s.
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

// goesWith reports whether the record must be deleted because owner has signed out. If owner is "", nobody has signed
// out, and goesWith returns false. Drafts and entries without an owner must be deleted, too, because owner may have
// written them.
func (r *record) goesWith(owner string) bool {
	return owner != "" && (r.ID == "" || r.Owner == owner || r.Owner == "")
}

// age returns how long ago the record was written, by the device's clock. It is negative if the clock was set back
// since.
func (r *record) age(now clock.Moment) time.Duration { return now.Wall.Sub(time.UnixMilli(r.Written)) }

// stale reports whether the record is too old for any use.
func (r *record) stale(now clock.Moment) bool {
	if r.ID == "" {
		return r.age(now) >= draftLife
	}
	return r.age(now) >= draftLife+max(minWait, time.Duration(r.TTL)*time.Millisecond)
}

// momentOf returns the moment at which the device's clock showed ms, which may be before the program started. If ms is in
// the future, the clock has been set back since ms was stored. Then nobody knows how long ago that was, so momentOf
// returns a moment that lies longAgo before now.
func momentOf(ms int64, now clock.Moment) clock.Moment {
	age := now.Wall.Sub(time.UnixMilli(ms))
	if age < 0 {
		age = longAgo
	}
	return now.Add(-age)
}
