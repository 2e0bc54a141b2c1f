package names

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
	deniedPause = 5 * time.Minute // how long a source is not asked after it has refused our API token

	// After the answer "too many requests", the source is paused for the time that the answer asks for, within these
	// limits.
	minLimitedPause = time.Second // the shortest pause, also if the source asks for a shorter one
	maxLimitedPause = time.Minute // the longest pause, also if the source asks for a longer one

	breakAfter  = 5                // after this many consecutive failures, the source is paused for brokenPause
	brokenPause = 30 * time.Second // how long a source is not asked after breakAfter consecutive failures

	// After a failure that may be temporary, source.ask waits for a random time between minSecondTry and maxSecondTry.
	// Then it sends the request once more.
	minSecondTry = 100 * time.Millisecond
	maxSecondTry = 300 * time.Millisecond
)

// maxFailure is the most characters of an error text that are logged. An error text may quote a long answer of the
// source.
const maxFailure = 300

// These are the names of the sources in metrics and logs.
const (
	sourceOkta     = "okta"
	sourceUserinfo = "userinfo"
)

// statusActive is the status of users in Okta who may sign in. A user with any other status is not active.
const statusActive = "ACTIVE"

// profile is the answer of a source about a user: the user's display name, and the status in Okta. Both may be empty.
// userinfo has no status.
type profile struct{ name, status string }

var (
	errNobody = errors.New("the source says nothing about the person")
	errDenied = errors.New("the source refuses our token")
	errPaused = errors.New("the source is not asked for a while")
)

// limitedError is the error for the answer "too many requests": the source asks us to wait.
type limitedError struct{ wait time.Duration }

func (e limitedError) Error() string { return fmt.Sprintf("the source asks to wait for %s", e.wait) }

// source is a service that knows the names of users: Okta's Users API, or the issuer's userinfo endpoint. It has a
// circuit breaker: after certain failures the source is paused. During the pause, no request is sent.
type source struct {
	name    string       // static
	client  *http.Client // static
	metrics *metrics     // static
	log     *slog.Logger // static

	// request builds the HTTP request that asks the source about a user. subject is the issuer's id of the user; bearer
	// is the user's access token. If the source cannot know the user, request returns errNobody. The field is set once,
	// then only read.
	request func(ctx context.Context, subject, bearer string) (*http.Request, error)
	// parse returns the profile in body, an answer of the source. If the answer is about another user than subject, it
	// returns an error. The field is set once, then only read.
	parse func(body []byte, subject string) (profile, error)

	mu       sync.Mutex // guards what follows
	paused   time.Time  // the end of the pause, in which the source is not asked
	failures int        // failures since the last success, except errDenied, limitedError and context.Canceled
}

// oktaID matches the ids that Okta gives to users. Other ids are never put into a request: for the id "me", for example,
// Okta would return the owner of the API token.
var oktaID = regexp.MustCompile(`^[A-Za-z0-9]{10,64}$`)

// newOkta returns a source that asks Okta's Users API with our API token.
func newOkta(c Config, client *http.Client, m *metrics, log *slog.Logger) *source {
	s := &source{name: sourceOkta, client: client, metrics: m, log: log}
	s.request = func(ctx context.Context, subject, _ string) (*http.Request, error) {
		if !oktaID.MatchString(subject) {
			return nil, errNobody
		}
		return get(ctx, c.Okta+"/api/v1/users/"+url.PathEscape(subject), "SSWS "+c.OktaToken)
	}
	s.parse = func(body []byte, subject string) (profile, error) {
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
		if user.ID != subject {
			return profile{}, errors.New("the answer is about somebody else")
		}
		p := user.Profile
		return profile{firstName(p.FirstName+" "+p.LastName, p.DisplayName, mailbox(p.Login)), user.Status}, nil
	}
	return s
}

