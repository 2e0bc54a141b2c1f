package hub

import (
	"encoding/hex"
	"unique"
)

// name is a key in the form in which a message keeps it. It takes 24 bytes. A key would take 32 bytes, and its strings
// another 80. Equal keys have equal names.
type name struct {
	author unique.Handle[author] // all messages of a user share one author
	uuid   [16]byte
}

// author is a user, and the id of a message if it is not a UUID. This version accepts no message with such an id.
type author struct {
	user    string
	otherID string
	isOther bool
}

// name returns k as a name.
func (k key) name() name {
	if uuid, ok := ParseUUID(k.id); ok {
		return name{unique.Make(author{user: k.user}), uuid}
	}
	return name{author: unique.Make(author{k.user, k.id, true})}
}

// key returns n as a key.
func (n name) key() key {
	a := n.author.Value()
	if a.isOther {
		return key{a.user, a.otherID}
	}
	return key{a.user, FormatUUID(n.uuid)}
}

// ParseUUID returns the bytes of a UUID. ok is false if FormatUUID would not give id again.
func ParseUUID(id string) (uuid [16]byte, ok bool) {
	if len(id) != 36 {
		return uuid, false
	}
	digits := []byte(id[:8] + id[9:13] + id[14:18] + id[19:23] + id[24:])
	_, err := hex.Decode(uuid[:], digits)
	return uuid, err == nil && FormatUUID(uuid) == id
}

// FormatUUID returns the text of a UUID, in lower case.
func FormatUUID(uuid [16]byte) string {
	text := []byte("00000000-0000-0000-0000-000000000000")
	hex.Encode(text, uuid[:4])
	hex.Encode(text[9:], uuid[4:6])
	hex.Encode(text[14:], uuid[6:8])
	hex.Encode(text[19:], uuid[8:10])
	hex.Encode(text[24:], uuid[10:])
	return string(text)
}
