// Package wire holds every frame that a Mayfly client and server exchange, the codec that turns frames into bytes and
// back, and the limits and close codes of the protocol (docs/protocol.md). The server and the client, also the client in
// the browser, share the package, so it imports the standard library only and does no I/O.
//
// One WebSocket message, or the body of a poll, carries a batch: one or more frames, each one JSON object on its own line.
// Mayfly has its own decoder (decode.go), because encoding/json cannot be as strict as the protocol: names must match
// exactly, a known member may appear only once, and integers must be whole. Unknown members are skipped.
package wire

// Subprotocol is the WebSocket subprotocol that both sides must agree on.
const Subprotocol = "mayfly.v1"

// PollType is the Content-Type of a poll's request and of its answer.
const PollType = "application/x-ndjson"

// Version is the version of Mayfly, server and web client alike. It is in /config.json, and in the web client's hello.
const Version = "0.1.0"

// DefaultRoom is the room of the page at "/".
const DefaultRoom = "lobby"

// OpenRoomQuery is a query in the address of the page "/". It makes the page ask the user which room to open. The shortcut
// "Open a room" in the manifest of the web app has this address.
const OpenRoomQuery = "open=room"

// Frame is one of the frame types of this package. To add a type, give it a method kind and add it to tables (both in
// kinds.go). Decode returns ErrUnknownKind for a type that is not in tables. If a member of the frame must be a list
// even when it is empty, also add the type to withLists (encode.go). Handle the frame in server/session/dispatch.go or
// app/client/dispatch.go, describe it in docs/protocol.md, and add an example to testdata.
type Frame interface{ kind() string }

// Kind returns the frame's "type" on the wire.
func Kind(f Frame) string { return f.kind() }

// User is a person as other people see them. ID is opaque and stable. Name is only for display: several people may have the
// same name.
type User struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	Anonymous bool   `json:"anonymous"`
	Role      string `json:"role,omitempty"` // RoleModerator, or ""
}

// Cursor says how much of a room a client has received: everything up to Seq. Epoch is the name of the stream's store in
// which Seq was given; seqs of different epochs cannot be compared.
type Cursor struct {
	Epoch string `json:"epoch"`
	Seq   int64  `json:"seq"`
}

// Message is one live message of a room. Within an epoch, a later message has a higher Seq; a gap between two Seqs does not
// mean that a message is missing. At and Expires are Unix milliseconds of the server's clock.
type Message struct {
	Seq     int64  `json:"seq"`
	ID      string `json:"id"`
	User    User   `json:"user"`
	Text    string `json:"text"`
	At      int64  `json:"at"`
	Expires int64  `json:"expires"`

	ReplyTo   int64      `json:"reply_to,omitempty"`  // the seq of the message that this one answers; 0: none
	Mentions  []string   `json:"mentions,omitempty"`  // the ids of the users whom the text addresses
	Reactions []Reaction `json:"reactions,omitempty"` // in the order in which the emoji came
}

// Reaction is one emoji on a message, with the ids of the users who gave it, in the order in which they gave it.
type Reaction struct {
	Emoji string   `json:"emoji"`
	By    []string `json:"by"`
}

// MessageReactions holds all reactions to the message whose seq is Seq.
type MessageReactions struct {
	Seq       int64      `json:"seq"`
	Reactions []Reaction `json:"reactions"`
}

// TTL says how long a message may live: the shortest, the default and the longest time, in milliseconds.
type TTL struct {
	Min     int64 `json:"min_ms"`
	Default int64 `json:"default_ms"`
	Max     int64 `json:"max_ms"`
}

// Limits tells a client the largest numbers that the server accepts. PerMS is not a limit, but the period in which
// Posts and Acts are counted.
type Limits struct {
	Text    int64 `json:"text"`    // characters of a text
	Message int64 `json:"message"` // bytes of one message from a client: all its frames together
	Rooms   int64 `json:"rooms"`   // rooms that one connection may have joined at once
	Posts   int64 `json:"posts"`   // messages that one user may post in any period of PerMS
	Acts    int64 `json:"acts"`    // reactions, removals, acts of a moderator and Typing frames of one user in any PerMS
	PerMS   int64 `json:"per_ms"`  // the length of the period for Posts and Acts, in milliseconds
}

