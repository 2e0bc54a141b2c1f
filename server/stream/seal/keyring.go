package seal

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"time"
)

const (
	keySize     = 32               // bytes of an AES-256 key, and of the key that hashes ids
	idsFile     = "ids"            // the name of the file that contains the key for hashing ids (HashID)
	keyLayout   = "20060102T1504Z" // for time.Format; a key's file is named by the minute in which its messages expire
	temporary   = ".tmp"           // the suffix of a file that is not complete yet
	rotateEvery = 5 * time.Second  // the longest sleep of Run, so that it soon notices that the clock was set forward
	privateFile = 0o600
	privateDir  = 0o700
)

// A minute is the number of a minute of Unix time: 0 is the first minute of 1970. All messages that expire in the same
// minute have the same key.
type minute int64

func minuteOf(ms int64) minute { return minute(ms / time.Minute.Milliseconds()) }

func (m minute) end() time.Time            { return time.Unix(int64(m+1)*60, 0).UTC() }
func (m minute) passed(now time.Time) bool { return !now.Before(m.end()) }
func (m minute) file() string              { return m.end().Add(-time.Minute).Format(keyLayout) }
func minuteOfFile(name string) (minute, bool) {
	at, err := time.Parse(keyLayout, name)
	return minuteOf(at.UnixMilli()), err == nil
}

// KeyRing holds the keys of messages on disk: a random key for each minute in which messages expire. Once that minute has
// passed, the key is deleted. Without the key, nobody can read the messages, wherever their bytes still are
// (crypto-shredding): JetStream keeps expired bodies in its files for a while, and a disk keeps them even longer. Every
// key is synced to disk before it encrypts a message.
//
// If the clock is set forward, keys are deleted early, and their messages cannot be read again. That is on purpose: by
// the same clock, the hub has told every member that these messages have expired, and an expired message must not come
// back when the clock is corrected.
type KeyRing struct {
	dir string           // static
	ids []byte           // static; the key of HashID
	now func() time.Time // static; the node's clock, which never goes back
	log *slog.Logger     // static

	making sync.Mutex // held while a key is made and written, so that a minute gets one key; taken before mu

	mu   sync.Mutex // guards what follows; never held during a write to disk
	keys map[minute]cipher.AEAD
	used map[minute]bool // since the last Rotate: for each message that was sealed, the minute in which the message expires
}

// OpenKeyRing reads the keys in folder, and deletes the keys whose minute has passed. now is the node's clock.
func OpenKeyRing(folder *Folder, now func() time.Time, log *slog.Logger) (*KeyRing, error) {
	dir := folder.in(keysDir)
	if err := os.MkdirAll(dir, privateDir); err != nil {
		return nil, err
	}
	k := &KeyRing{dir: dir, now: now, log: log, keys: map[minute]cipher.AEAD{}, used: map[minute]bool{}}
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		if err := k.loadKey(f.Name()); err != nil {
			return nil, fmt.Errorf("key %s: %w", f.Name(), err)
		}
	}
	if k.ids == nil {
		if k.ids, err = k.writeKey(idsFile); err != nil {
			return nil, err
		}
	}
	return k, errors.Join(k.Rotate(now()), syncFolder(folder.path))
}

// loadKey reads one key file. It deletes a file that is damaged or not complete, because nothing can use it.
func (k *KeyRing) loadKey(name string) error {
	m, isMinute := minuteOfFile(name)
	if filepath.Ext(name) == temporary {
		return os.Remove(filepath.Join(k.dir, name))
	}
	if !isMinute && name != idsFile {
		return nil
	}
	key, err := os.ReadFile(filepath.Join(k.dir, name))
	if err != nil {
		return err
	}
	switch {
	case len(key) != keySize:
		k.log.Warn("a key is damaged: messages that need it cannot be read", "key", name, "bytes", len(key))
		return os.Remove(filepath.Join(k.dir, name))
	case isMinute:
		k.keys[m] = newAEAD(key)
	default:
		k.ids = key
	}
	return nil
}

