package pkce

import (
	"crypto/rand"
	"strings"
	"time"

	"mayfly/app/browser"
	"mayfly/shared/clock"
)

const maxTries = 5 // how many sign-ins one tab may begin in one minute of the wall clock

// transactions stores one transaction for each sign-in that has begun, until the provider sends the user back. A transaction
// holds what Callback needs to complete the sign-in, such as the PKCE verifier and the path to show. The fields are static.
type transactions struct {
	store Storage
	tab   Storage // the tab's own storage, in which mayTry counts
}

// mayTry is a rate limit. It stops a loop in which the page and the provider send the browser to each other without end. It
// counts the sign-ins that this tab begins in one minute of the wall clock, and returns false after maxTries. It stores the
// minute, followed by one dot for each sign-in. mayTry ignores an error of the storage: save uses the storage soon after,
// and reports the error.
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

// sweep deletes the transactions whose sign-in began minAge ago or earlier; if minAge is 0, all transactions.
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

// age returns how long ago the sign-in of a transaction began. If the clock was set back since then, the difference is
// negative, and age returns it without the sign: otherwise such a transaction would seem to be new for too long.
func age(transaction map[string]string, now clock.Moment) time.Duration {
	return now.Wall.Sub(time.UnixMilli(milliseconds(transaction["created"]))).Abs()
}

// random returns 32 random bytes as 43 characters of base64url.
func random() string {
	var b [32]byte
	rand.Read(b[:]) // never fails
	return encode64(b[:])
}

// safePath returns path if the page can safely go there: path leads to this origin, and not to CallbackPath. Otherwise
// safePath returns "/".
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