// Hello opens a session. It is the client's first frame. Token is nil when the client asks to be anonymous.
type Hello struct {
	Client   string  `json:"client,omitempty"`
	Token    *string `json:"token,omitempty"`    // an access token, or an ID token if /config.json asks for ID tokens
	IDToken  string  `json:"id_token,omitempty"` // optional; the server takes only the user's name from it
	Guest    *string `json:"guest,omitempty"`    // a secret from which the server makes the guest's id; see ValidSecret
	SignInID *string `json:"session,omitempty"`  // the id of the sign-in that Token belongs to; see ValidSecret
	Name     string  `json:"name,omitempty"`     // the name that a guest wants; "": the guest's pseudonym
	Rooms    []Join  `json:"rooms,omitempty"`    // rooms to join at once, each with its cursor
	Wait     *int64  `json:"wait_ms,omitempty"`  // in a poll: how long the poll waits for news; nil: PollWait, the maximum
}

// Welcome answers Hello. Now is the time of the server's clock; the client learns its clock offset from it.
type Welcome struct {
	Conn    string `json:"conn"`
	User    User   `json:"user"`
	MayPost bool   `json:"may_post"`
	Now     int64  `json:"now"`
	TTL     TTL    `json:"ttl"`
	Limits  Limits `json:"limits"`

	Reactions []string `json:"reactions"` // the emoji that a user may react with
	BeatMS    int64    `json:"beat_ms"`   // the server sends at least one frame in each period of BeatMS milliseconds

	AuthExpires int64 `json:"auth_expires,omitempty"` // when the token expires (Unix milliseconds); 0 for an anonymous user
}

// Auth renews the sign-in of a connection with another token of the same user. The server answers with Authed, with
// Refused and CodeAuth, or with a Bye (docs/protocol.md).
type Auth struct {
	Token    string  `json:"token"`
	IDToken  string  `json:"id_token,omitempty"`
	SignInID *string `json:"session,omitempty"` // the id of the sign-in that Token belongs to, as in Hello
}

// Authed answers Auth and Rename. The server also sends Authed unasked when the name of User has changed.
type Authed struct {
	User        User  `json:"user"`
	AuthExpires int64 `json:"auth_expires,omitempty"` // when the token expires, as in Welcome; 0 for an anonymous user
	Now         int64 `json:"now"`
}

// Expiring says that the sign-in expires in InMS milliseconds, unless the client renews it with Auth.
type Expiring struct {
	InMS int64 `json:"in_ms"`
}

// Signout asks the server to end every connection of the user's sign-in, also the connection that carries Signout. For an
// anonymous user it ends only the connection that carries it.
type Signout struct{}

// Join asks for the messages of a room. The server answers with Joined, which contains the live messages. After that it
// sends each new message. If Join has a cursor, Joined contains only the messages after the cursor.
type Join struct {
	Room    string `json:"room"`
	*Cursor        // nil: the client wants all live messages. On the wire there are both "epoch" and "seq", or neither
}

// Joined answers Join. If Join has a cursor of the present epoch, Messages contains the live messages after the cursor,
// oldest first, and Resumed is true. Without such a cursor, or if there is too much after it, Messages contains only the
// newest live messages of the room, and Resumed is false (docs/protocol.md). The three lists are the last members,
// so that a server can insert items that it has already encoded (see Joined.Parts).
type Joined struct {
	Room     string             `json:"room"`
	Epoch    string             `json:"epoch"`
	Head     int64              `json:"head"`              // the seq of the last event that changed the room; 0: none
	Resumed  bool               `json:"resumed"`           // true: Messages contains every live message after the cursor
	TTL      int64              `json:"ttl_ms"`            // how long a message lives if its Post asks for no other time
	Slow     int64              `json:"slow_ms,omitempty"` // a user may post once in this time; 0: no such rule
	People   int64              `json:"people"`            // how many distinct users are in the room
	Removed  []int64            `json:"removed"`           // seqs of messages that were taken back after the cursor
	Reacted  []MessageReactions `json:"reacted,omitempty"` // messages that the client has, with their changed reactions
	Messages []Message          `json:"messages"`
}

// Leave ends the client's membership of a room.
type Leave struct {
	Room string `json:"room"`
}

// Post asks the server to add Text to Room. The client makes ID (a UUID), so that the server recognises a repeat.
type Post struct {
	ID   string `json:"id"`
	Room string `json:"room"`
	Text string `json:"text"`             // UTF-8, 1 to MaxText characters
	TTL  int64  `json:"ttl_ms,omitempty"` // how long the message lives, in milliseconds; 0: as long as Joined.TTL says

	ReplyTo  *int64   `json:"reply_to,omitempty"` // the seq of the live message that Text answers; nil: none
	Mentions []string `json:"mentions,omitempty"` // the ids of the users whom Text addresses, MaxMentions at most
}

