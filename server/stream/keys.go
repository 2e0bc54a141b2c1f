package stream

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

	"mayfly/server/hub"
)

const (
	keySize     = 32               // of AES-256, and of the key that hides ids
	idsFile     = "ids"            // holds the latter
	keyLayout   = "20060102T1504Z" // a key's file is named for its minute
	temporary   = ".tmp"           // at the end of a file's name until it is whole
	tendEvery   = 5 * time.Second  // how late a jump of the clock is noticed
	privateFile = 0o600
	privateDir  = 0o700
)

// minute is one of the Unix clock's: messages that expire in the same one have the same key.
type minute int64

func minuteOf(ms int64) minute { return minute(ms / time.Minute.Milliseconds()) }

func (m minute) end() time.Time            { return time.Unix(int64(m+1)*60, 0).UTC() }
func (m minute) passed(now time.Time) bool { return !now.Before(m.end()) }
func (m minute) file() string              { return m.end().Add(-time.Minute).Format(keyLayout) }
func minuteOfFile(name string) (minute, bool) {
	at, err := time.Parse(keyLayout, name)
	return minuteOf(at.UnixMilli()), err == nil
}

// keyRing holds the keys of messages on disk: a random one for each minute in which messages expire. When its minute has
// passed a key is removed, and with it what it sealed, wherever copies of that may be: JetStream leaves expired bodies in
// its files for a while, and a disk for longer. Every key is safely on disk before anything is sealed with it.
//
// A clock that is set forward takes keys early, and with them messages that were accepted, for good. That is meant: the hub has
// told everyone that they have expired, by the same clock, and what has expired must not come back when the clock is put right.
type keyRing struct {
	dir   string       // static
	ids   []byte       // static: what hide uses
	clock *hub.Clock   // static
	log   *slog.Logger // static

	making sync.Mutex // held while a key is written, so that a minute has one

	mu    sync.Mutex // guards what follows; never held while something is written
	keys  map[minute]cipher.AEAD
	asked map[minute]bool // those that something was sealed for since the last tend
}

// openKeys reads the keys in dir, which it makes if need be, and removes those whose minute has passed.
func openKeys(dir string, clock *hub.Clock, log *slog.Logger) (*keyRing, error) {
	if err := os.MkdirAll(dir, privateDir); err != nil {
		return nil, err
	}
	k := &keyRing{dir: dir, clock: clock, log: log, keys: map[minute]cipher.AEAD{}, asked: map[minute]bool{}}
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		if err := k.load(f.Name()); err != nil {
			return nil, fmt.Errorf("key %s: %w", f.Name(), err)
		}
	}
	if k.ids == nil {
		if k.ids, err = k.write(idsFile); err != nil {
			return nil, err
		}
	}
	return k, k.tend(clock.Now())
}

// load reads one key. One that was damaged is of no use to anybody and goes, with a word to the log.
func (k *keyRing) load(name string) error {
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

// forSealing returns the key of m. It makes one, which waits for the disk, unless tend already has. For a minute that has
// passed it is one that nobody keeps.
func (k *keyRing) forSealing(m minute) (cipher.AEAD, error) {
	k.mu.Lock()
	key := k.keys[m]
	k.asked[m] = true
	k.mu.Unlock()
	switch {
	case key != nil:
		return key, nil
	case m.passed(k.clock.Now()):
		return newAEAD(randomKey()), nil
	default:
		return k.make(m)
	}
}

// forOpening returns the key of m, nil if there is none.
func (k *keyRing) forOpening(m minute) cipher.AEAD {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.keys[m]
}

// make returns the key of m, which it writes if there is none yet.
func (k *keyRing) make(m minute) (cipher.AEAD, error) {
	k.making.Lock()
	defer k.making.Unlock()
	if key := k.forOpening(m); key != nil {
		return key, nil
	}
	b, err := k.write(m.file())
	if outOfRoom(err) {
		err = fmt.Errorf("%w: %w", errDiskFull, err)
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

// write makes a key and returns it once it is safely in the file of that name.
func (k *keyRing) write(name string) (key []byte, err error) {
	key = randomKey()
	path := filepath.Join(k.dir, name)
	f, err := os.OpenFile(path+temporary, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, privateFile)
	if err != nil {
		return nil, err
	}
	_, err = f.Write(key)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(path+temporary, path)
	}
	if err != nil {
		return nil, errors.Join(err, os.Remove(path+temporary))
	}
	return key, syncFolder(k.dir)
}

// run tends the keys until ctx is done, soon after the end of each minute. No other goroutine does.
func (k *keyRing) run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		now := k.clock.Now()
		if err := k.tend(now); err != nil {
			k.log.Warn("keys could not all be made or removed", "err", err)
		}
		timer.Reset(min(tendEvery, minuteOf(now.UnixMilli()).end().Sub(now)))
	}
}

// tend removes the keys whose minute has passed, and makes those that will soon be needed, so that no append waits for
// the disk: messages that expire in a minute are followed by some that expire in the next.
func (k *keyRing) tend(now time.Time) error {
	k.mu.Lock()
	asked := k.asked
	k.asked = map[minute]bool{}
	maps.DeleteFunc(k.keys, func(m minute, _ cipher.AEAD) bool { return m.passed(now) })
	k.mu.Unlock()
	err := k.remove(now)
	for m := range asked {
		if next := m + 1; !next.passed(now) {
			_, failed := k.make(next)
			err = errors.Join(err, failed)
		}
	}
	return err
}

// remove removes the files whose minute has passed: all that are there, should one have been left or come back.
func (k *keyRing) remove(now time.Time) error {
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

// hide returns id as nobody can read it who has not seen it before: what is stored with a message makes repeats known,
// and must not say who posted.
func (k *keyRing) hide(id string) string {
	h := hmac.New(sha256.New, k.ids)
	h.Write([]byte(id))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:18])
}

func randomKey() []byte {
	key := make([]byte, keySize)
	rand.Read(key) //nolint:errcheck // never fails
	return key
}

// newAEAD returns AES-256-GCM with a random nonce a message, which is good for 2^32 messages a key.
func newAEAD(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err) // not of keySize
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err)
	}
	return aead
}
