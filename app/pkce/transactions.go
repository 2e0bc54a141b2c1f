package pkce

import (
	"crypto/rand"
	"strings"
	"time"

	"mayfly/app/browser"
	"mayfly/shared/clock"
)

const maxTries = 5 // sign-ins that one tab may begin within one minute of the clock

// transactions stores the sign-ins that have begun and not returned yet. Its fields are static.
type transactions struct {
	store Storage
	tab   Storage // counts the sign-ins that the tab begins
}

// mayTry is a rate limit: it counts the sign-ins that this tab begins and reports whether this one is allowed. Only a
// redirect loop between page and provider begins more. It stores the minute and one dot for each sign-in. If the storage
// fails, save fails soon after.
func (t *transactions) mayTry(now clock.Moment) bool {
	minute := itoa(now.Wall.Unix() / 60)
	stored, _ := t.tab.Load(browser.TriesKey)
	if !strings.HasPrefix(stored, minute) {
		stored = minute
	}
	_ = t.tab.Save(browser.TriesKey, stored+".")
	return len(stored) < len(minute)+maxTries
}

// save stores a transaction under its OAuth state, as alternating names and values. It reports whether that worked.
func (t *transactions) save(state string, pairs ...string) bool {
	return t.store.Save(browser.TransactionKey+state, encodeQuery(pairs...)) == nil
}

// take deletes the transaction of an OAuth state and returns it. It returns nil if there is none or it cannot be deleted, so
// that a second call with the same state finds nothing.
func (t *transactions) take(state string) map[string]string {
	key := browser.TransactionKey + state
	stored, _ := t.store.Load(key)
	if stored == "" || t.store.Delete(key) != nil {
		return nil
	}
	return parseQuery(stored)
}

// sweep deletes the transactions of at least this age.
func (t *transactions) sweep(from time.Duration, now clock.Moment) {
	keys, _ := t.store.Keys()
	for _, key := range keys {
		if strings.HasPrefix(key, browser.TransactionKey) {
			stored, _ := t.store.Load(key)
			if age(parseQuery(stored), now) >= from {
				_ = t.store.Delete(key)
			}
		}
	}
}

// age returns how long ago a sign-in began. It is never negative, because the clock may have been set back since.
func age(transaction map[string]string, now clock.Moment) time.Duration {
	return now.Wall.Sub(time.UnixMilli(milliseconds(transaction["created"]))).Abs()
}

// random returns 32 random bytes as 43 characters of base64url.
func random() string {
	var b [32]byte
	rand.Read(b[:]) // never fails
	return encode64(b[:])
}

// safePath returns path if it leads to this origin and not to the callback; otherwise it returns "/".
func safePath(path string) string {
	bare, _, _ := strings.Cut(path, "#")
	bare, _, _ = strings.Cut(bare, "?")
	safe := len(path) <= 2048 && strings.HasPrefix(bare, "/") && !strings.HasPrefix(bare, CallbackPath) &&
		!strings.Contains(bare, "//") && !strings.Contains(bare, "/.")
	for i := range len(path) {
		safe = safe && path[i] > ' ' && path[i] != 0x7f && path[i] != '\\'
	}
	if !safe {
		return "/"
	}
	return path
}
