// Package seal encrypts events for the disk with keys that it deletes when the events expire (crypto-shredding). It has
// three parts: Folder is the folder on disk, with its lock, its format and its free space; KeyRing holds the keys, one
// for each minute in which events expire; Seal and Open encrypt and decrypt a record. The package does not store the
// encrypted records: JetStream does.
//
// Files in order: seal.go, keyring.go, disk.go, try.go. Locks: KeyRing.making is taken before KeyRing.mu.
package seal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// ErrExpired is the error of Open for a record whose key was deleted because its minute has passed. This is the normal
// end of a record.
var ErrExpired = errors.New("it has expired")

const (
	sealedVersion = 1
	sealedPrefix  = 1 + 8 // the bytes of the version and of the deadline
)

// Seal encrypts record for the disk. It returns the version, then expires, then the encrypted record. expires is the
// record's deadline in Unix milliseconds. expires is not encrypted, because Open needs it to find the key. room, id (a
// hash) and expires are also authenticated: Open fails if somebody has changed the deadline, or has moved the record to
// another room or id.
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

// bound returns the additional data that AES-GCM authenticates together with a record: prefix, room and id.
func bound(room, id string, prefix []byte) []byte {
	return slices.Concat(prefix, []byte(room), []byte{' '}, []byte(id))
}
