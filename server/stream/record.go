package stream

import (
	"encoding/binary"
	"errors"

	"mayfly/server/hub"
)

// A record is an event as it is stored: the version of the record's format; then kind, user and id, each preceded by its
// length; then the times of posting and expiry; then the body. A record holds no seq and no room: JetStream numbers the
// messages, and the room is the subject.
//
// A newer node may write records of a kind or of a version that this node does not know. This node delivers such an
// event, too, because its seq counts; the hub does not show it.
const recordVersion = 1

var errDamaged = errors.New("its record is damaged")

// encodeRecord returns e as it is stored.
func encodeRecord(e hub.Event) []byte {
	b := make([]byte, 0, 32+len(e.Kind)+len(e.User)+len(e.ID)+len(e.Body))
	b = append(b, recordVersion)
	for _, s := range []string{string(e.Kind), e.User, e.ID} {
		b = appendString(b, s)
	}
	b = binary.BigEndian.AppendUint64(b, uint64(e.At))
	b = binary.BigEndian.AppendUint64(b, uint64(e.Expires))
	return append(b, e.Body...)
}

// decodeRecord returns the event that encodeRecord has encoded, without its seq. Its Body is a part of b. For a record of
// a newer version, which it cannot read, it returns an event without a Kind.
func decodeRecord(b []byte) (e hub.Event, err error) {
	if len(b) == 0 || b[0] == 0 {
		return e, errDamaged
	}
	if b[0] > recordVersion {
		return e, nil
	}
	b = b[1:]
	var kind string
	for _, s := range []*string{&kind, &e.User, &e.ID} {
		var ok bool
		if *s, b, ok = cutString(b); !ok {
			return hub.Event{}, errDamaged
		}
	}
	if kind == "" || len(b) < 16 {
		return hub.Event{}, errDamaged
	}
	e.Kind, e.At, e.Expires = hub.Kind(kind), int64(binary.BigEndian.Uint64(b)), int64(binary.BigEndian.Uint64(b[8:]))
	e.Body = b[16:]
	return e, nil
}

// appendString appends the length of s and then s.
func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// cutString returns the string that appendString has appended and the bytes after it.
func cutString(b []byte) (s string, rest []byte, ok bool) {
	size, n := binary.Uvarint(b)
	if n <= 0 || size > uint64(len(b)-n) {
		return "", nil, false
	}
	return string(b[n : n+int(size)]), b[n+int(size):], true
}
