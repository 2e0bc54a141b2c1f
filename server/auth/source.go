package auth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"sync"
	"time"
)

const (
	deniedFor = 5 * time.Minute // a source is not asked that refused our token

	limitedAtLeast = time.Second // nor one that asked to wait; longer if it says so
	limitedAtMost  = time.Minute // what it says may be nonsense

	breakAfter = 5                // failures in a row
	brokenFor  = 30 * time.Second // it is not asked then

	retryAtLeast = 100 * time.Millisecond // after a failure that may pass
	retryAtMost  = 300 * time.Millisecond
)

// The sources of names, in metrics and logs.
const (
	sourceOkta     = "okta"
	sourceUserinfo = "userinfo"
)

// statusActive is the status, in Okta, of whoever may sign in.
const statusActive = "ACTIVE"

// profile is what a source knows about a person. Both may be empty.
type profile struct{ name, status string }

var (
	errNobody = errors.New("the source says nothing about the person")
	errDenied = errors.New("the source refuses our token")
	errPaused = errors.New("the source is not asked for a while")
)

// limitedError is a source's wish not to be asked for so long.
type limitedError struct{ wait time.Duration }

func (e limitedError) Error() string { return fmt.Sprintf("the source asks to wait for %s", e.wait) }

// source is one that is asked over the network what people are called.
type source struct {
	name    string // static
	client  *http.Client
	request func(ctx context.Context, person, bearer string) (*http.Request, error) // static; errNobody if there is nothing to ask
	read    func(body []byte, person string) (profile, error)                       // static
	metrics *metrics                                                                // static
	log     *slog.Logger                                                            // static

	mu       sync.Mutex // guards what follows
	paused   time.Time  // until then
	failures int        // in a row
}

// oktaID is what Okta's ids look like. Nothing else goes into the URL: "me" would be the owner of the API token.
var oktaID = regexp.MustCompile(`^[A-Za-z0-9]{10,64}$`)

// newOkta returns Okta's Users API at base.
func newOkta(base, token string, client *http.Client, m *metrics, log *slog.Logger) *source {
	s := &source{name: sourceOkta, client: client, metrics: m, log: log}
	s.request = func(ctx context.Context, person, _ string) (*http.Request, error) {
		if !oktaID.MatchString(person) {
			return nil, errNobody
		}
		return get(ctx, base+"/api/v1/users/"+url.PathEscape(person), "SSWS "+token)
	}
	s.read = func(body []byte, person string) (profile, error) {
		var user struct {
			ID      string `json:"id"`
			Status  string `json:"status"`
			Profile struct {
				FirstName   string `json:"firstName"`
				LastName    string `json:"lastName"`
				DisplayName string `json:"displayName"`
				Login       string `json:"login"`
			} `json:"profile"`
		}
		if err := json.Unmarshal(body, &user); err != nil {
			return profile{}, errors.New("the answer is not the JSON of a user")
		}
		if user.ID != person {
			return profile{}, errors.New("the answer is about somebody else")
		}
		p := user.Profile
		return profile{firstName(p.FirstName+" "+p.LastName, p.DisplayName, mailbox(p.Login)), user.Status}, nil
	}
	return s
}

// newUserinfo returns the issuer's userinfo endpoint, which is asked with the person's own access token.
func newUserinfo(endpoint func() string, client *http.Client, m *metrics, log *slog.Logger) *source {
	s := &source{name: sourceUserinfo, client: client, metrics: m, log: log}
	s.request = func(ctx context.Context, _, bearer string) (*http.Request, error) {
		at := endpoint()
		if at == "" {
			return nil, errNobody
		}
		return get(ctx, at, "Bearer "+bearer)
	}
	s.read = func(body []byte, person string) (profile, error) {
		claims, err := newObject(body, claimNames)
		if err != nil {
			return profile{}, fmt.Errorf("the answer: %w", err)
		}
		if sub, _ := claims.text("sub"); sub != person {
			return profile{}, errors.New("the answer is about somebody else")
		}
		return profile{name: claimedName(claims)}, nil
	}
	return s
}