// sealingKey returns the key of m for encryption. If there is no key yet, sealingKey makes one, and blocks until the key is
// written to disk. If m has passed, it returns a random key that is not stored, so nobody can decrypt the message.
func (k *KeyRing) sealingKey(m minute) (cipher.AEAD, error) {
	k.mu.Lock()
	key := k.keys[m]
	k.used[m] = true
	k.mu.Unlock()
	switch {
	case key != nil:
		return key, nil
	case m.passed(k.now()):
		return newAEAD(randomKey()), nil
	default:
		return k.makeKey(m)
	}
}

// openingKey returns the key of m for decryption, nil if there is no such key.
func (k *KeyRing) openingKey(m minute) cipher.AEAD {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.keys[m]
}

// makeKey returns the key of m. If there is no key yet, makeKey makes one and writes it to disk.
func (k *KeyRing) makeKey(m minute) (cipher.AEAD, error) {
	k.making.Lock()
	defer k.making.Unlock()
	if key := k.openingKey(m); key != nil {
		return key, nil
	}
	b, err := k.writeKey(m.file())
	if outOfRoom(err) {
		err = fmt.Errorf("%w: %w", ErrDiskFull, err)
	}
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	key := newAEAD(b)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.keys[m] = key
	return key, nil
}

// writeKey makes a random key and writes it to a file in k.dir. The parameter name is the name of the file. writeKey
// returns the key once the file is synced to disk.
func (k *KeyRing) writeKey(name string) (key []byte, err error) {
	key = randomKey()
	return key, Replace(filepath.Join(k.dir, name), key)
}

// Run calls Rotate at the end of each minute, and every rotateEvery, until ctx is done. After OpenKeyRing, nothing but Run
// deletes old keys.
func (k *KeyRing) Run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		now := k.now()
		if err := k.Rotate(now); err != nil {
			k.log.Warn("keys could not all be made or removed", "err", err)
		}
		timer.Reset(min(rotateEvery, minuteOf(now.UnixMilli()).end().Sub(now)))
	}
}

// Rotate deletes the keys whose minute has passed. It also makes keys in advance, so that few appends have to wait for
// the disk. For each minute m in k.used, it makes the key of the minute m+1: users are posting, so messages that expire
// in m+1 will follow.
func (k *KeyRing) Rotate(now time.Time) error {
	k.mu.Lock()
	used := k.used
	k.used = map[minute]bool{}
	maps.DeleteFunc(k.keys, func(m minute, _ cipher.AEAD) bool { return m.passed(now) })
	k.mu.Unlock()
	err := k.removeOld(now)
	for m := range used {
		if next := m + 1; !next.passed(now) {
			_, failed := k.makeKey(next)
			err = errors.Join(err, failed)
		}
	}
	return err
}

// removeOld deletes the key files whose minute has passed. It reads the names of all files in the folder each time,
// because an earlier deletion may have failed, or an old file may have been restored.
func (k *KeyRing) removeOld(now time.Time) error {
	files, err := os.ReadDir(k.dir)
	removed := false
	for _, f := range files {
		if m, ok := minuteOfFile(f.Name()); ok && m.passed(now) {
			err = errors.Join(err, os.Remove(filepath.Join(k.dir, f.Name())))
			removed = true
		}
	}
	if removed {
		err = errors.Join(err, syncFolder(k.dir))
	}
	return err
}

// HashID returns a keyed hash of id. Equal ids have equal hashes, so JetStream recognises a repeat by the hash. But the
// stored hash does not reveal which user posted a message.
func (k *KeyRing) HashID(id string) string {
	h := hmac.New(sha256.New, k.ids)
	h.Write([]byte(id))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:18])
}

func randomKey() []byte {
	key := make([]byte, keySize)
	rand.Read(key) //nolint:errcheck // never fails
	return key
}

// newAEAD returns AES-256-GCM with a random nonce for each message. One key is safe for 2^32 messages.
func newAEAD(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err) // never happens, because key has keySize bytes
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err)
	}
	return aead
}
