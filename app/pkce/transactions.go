package pkce

import (
	"crypto/rand"
	"strings"
	"time"

	"mayfly/app/browser"
	"mayfly/shared/clock"
)

const maxTries = 5 // how many sign-ins one tab may begin in one minute of the wall clock

// transactions stores one transaction for each sign-in that has begun, until the provider sends the user back. Its fields
// are static.
type transactions struct {
	store Storage
	tab   Storage // the tab's own storage, in which mayTry counts
}

// mayTry is a rate limit against a redirect loop between the page and the provider. It counts the sign-ins that this tab
// begins in one minute, and reports whether the tab may begin this one. It stores the minute and one dot for each
// sign-in. It ignores an error of the storage, because save, which runs soon after, reports that error.
func (t *transactions) mayTry(now clock.Moment) bool {
	minute := itoa(now.Wall.Unix() / 60)
	stored, _ := t.tab.Load(browser.TriesKey)
	if !strings.HasPrefix(stored, minute) {
		stored = minute
	}
	_ = t.tab.Save(browser.TriesKey, stored+".")
	return len(stored) < len(minute)+maxTries
}

// save stores a transaction under its OAuth state, and reports whether that worked. pairs are the names and values of the
// transaction, alternating.
func (t *transactions) save(state string, pairs ...string) bool {
	return t.store.Save(browser.TransactionKey+state, encodeQuery(pairs...)) == nil
}

// take returns the transaction of an OAuth state and deletes it, so that a second call with the same state finds nothing.
// It returns nil if there is no such transaction or the storage cannot delete it.
func (t *transactions) take(state string) map[string]string {
	key := browser.TransactionKey + state
	stored, _ := t.store.Load(key)
	if stored == "" || t.store.Delete(key) != nil {
		return nil
	}
	return parseQuery(stored)
}

// sweep deletes the transactions that are minAge old or older.
func (t *transactions) sweep(minAge time.Duration, now clock.Moment) {
	keys, _ := t.store.Keys()
	for _, key := range keys {
		if strings.HasPrefix(key, browser.TransactionKey) {
			stored, _ := t.store.Load(key)
			if age(parseQuery(stored), now) >= minAge {
				_ = t.store.Delete(key)
			}
		}
	}
}

// age returns how long ago the sign-in of a transaction began. If the clock was set back meanwhile, the difference is
// negative; then age drops its sign.
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