func get(ctx context.Context, at, authorization string) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", authorization)
	r.Header.Set("Accept", "application/json")
	return r, nil
}

// ask asks about a person, twice if it fails in a way that may pass and ctx allows. Any error but errNobody says that one does
// not know.
func (s *source) ask(ctx context.Context, person, bearer string) (profile, error) {
	for tried := false; ; tried = true {
		if s.resting(time.Now()) {
			return profile{}, errPaused
		}
		found, err := s.once(ctx, person, bearer)
		if passing := s.note(err); !passing || tried {
			return found, err
		}
		select {
		case <-time.After(retryAtLeast + rand.N(retryAtMost-retryAtLeast)):
		case <-ctx.Done():
			return profile{}, err
		}
	}
}

// once sends one request, if there is anything to ask.
func (s *source) once(ctx context.Context, person, bearer string) (profile, error) {
	r, err := s.request(ctx, person, bearer)
	if err != nil {
		return profile{}, err
	}
	found, err := s.do(r, person)
	var limited limitedError
	result := lookedFailed
	switch {
	case err == nil:
		result = lookedFound
	case errors.Is(err, errNobody):
		result = lookedNobody
	case errors.Is(err, errDenied):
		result = lookedRefused
	case errors.As(err, &limited):
		result = lookedLimited
	}
	s.metrics.lookups.WithLabelValues(s.name, result).Inc()
	return found, err
}

func (s *source) do(r *http.Request, person string) (profile, error) {
	resp, err := s.client.Do(r)
	if err != nil {
		return profile{}, err
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusOK:
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			return profile{}, err
		}
		return s.read(body, person)
	case http.StatusUnauthorized, http.StatusForbidden:
		if s.name == sourceUserinfo { // the token is the person's, and may be for other things alone
			return profile{}, errNobody
		}
		return profile{}, fmt.Errorf("%w: %s", errDenied, resp.Status)
	case http.StatusNotFound:
		return profile{}, errNobody
	case http.StatusTooManyRequests:
		return profile{}, limitedError{waitFor(resp.Header)}
	default:
		return profile{}, errors.New(resp.Status)
	}
}

// waitFor returns how long an answer that says "too many" asks to wait. Its clock is the server's own, in Date.
func waitFor(h http.Header) time.Duration {
	wait := limitedAtMost
	reset, err := strconv.ParseInt(h.Get("X-Rate-Limit-Reset"), 10, 64)
	date, dateErr := http.ParseTime(h.Get("Date"))
	if err == nil && dateErr == nil {
		wait = seconds(float64(reset-date.Unix())) + time.Second
	} else if after, err := strconv.ParseInt(h.Get("Retry-After"), 10, 32); err == nil {
		wait = time.Duration(after) * time.Second
	}
	return min(max(wait, limitedAtLeast), limitedAtMost)
}

func (s *source) resting(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return now.Before(s.paused)
}

// note counts how a request ended and pauses the source if it must be. It reports whether the error may pass soon.
func (s *source) note(err error) (passing bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	var limited limitedError
	var pause time.Duration
	switch {
	case err == nil, errors.Is(err, errNobody):
		s.failures = 0
		return false
	case errors.Is(err, context.Canceled): // we are stopping
		return false
	case errors.Is(err, errDenied):
		pause = deniedFor
	case errors.As(err, &limited):
		pause = limited.wait
	default:
		if s.failures++; s.failures < breakAfter {
			return true
		}
		pause = brokenFor
	}
	if !now.Before(s.paused) { // one line for all that were under way
		s.log.Warn("people's names cannot be looked up for a while", "source", s.name, "err", clip(err.Error(), maxFailure), "pause", pause)
	}
	if until := now.Add(pause); until.After(s.paused) {
		s.paused = until
	}
	return false
}
