package wire

import (
	"time"
	"unicode/utf8"
)

// RoleModerator is the User.Role of a moderator.
const RoleModerator = "moderator"

// The values of Moderate.Act and Moderated.Act.
const (
	ActMute  = "mute"  // the user may not post, react or type in the room for some time
	ActBan   = "ban"   // the user may not be in the room for some time
	ActLift  = "lift"  // ends a mute and a ban of the user
	ActClear = "clear" // takes back everything that lives in the room
	ActSlow  = "slow"  // each user may post only once in some time
	ActTTL   = "ttl"   // changes how long a message of the room lives
)

// Acts contains all values of Moderate.Act. Metrics that count by act use it.
var Acts = [...]string{ActMute, ActBan, ActLift, ActClear, ActSlow, ActTTL}

// The limits of Moderate.For. With ActTTL, For is 0, or from TTL.Min to TTL.Max of the server.
const (
	MinBar  = time.Minute         // the shortest mute or ban
	MaxBar  = 30 * 24 * time.Hour // the longest mute or ban
	MaxSlow = time.Hour           // the longest time between two posts of a user that ActSlow sets
)

// Moderate is an act of a moderator in a room. The server answers with Moderated, or with Refused.
type Moderate struct {
	Room string `json:"room"`
	Act  string `json:"act"`
	User string `json:"user,omitempty"`   // the id of the user whom ActMute, ActBan or ActLift is about
	For  *int64 `json:"for_ms,omitempty"` // the time that ActMute, ActBan, ActSlow or ActTTL sets, in milliseconds
}

// Moderated tells every member of a room what a moderator has done there. A user who is banned gets Refused in its place.
// What ActClear takes back follows in Removed.
type Moderated struct {
	Room   string    `json:"room"`
	Seq    int64     `json:"seq,omitempty"` // the seq of the act itself; 0 for a repeat
	Act    string    `json:"act"`
	User   *SomeUser `json:"user,omitempty"`   // the user whom ActMute, ActBan or ActLift is about
	By     User      `json:"by"`               // the moderator
	Until  int64     `json:"until,omitempty"`  // when the mute or the ban ends, in Unix milliseconds
	For    *int64    `json:"for_ms,omitempty"` // the time that ActSlow has set, in milliseconds; 0: posts are not slowed
	TTL    int64     `json:"ttl_ms,omitempty"` // how long a message of the room lives now, in milliseconds; only for ActTTL
	Repeat bool      `json:"repeat,omitempty"` // the Moderate has changed nothing; only its sender gets this
}

// SomeUser is a user whom the server perhaps does not know. If the server does not know the user, only ID is set.
type SomeUser struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	Anonymous *bool  `json:"anonymous,omitempty"`
	Role      string `json:"role,omitempty"`
}

// Known returns u, a user whom the server knows, as a SomeUser.
func (u User) Known() SomeUser { return SomeUser{u.ID, u.Name, &u.Anonymous, u.Role} }

// User returns s as a User.
func (s SomeUser) User() User {
	return User{s.ID, s.Name, s.Anonymous != nil && *s.Anonymous, s.Role}
}

// IsAboutUser reports whether act is about one user, so that a Moderate with this act needs a User.
func IsAboutUser(act string) bool { return act == ActMute || act == ActBan || act == ActLift }

// problem returns what is wrong with m, "" if nothing is wrong. The limits of ActTTL depend on the server: see ProblemIn.
func (m Moderate) problem() string {
	if n := utf8.RuneCountInString(m.User); IsAboutUser(m.Act) && (n == 0 || n > MaxUserID) {
		return `"user" must be an id of 1 to ` + itoa(MaxUserID) + ` characters`
	}
	switch m.Act {
	case ActMute, ActBan:
		return m.problemOfFor(MinBar.Milliseconds(), MaxBar.Milliseconds())
	case ActSlow:
		return m.problemOfFor(0, MaxSlow.Milliseconds())
	case ActTTL:
		return m.problemOfFor(0, maxInteger)
	case ActLift, ActClear:
		return ""
	}
	return `"act" must be mute, ban, lift, clear, slow or ttl`
}

// ProblemIn returns what is wrong with m on a server with the bounds ttl, "" if nothing is wrong. Decode has checked
// everything else.
func (m Moderate) ProblemIn(ttl TTL) string {
	if m.Act != ActTTL || m.For != nil && *m.For == 0 {
		return ""
	}
	if problem := m.problemOfFor(ttl.Min, ttl.Max); problem != "" {
		return problem + ", or 0"
	}
	return ""
}

// problemOfFor returns what is wrong with m.For, which must be least to most milliseconds, "" if nothing is wrong.
func (m Moderate) problemOfFor(least, most int64) string {
	if m.For == nil || *m.For < least || *m.For > most {
		return `"for_ms" must be ` + itoa(least) + ` to ` + itoa(most)
	}
	return ""
}
