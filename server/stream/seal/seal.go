// Package seal keeps events on disk so that they are gone when they have expired (crypto-shredding). It has the folder,
// with its lock, its format and the space on its disk; the ring of keys, one for each minute in which events expire; and
// what is encrypted with them. It does not store the encrypted records: JetStream does.
//
// Files in order: seal.go, keyring.go, disk.go. Locks: KeyRing.making is taken before KeyRing.mu.
package seal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// ErrExpired is the error of opening a record whose key was deleted because its minute has passed. That is no fault.
var ErrExpired = errors.New("it has expired")

const (
	sealedVersion = 1
	sealedPrefix  = 1 + 8 // bytes of version and deadline
)

// Seal encrypts record, which expires at that time (Unix milliseconds), for the disk: a version, the deadline unencrypted,
// which names the key, then the encrypted record. Room, id (a hash) and deadline are authenticated with it, so a record that
// was moved to another room, id or deadline doesn't open.
func (k *KeyRing) Seal(room, id string, expires int64, record []byte) ([]byte, error) {
	key, err := k.sealingKey(minuteOf(expires))
	if err != nil {
		return nil, err
	}
	sealed := binary.BigEndian.AppendUint64([]byte{sealedVersion}, uint64(expires))
	return key.Seal(sealed, nil, record, bound(room, id, sealed)), nil
}

// Open decrypts a record that Seal encrypted. It returns ErrExpired if the key was deleted because its minute has passed.
func (k *KeyRing) Open(room, id string, sealed []byte) (record []byte, err error) {
	if len(sealed) < sealedPrefix || sealed[0] != sealedVersion {
		return nil, errors.New("it is not sealed as this version of Mayfly does")
	}
	prefix, body := sealed[:sealedPrefix], sealed[sealedPrefix:]
	expires := minuteOf(int64(binary.BigEndian.Uint64(prefix[1:])))
	key := k.openingKey(expires)
	switch {
	case key == nil && expires.passed(k.now()):
		return nil, ErrExpired
	case key == nil:
		return nil, fmt.Errorf("there is no key %s", expires.file())
	}
	if record, err = key.Open(nil, nil, body, bound(room, id, prefix)); err != nil {
		return nil, errors.New("its key does not open it")
	}
	return record, nil
}

// bound returns the additional data that is authenticated with a sealed record.
func bound(room, id string, prefix []byte) []byte {
	return slices.Concat(prefix, []byte(room), []byte{' '}, []byte(id))
}
