package stream

const (
	roomPrefix = "room." // a room's subject ends in room.NAME; a valid name has no dot, star or space, so it needs no escape
	livePrefix = "live." // JetStream republishes the messages of the subject X on live.X; both follow names.prefix
	noRoom     = "_"     // replaces a room's name in a subject; burnSeqs publishes its empty messages there
)

// names are the names of the streams and subjects in NATS. All nodes of one Mayfly use the same names.
type names struct {
	events string // the stream of the rooms' events
	facts  string // the stream of facts
	prefix string // every subject begins with it
}

// embeddedNames are the names in a NATS server that only this process can reach.
var embeddedNames = names{events: "MAYFLY", facts: "MAYFLY_SIGNOUTS"}

// subject is one subject of a JetStream stream. JetStream stores the messages of a subject in one order, and
// republishes each message on the subject live, unless live is empty.
type subject struct{ stream, name, live string }

// room returns the subject of a room's events.
func (n names) room(room string) subject {
	return subject{n.events, n.prefix + roomPrefix + room, n.prefix + livePrefix + roomPrefix + room}
}

// fact returns the subject of the facts.
func (n names) fact() subject {
	return subject{n.facts, n.prefix + "signout", n.prefix + livePrefix + "signout"}
}

// epoch returns the subject of the epoch, which only a cluster's stream of events has.
func (n names) epoch() subject { return subject{stream: n.events, name: n.prefix + "epoch"} }

// signal returns the subject of the signals, whose messages no JetStream stream stores.
func (n names) signal() string { return n.prefix + "signal" }