// newUserinfo returns a source that asks the issuer's userinfo endpoint with the access token of the user.
func newUserinfo(c Config, client *http.Client, m *metrics, log *slog.Logger) *source {
	s := &source{name: sourceUserinfo, client: client, metrics: m, log: log}
	s.request = func(ctx context.Context, _, bearer string) (*http.Request, error) {
		at := c.Userinfo()
		if at == "" {
			return nil, errNobody
		}
		return get(ctx, at, "Bearer "+bearer)
	}
	s.parse = func(body []byte, subject string) (profile, error) {
		name, err := c.ReadUserinfo(body, subject)
		return profile{name: name}, err
	}
	return s
}

func get(ctx context.Context, address, authorization string) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", authorization)
	r.Header.Set("Accept", "application/json")
	return r, nil
}

// ask asks the source about a user and returns the profile. If the first try fails with an error that may be temporary,
// and ctx is not done, ask tries once more. The error errNobody means that the source does not know the user; any other
// error means that the lookup failed.
func (s *source) ask(ctx context.Context, subject, bearer string) (profile, error) {
	for tried := false; ; tried = true {
		if s.isPaused(time.Now()) {
			return profile{}, errPaused
		}
		found, err := s.askOnce(ctx, subject, bearer)
		if transient := s.recordResult(err); !transient || tried {
			return found, err
		}
		select {
		case <-time.After(minSecondTry + rand.N(maxSecondTry-minSecondTry)):
		case <-ctx.Done():
			return profile{}, err
		}
	}
}

// askOnce sends one request to the source, and counts the request in s.metrics.lookups. If s.request returns an error,
// askOnce returns that error and sends nothing.
func (s *source) askOnce(ctx context.Context, subject, bearer string) (profile, error) {
	r, err := s.request(ctx, subject, bearer)
	if err != nil {
		return profile{}, err
	}
	found, err := s.do(r, subject)
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

// do sends r and reads the answer. It turns the HTTP status of the answer into an error of this package.
func (s *source) do(r *http.Request, subject string) (profile, error) {
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
		return s.parse(body, subject)
	case http.StatusUnauthorized, http.StatusForbidden:
		if s.name == sourceUserinfo { // the source refuses the user's token, not ours: so do not pause the source
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

// waitFor returns how long the source asks us to wait. h is the header of the answer "too many requests". Okta sends the
// time at which the wait ends, in X-Rate-Limit-Reset. waitFor subtracts the time in Date from it, because both come from
// Okta's clock. Other sources send the length of the wait, as Retry-After in seconds. Without these headers the wait is
// maxLimitedPause.
func waitFor(h http.Header) time.Duration {
	wait := maxLimitedPause
	reset, err := strconv.ParseInt(h.Get("X-Rate-Limit-Reset"), 10, 64)
	date, dateErr := http.ParseTime(h.Get("Date"))
	if err == nil && dateErr == nil {
		wait = time.Duration(min(max(reset-date.Unix(), 0), int64(maxLimitedPause.Seconds())))*time.Second + time.Second
	} else if after, err := strconv.ParseInt(h.Get("Retry-After"), 10, 32); err == nil {
		wait = time.Duration(after) * time.Second
	}
	return min(max(wait, minLimitedPause), maxLimitedPause)
}

func (s *source) isPaused(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return now.Before(s.paused)
}

// recordResult records the result err of a request: nil and errNobody count as success. It pauses the source if err is
// errDenied or a limitedError, and after breakAfter consecutive failures of any other kind except context.Canceled. It
// returns true if err may be temporary, so that a second try makes sense.
func (s *source) recordResult(err error) (transient bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	var limited limitedError
	var pause time.Duration
	switch {
	case err == nil, errors.Is(err, errNobody):
		s.failures = 0
		return false
	case errors.Is(err, context.Canceled): // the server is stopping
		return false
	case errors.Is(err, errDenied):
		pause = deniedPause
	case errors.As(err, &limited):
		pause = limited.wait
	default:
		if s.failures++; s.failures < breakAfter {
			return true
		}
		pause = brokenPause
	}
	if !now.Before(s.paused) { // several requests may fail at the same time: log only the first
		s.log.Warn("people's names cannot be looked up for a while",
			"source", s.name, "err", fmt.Sprintf("%.*s", maxFailure, err), "pause", pause)
	}
	if until := now.Add(pause); until.After(s.paused) {
		s.paused = until
	}
	return false
}
