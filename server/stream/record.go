package stream

import (
	"encoding/binary"
	"errors"

	"mayfly/server/hub"
)

// A record is an event as it is stored. It consists of the version of this format; the event's kind and user, each after its
// own length; the id, which is a UUID after uuidForm or a text after textForm and its length; the times of posting and
// expiry; and the body. It does not contain the seq, because JetStream numbers the messages, nor the room, because the
// message's subject names it.
//
// A newer node may write records of a kind or of a version that this node does not know. This node delivers such an
// event, too, so that the hub learns its seq. The hub does not show it.
//
// In version 1, an id was a text after its length, and the body of a message was its whole JSON. decodeRecord still reads
// that.
const (
	recordVersion = 2

	textForm = 0
	uuidForm = 1
)

var errDamaged = errors.New("its record is damaged")

// encodeRecord returns e as it is stored.
func encodeRecord(e hub.Event) []byte {
	b := make([]byte, 0, 32+len(e.Kind)+len(e.User)+len(e.ID)+len(e.Body))
	b = append(b, recordVersion)
	b = appendString(appendString(b, string(e.Kind)), e.User)
	if uuid, ok := hub.ParseUUID(e.ID); ok {
		b = append(append(b, uuidForm), uuid[:]...)
	} else {
		b = appendString(append(b, textForm), e.ID)
	}
	b = binary.BigEndian.AppendUint64(b, uint64(e.At))
	b = binary.BigEndian.AppendUint64(b, uint64(e.Expires))
	return append(b, e.Body...)
}

// decodeRecord returns the event that encodeRecord has encoded, without its seq. The event's Body may be a part of b. If the
// record has a newer version, decodeRecord cannot read it, and returns an event without a Kind.
func decodeRecord(b []byte) (e hub.Event, err error) {
	if len(b) == 0 || b[0] == 0 {
		return e, errDamaged
	}
	version := b[0]
	if version > recordVersion {
		return e, nil
	}
	b = b[1:]
	kind, b, ok := cutString(b)
	if ok {
		e.User, b, ok = cutString(b)
	}
	if ok && version == 1 {
		e.ID, b, ok = cutString(b)
	} else if ok {
		e.ID, b, ok = cutID(b)
	}
	if !ok || kind == "" || len(b) < 16 {
		return hub.Event{}, errDamaged
	}
	e.Kind, e.At, e.Expires = hub.Kind(kind), int64(binary.BigEndian.Uint64(b)), int64(binary.BigEndian.Uint64(b[8:]))
	if e.Body = b[16:]; version == 1 && e.Kind == hub.KindMessage {
		e.Compact()
	}
	return e, nil
}

// cutID returns the id at the beginning of b, and the rest of b. ok is false if b does not begin with a complete id.
func cutID(b []byte) (id string, rest []byte, ok bool) {
	const size = len([16]byte{})
	switch {
	case len(b) > 0 && b[0] == textForm:
		return cutString(b[1:])
	case len(b) > size && b[0] == uuidForm:
		return hub.FormatUUID([size]byte(b[1:])), b[1+size:], true
	}
	return "", nil, false
}

// appendString appends the length of s and then s.
func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// cutString returns the string at the beginning of b, which appendString has written, and the rest of b. ok is false if b
// does not begin with a complete string.
func cutString(b []byte) (s string, rest []byte, ok bool) {
	size, n := binary.Uvarint(b)
	if n <= 0 || size > uint64(len(b)-n) {
		return "", nil, false
	}
	return string(b[n : n+int(size)]), b[n+int(size):], true
}
