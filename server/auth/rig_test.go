package auth_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"mayfly/server/auth"
	"mayfly/server/authtest"
	"mayfly/shared/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const testTimeout = 2 * time.Minute // only a hang reaches it

// The names of package authtest that the tests here use all the time.
const (
	issuer   = authtest.IssuerURL
	client   = authtest.Client
	audience = authtest.Audience
	ada      = authtest.Ada

	pathConfig   = authtest.PathConfig
	pathKeys     = authtest.PathKeys
	pathUserinfo = authtest.PathUserinfo
	pathUsers    = authtest.PathUsers
)

var (
	key1, key2, key1024   = authtest.Key1, authtest.Key2, authtest.Key1024
	keyEC, keyP384, keyEd = authtest.KeyEC, authtest.KeyP384, authtest.KeyEd
	claims, standard      = authtest.Claims, authtest.Standard
	header, sign, good    = authtest.Header, authtest.Sign, authtest.Good
	with, jwk             = authtest.With, authtest.JWK
	status, late, user    = authtest.Status, authtest.Late, authtest.User
	writeJSON             = authtest.WriteJSON
	encode, decode        = authtest.Encode, authtest.Decode
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// rig is a verifier that runs, with its issuer.
type rig struct {
	*auth.Verifier
	idp     *authtest.Issuer
	logs    *safeBuffer
	metrics *prometheus.Registry
	stop    func()
	ready   *watcher // on real sockets, tells when the keys are loaded
}

// bubble runs test on virtual time, with a verifier. Before that, setup may change the verifier's configuration and its
// issuer.
func bubble(t *testing.T, setup func(*auth.Config, *authtest.Issuer), test func(*testing.T, *rig)) {
	t.Helper()
	key1() // make the key outside the bubble, because that takes real time
	synctest.Test(t, func(t *testing.T) {
		r := start(t, setup)
		defer r.stop()
		synctest.Wait()
		test(t, r)
	})
}

func start(t *testing.T, setup func(*auth.Config, *authtest.Issuer)) *rig {
	t.Helper()
	cfg := auth.Config{Issuer: issuer, ClientIDs: []string{client, "0oaOther"}, Audience: audience}
	r := &rig{idp: authtest.NewIssuer(), logs: &safeBuffer{}, metrics: prometheus.NewRegistry()}
	if setup != nil {
		setup(&cfg, r.idp)
	}
	v, err := auth.NewVerifier(cfg, r.idp, r.metrics, slog.New(slog.NewTextHandler(r.logs, nil)))
	if err != nil {
		t.Fatal(err)
	}
	r.Verifier = v
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- v.Run(ctx) }()
	r.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run = %v", err)
		}
	})
	return r
}

// refusal returns why token is refused.
func (r *rig) refusal(t *testing.T, token string) *auth.Error {
	t.Helper()
	id, err := r.Verify(t.Context(), token, "")
	var refusal *auth.Error
	if !errors.As(err, &refusal) {
		t.Fatalf("Verify = %+v, %v, want a refusal", id, err)
	}
	if id != (auth.Identity{}) {
		t.Errorf("a refused token has the identity %+v", id)
	}
	return refusal
}

// want checks that the token is refused for reason, as the protocol says, and that the refusal contains no secret.
func (r *rig) want(t *testing.T, token string, reason wire.Reason) *auth.Error {
	t.Helper()
	e := r.refusal(t, token)
	if e.Reason != reason {
		t.Fatalf("refused as %v, want %s", e, reason)
	}
	if e.Code != reason.Code() {
		t.Errorf("code %q, want %q", e.Code, reason.Code())
	}
	if e.Message == "" {
		t.Error("no message")
	}
	if strings.Contains(e.Message, "You are signed in") || strings.Contains(e.Message, "signed out") {
		t.Errorf("%q: before it the page says that the user is signed out, or signed in", e.Message)
	}
	switch reason {
	case wire.ReasonTokenMissing, wire.ReasonTokenExpired, wire.ReasonTokenTooEarly, wire.ReasonTokenFuture, wire.ReasonUserInactive:
		if e.Wrong {
			t.Errorf("%s counts as wrong for good", reason)
		}
	case wire.ReasonTokenKeyUnknown: // TestUnknownKeysThatAreWrong checks this one
	default:
		if !e.Wrong {
			t.Errorf("%s does not count as wrong", reason)
		}
	}
	if (e.Next == wire.NextLater) != (e.Retry > 0) {
		t.Errorf("next %q and retry %v do not go together", e.Next, e.Retry)
	}
	logs := &bytes.Buffer{}
	slog.New(slog.NewTextHandler(logs, nil)).Info("refused", "err", e)
	if said := fmt.Sprint(e, e.Message, logs); len(token) > 40 && strings.Contains(said, token[len(token)-40:]) {
		t.Errorf("the token is in %s", said)
	}
	return e
}

// identity returns the identity in token, which must be good.
func (r *rig) identity(t *testing.T, token, idToken string) auth.Identity {
	t.Helper()
	id, err := r.Verify(t.Context(), token, idToken)
	if err != nil {
		t.Fatalf("Verify: %v", err)
	}
	return id
}

var discard = slog.New(slog.DiscardHandler)

func newRegistry() *prometheus.Registry { return prometheus.NewRegistry() }

func jsonOf(v any) (string, error) {
	b, err := json.Marshal(v)
	return string(b), err
}

// startNew runs a verifier as the server makes it, until the test ends. Its log goes to logs, too.
func startNew(t *testing.T, cfg auth.Config, logs io.Writer) *rig {
	t.Helper()
	v, err := auth.New(cfg, prometheus.NewRegistry(), slog.New(slog.NewTextHandler(logs, nil)))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- v.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	return &rig{Verifier: v}
}

// safeBuffer is a log that may be read while it is written.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(b)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// watcher is a log that closes seen when text was written to it.
type watcher struct {
	text string
	seen chan struct{}
	once sync.Once
}

func (w *watcher) Write(line []byte) (int, error) {
	if bytes.Contains(line, []byte(w.text)) {
		w.once.Do(func() { close(w.seen) })
	}
	return len(line), nil
}

func (w *watcher) wait(t *testing.T) {
	t.Helper()
	select {
	case <-w.seen:
	case <-time.After(testTimeout):
		t.Fatalf("the log never said %q", w.text)
	}
}
