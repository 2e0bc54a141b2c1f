package stream

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"mayfly/shared/wire"
)

// errExpired is why a message whose minute has passed cannot be opened: its key is gone, as it should be.
var errExpired = errors.New("it has expired")

const (
	sealedVersion = 1
	sealedPrefix  = 1 + 8 // version, deadline
)

// seal returns m as it lies on disk: a version, the deadline in the clear, which says the key, and all of the message under
// that. Room, id (a hidden one) and deadline are bound to it: moved to another place it doesn't open.
func (k *keyRing) seal(room, id string, m wire.Message) ([]byte, error) {
	key, err := k.forSealing(minuteOf(m.Expires))
	if err != nil {
		return nil, err
	}
	sealed := binary.BigEndian.AppendUint64([]byte{sealedVersion}, uint64(m.Expires))
	return key.Seal(sealed, nil, wire.EncodeMessage(m), bound(room, id, sealed)), nil
}

// open returns the message in what seal returned. It fails with errExpired if that is why there is no key.
func (k *keyRing) open(room, id string, sealed []byte) (m wire.Message, err error) {
	if len(sealed) < sealedPrefix || sealed[0] != sealedVersion {
		return m, errors.New("it is not sealed as this version of Mayfly does")
	}
	prefix, body := sealed[:sealedPrefix], sealed[sealedPrefix:]
	expires := minuteOf(int64(binary.BigEndian.Uint64(prefix[1:])))
	key := k.forOpening(expires)
	switch {
	case key == nil && expires.passed(k.clock.Now()):
		return m, errExpired
	case key == nil:
		return m, fmt.Errorf("there is no key %s", expires.file())
	}
	plain, err := key.Open(nil, nil, body, bound(room, id, prefix))
	if err != nil {
		return m, errors.New("its key does not open it")
	}
	return wire.DecodeMessage(plain)
}

// bound is what a sealed message holds for, beside its text.
func bound(room, id string, prefix []byte) []byte {
	return slices.Concat(prefix, []byte(room), []byte{' '}, []byte(id))
}