// Accepted tells the author that the stream has stored the message. Accepted does not move the client's cursor, because
// earlier events of the room may still be on their way. The cursor moves when the Posted of the message comes.
type Accepted struct {
	ID      string `json:"id"`
	Room    string `json:"room"`
	Seq     int64  `json:"seq"`
	At      int64  `json:"at"`
	Expires int64  `json:"expires"`
	Repeat  bool   `json:"repeat,omitempty"` // the message was stored before; nothing was posted now
}

// Posted delivers one new message to every member of the room, the author of the message included.
type Posted struct {
	Room string `json:"room"`
	Message
}

// Remove takes back one of the user's own messages. A moderator may take back any message.
type Remove struct {
	Room string `json:"room"`
	Seq  int64  `json:"seq"`
}

// Removed tells clients to remove messages. It also answers Remove.
type Removed struct {
	Room   string  `json:"room"`
	Seqs   []int64 `json:"seqs"`
	Why    string  `json:"why"`              // WhyExpired, WhyAuthor or WhyModerator
	Seq    int64   `json:"seq,omitempty"`    // the seq of the removal itself; 0 for expired messages and for a repeat
	Repeat bool    `json:"repeat,omitempty"` // the message was taken back before; only the sender of Remove gets this
}

// The values of Removed.Why.
const (
	WhyExpired   = "expired"   // the messages' deadline has passed
	WhyAuthor    = "author"    // the author has taken the message back
	WhyModerator = "moderator" // a moderator has taken the messages back
)

// React gives a reaction to a message, or takes it away.
type React struct {
	Room  string `json:"room"`
	Seq   int64  `json:"seq"`
	Emoji string `json:"emoji"`
	On    *bool  `json:"on,omitempty"` // false: take the reaction away; true or nil: give it
}

// Reacted tells every member of the room that User has given or taken away a reaction to the message whose seq is To.
type Reacted struct {
	Room   string `json:"room"`
	To     int64  `json:"to"`
	User   User   `json:"user"`
	Emoji  string `json:"emoji"`
	On     bool   `json:"on"`
	Seq    int64  `json:"seq,omitempty"`    // the seq of the reaction itself; 0 for a repeat
	Repeat bool   `json:"repeat,omitempty"` // the React has changed nothing; only the sender of React gets this
}

// Typing says that a user begins or ends writing. A client sends it without User; the server sends it, with User, to the
// members of the room that belong to other users.
type Typing struct {
	Room string `json:"room"`
	User *User  `json:"user,omitempty"`
	On   *bool  `json:"on,omitempty"` // false: the user has stopped; true or nil: the user is writing
}

// Presence tells the members of a room which users came and went since the last Presence. If more than MaxCame users came,
// or more than MaxCame went, both lists are left out.
type Presence struct {
	Room   string   `json:"room"`
	People int64    `json:"people"`         // how many distinct users are in the room now
	Came   []User   `json:"came,omitempty"` // also the users who were there already and whose name or role has changed
	Went   []string `json:"went,omitempty"` // user ids
}

// Who asks for the users in a room.
type Who struct {
	Room string `json:"room"`
}

// People answers Who.
type People struct {
	Room  string `json:"room"`
	Total int64  `json:"total"` // how many distinct users are in the room
	Users []User `json:"users"` // MaxPeople at most: the user who asked, then the others in the order in which they came
}

// Rename gives a guest another name. An empty Name restores the guest's pseudonym.
type Rename struct {
	Name string `json:"name,omitempty"`
}

// Refused answers one frame that the server did not carry out. The connection stays open. When a user is banned from a room,
// Refused also comes unasked, with the Re of a Join: then the user is not in the room any more.
type Refused struct {
	Re      string `json:"re,omitempty"` // the type of the refused frame, empty if the server could not read it
	Room    string `json:"room,omitempty"`
	ID      string `json:"id,omitempty"`
	Seq     *int64 `json:"seq,omitempty"` // the message that the refused Remove or React names
	Code    Code   `json:"code"`
	Reason  Reason `json:"reason,omitempty"`
	Next    Next   `json:"next,omitempty"`
	Message string `json:"message"`            // one plain sentence for a person
	RetryMS int64  `json:"retry_ms,omitempty"` // how long to wait before sending the frame again; 0: not known, or never
}

// Beat shows that the server is alive. Heads maps each joined room to the highest seq that was already sent to this
// client.
type Beat struct {
	Now   int64            `json:"now"`
	Heads map[string]int64 `json:"heads,omitempty"`
}

// Bye says why the server is about to end the connection.
type Bye struct {
	Code    Code   `json:"code"`
	Reason  Reason `json:"reason,omitempty"`
	Next    Next   `json:"next,omitempty"`
	Message string `json:"message"`
	RetryMS int64  `json:"retry_ms,omitempty"`
}
