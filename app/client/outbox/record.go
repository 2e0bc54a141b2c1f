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
	draftKey = "draft/"  // a random id follows
)

// Entry.Owner begins with one of these prefixes, which say whether a guest or a signed-in user wrote the entry.
const (
	ownedByGuest  = "guest/"   // the guest's secret follows
	ownedBySignIn = "session/" // the id of the sign-in follows
)

const (
	// an entry that was never sent waits for a connection as long as its TTL, but at least minWait
	minWait   = 5 * time.Minute
	draftLife = time.Hour          // how long the device stores a draft after its last change
	longAgo   = 8 * 24 * time.Hour // momentOf uses this age for a record of unknown age; -ttl-max is lower
)

// GuestOwner returns the Owner of an entry that a guest writes. secret is the guest's secret.
func GuestOwner(secret string) string { return ownedByGuest + secret }

// SignInOwner returns the Owner of an entry that a signed-in user writes. id is the id of the sign-in.
func SignInOwner(id string) string { return ownedBySignIn + id }

// A record is an entry or a draft as the device stores it. A record without an ID is a draft. Times are Unix milliseconds by
// the device's clock.
type record struct {
	Tab     string `json:"tab"` // the name of the tab that has the record
	Room    string `json:"room"`
	Text    string `json:"text"`
	Written int64  `json:"written"`

	ID     string `json:"id,omitempty"`
	Owner  string `json:"owner,omitempty"`
	Author string `json:"author,omitempty"`
	Failed string `json:"failed,omitempty"` // why the entry failed: the server's sentence or, if there is none, the Code
	Code   string `json:"code,omitempty"`
	TTL    int64  `json:"ttl_ms,omitempty"`
	Order  int64  `json:"order,omitempty"` // a later entry of the same tab has a higher number
	First  int64  `json:"first,omitempty"` // when the entry was first sent; 0 if it was not sent, or was refused
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

// guest returns the secret of the guest who owns the entry. If the owner is not a guest, it returns "".
func (r *record) guest() string {
	if secret, ok := strings.CutPrefix(r.Owner, ownedByGuest); ok && wire.ValidSecret(secret) {
		return secret
	}
	return ""
}

// goesWith reports whether the record must be deleted when owner signs out. All entries of owner must be deleted, and also
// all drafts and all entries without an owner, because owner may have written them. If nobody signs out, owner is "", and
// goesWith returns false.
func (r *record) goesWith(owner string) bool {
	return owner != "" && (r.ID == "" || r.Owner == owner || r.Owner == "")
}

// age returns how long ago the record was written, by the device's clock. It is negative if the clock was set back
// since.
func (r *record) age(now clock.Moment) time.Duration { return now.Wall.Sub(time.UnixMilli(r.Written)) }

// stale reports whether the record is too old to be used: its text is neither sent nor given back to the user any more.
func (r *record) stale(now clock.Moment) bool {
	if r.ID == "" {
		return r.age(now) >= draftLife
	}
	return r.age(now) >= draftLife+max(minWait, time.Duration(r.TTL)*time.Millisecond)
}

// momentOf returns the moment at which the device's clock showed the time ms. If ms is in the future, the clock has been set
// back since ms was stored, so the age of the record is unknown. Then momentOf returns the moment that was longAgo before
// now, so that the record counts as too old.
func momentOf(ms int64, now clock.Moment) clock.Moment {
	age := now.Wall.Sub(time.UnixMilli(ms))
	if age < 0 {
		age = longAgo
	}
	return now.Add(-age)
}
