package stream

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"mayfly/shared/wire"
)

// errExpired is the error of opening a message whose key was deleted because its minute has passed. That is no fault.
var errExpired = errors.New("it has expired")

const (
	sealedVersion = 1
	sealedPrefix  = 1 + 8 // bytes of version and deadline
)

// seal encrypts m for the disk: a version, the deadline unencrypted, which names the key, then the encrypted message. Room,
// id (a hash) and deadline are authenticated with it, so a message that was moved to another room, id or deadline doesn't
// open.
func (k *keyRing) seal(room, id string, m wire.Message) ([]byte, error) {
	key, err := k.sealingKey(minuteOf(m.Expires))
	if err != nil {
		return nil, err
	}
	sealed := binary.BigEndian.AppendUint64([]byte{sealedVersion}, uint64(m.Expires))
	return key.Seal(sealed, nil, wire.EncodeMessage(m), bound(room, id, sealed)), nil
}

// open decrypts a message that seal encrypted. It returns errExpired if the key was deleted because its minute has passed.
func (k *keyRing) open(room, id string, sealed []byte) (m wire.Message, err error) {
	if len(sealed) < sealedPrefix || sealed[0] != sealedVersion {
		return m, errors.New("it is not sealed as this version of Mayfly does")
	}
	prefix, body := sealed[:sealedPrefix], sealed[sealedPrefix:]
	expires := minuteOf(int64(binary.BigEndian.Uint64(prefix[1:])))
	key := k.openingKey(expires)
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

// bound returns the additional data that is authenticated with a sealed message.
func bound(room, id string, prefix []byte) []byte {
	return slices.Concat(prefix, []byte(room), []byte{' '}, []byte(id))
}
