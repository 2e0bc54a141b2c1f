package revocation_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"mayfly/server/revocation"
	"mayfly/server/stream/streamtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const phone, laptop = "AAAAAAAAAAAAAAAAAAAAAA", "BBBBBBBBBBBBBBBBBBBBBB"

// node is one node's revocations, inside a synctest bubble.
type node struct {
	*revocation.Revocations
	store *streamtest.Facts
}

// bubble runs test with a node.
func bubble(t *testing.T, test func(t *testing.T, n node)) {
	synctest.Test(t, func(t *testing.T) {
		store := &streamtest.Facts{}
		n := node{revocation.New(store, slog.New(slog.DiscardHandler)), store}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			n.Run(ctx)
		}()
		test(t, n)
		stop()
		<-ended
	})
}

// holder is a connection, and whether it was ended.
type holder struct {
	*revocation.Holder
	ended bool
}

// show returns a connection that has shown a token, and the error of Admit.
func (n node) show(user, jti, signInID string) (*holder, error) {
	h := &holder{}
	h.Holder = n.NewHolder(func() { h.ended = true })
	err := h.Admit(context.Background(), revocation.Token{User: user, JTI: jti, SignInID: signInID, Expires: time.Now().Add(time.Hour)})
	return h, err
}

func (n node) mustShow(t *testing.T, user, jti, signInID string) *holder {
	t.Helper()
	h, err := n.show(user, jti, signInID)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// wantRevoked checks whether a token is refused as revoked.
func (n node) wantRevoked(t *testing.T, user, jti, signInID string, want bool) {
	t.Helper()
	h, err := n.show(user, jti, signInID)
	h.Forget()
	if errors.Is(err, revocation.ErrRevoked) != want {
		t.Errorf("%s of %s in %q: %v, want it to be revoked: %t", jti, user, signInID, err, want)
	}
}

// TestOneTokenInManySessions: a client that makes up a sign-in for each connection does not push out other users'
// revocations, and its own sign-out ends all that it should.
func TestOneTokenInManySessions(t *testing.T) {
	bubble(t, func(t *testing.T, n node) {
		signIn := func(i int) string { return fmt.Sprintf("%022d", i) }
		for i := range 200 {
			n.mustShow(t, "eve", "one", signIn(i)).Forget()
		}
		synctest.Wait()
		if known := n.Known(); known != revocation.MaxSessions {
			t.Errorf("%d are known of one token, want %d", known, revocation.MaxSessions)
		}
		if kept := len(n.store.Kept()); kept != revocation.MaxSessions {
			t.Errorf("the ledger has %d of one token, want %d", kept, revocation.MaxSessions)
		}
		last := n.mustShow(t, "eve", "one", signIn(200))
		last.SignOut()
		if !last.ended {
			t.Error("the connection that signs out is not ended")
		}
		last.Forget()
		n.wantRevoked(t, "eve", "one", "", true)
		n.wantRevoked(t, "eve", "two", signIn(200), true)
		if held := n.Holders(); held != 0 {
			t.Errorf("%d are held after every connection has ended", held)
		}
		time.Sleep(25 * time.Hour)
		if known := n.Known(); known != 0 {
			t.Errorf("%d are known a day later", known)
		}
	})
}

// TestWhatIsKnownIsBounded: the oldest revocations are forgotten first, and expired ones by themselves.
func TestWhatIsKnownIsBounded(t *testing.T) {
	bubble(t, func(t *testing.T, n node) {
		until := time.Now().Add(24 * time.Hour)
		keep := func(fact string) {
			t.Helper()
			if err := n.store.Keep(context.Background(), fact, until); err != nil {
				t.Fatal(err)
			}
		}
		h := n.mustShow(t, "ada", "one", phone)
		h.SignOut()
		h.Forget()
		synctest.Wait()
		for i := range revocation.MaxKnown - 10 {
			keep(fmt.Sprintf("out %d", i))
		}
		n.wantRevoked(t, "ada", "one", phone, true)
		for i := range 100 {
			keep(fmt.Sprintf("saw s%d t%d", i, i))
		}
		n.wantRevoked(t, "ada", "one", "", false)
		if known := n.Known(); known != revocation.MaxKnown {
			t.Errorf("%d are known, want %d", known, revocation.MaxKnown)
		}
		keep("what a newer node says")
		time.Sleep(25 * time.Hour)
		if known := n.Known(); known > 2 {
			t.Errorf("%d are known a day later", known)
		}
	})
}

// TestOtherSignInsStay: a sign-out ends the sign-in on every connection, and no other sign-in of the user.
func TestOtherSignInsStay(t *testing.T) {
	bubble(t, func(t *testing.T, n node) {
		one, two, other := n.mustShow(t, "ada", "one", phone), n.mustShow(t, "ada", "two", phone), n.mustShow(t, "ada", "three", laptop)
		one.SignOut()
		if !one.ended || !two.ended || other.ended {
			t.Errorf("ended: %t, %t and %t, want the first two", one.ended, two.ended, other.ended)
		}
		n.wantRevoked(t, "ada", "two", laptop, true)
		n.wantRevoked(t, "ada", "three", laptop, false)
	})
}
