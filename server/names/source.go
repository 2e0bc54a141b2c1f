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
	deniedPause = 5 * time.Minute // after a source has rejected our token

	minLimitedPause = time.Second // after a source has asked us to wait: at least this long,
	maxLimitedPause = time.Minute // and at most this long, as the wait that it asks for may be nonsense

	breakAfter  = 5 // failures in a row that pause a source for brokenPause
	brokenPause = 30 * time.Second

	minSecondTry = 100 * time.Millisecond // before the second try, after a failure that may pass: a random wait
	maxSecondTry = 300 * time.Millisecond
)

// maxFailure is how many characters of an error text that may quote the source the log gets.
const maxFailure = 300

// The sources of names, as metrics and logs call them.
const (
	sourceOkta     = "okta"
	sourceUserinfo = "userinfo"
)

// statusActive is the status that Okta gives to users who may sign in.
const statusActive = "ACTIVE"

// profile is what a source knows about a user. Both fields may be empty.
type profile struct{ name, status string }

var (
	errNobody = errors.New("the source says nothing about the person")
	errDenied = errors.New("the source refuses our token")
	errPaused = errors.New("the source is not asked for a while")
)

// limitedError is the error of a source that asks us to wait.
type limitedError struct{ wait time.Duration }

func (e limitedError) Error() string { return fmt.Sprintf("the source asks to wait for %s", e.wait) }

// source is a service that knows names of users: Okta's Users API, or userinfo. It is paused after too many failures (a
// circuit breaker).
type source struct {
	name    string       // static
	client  *http.Client // static
	metrics *metrics     // static
	log     *slog.Logger // static

	// request makes the request about a user; errNobody if the source cannot know the user. Static.
	request func(ctx context.Context, subject, bearer string) (*http.Request, error)
	// read reads the body of an answer about a user. Static.
	read func(body []byte, subject string) (profile, error)

	mu       sync.Mutex // guards what follows
	paused   time.Time  // until when the source is not asked
	failures int        // failures in a row
}

// oktaID matches the ids of Okta. Nothing else goes into the URL: "me" would name the owner of the API token.
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
	s.read = func(body []byte, subject string) (profile, error) {
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

// newUserinfo returns a source that asks the issuer's userinfo endpoint, with the user's own access token.
func newUserinfo(c Config, client *http.Client, m *metrics, log *slog.Logger) *source {
	s := &source{name: sourceUserinfo, client: client, metrics: m, log: log}
	s.request = func(ctx context.Context, _, bearer string) (*http.Request, error) {
		at := c.Userinfo()
		if at == "" {
			return nil, errNobody
		}
		return get(ctx, at, "Bearer "+bearer)
	}
	s.read = func(body []byte, subject string) (profile, error) {
		name, err := c.ReadUserinfo(body, subject)
		return profile{name: name}, err
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

// ask returns what the source knows about a user. It tries twice if the first failure may pass and ctx is not done.
// errNobody means that the source does not know the user; any other error means that the lookup failed.
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

// askOnce sends one request, unless s.request fails, and counts it.
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
		return s.read(body, subject)
	case http.StatusUnauthorized, http.StatusForbidden:
		if s.name == sourceUserinfo { // the token is the user's own, and may not be meant for userinfo
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

// waitFor returns how long an answer "too many requests" with header h asks us to wait. X-Rate-Limit-Reset is a time by the
// source's clock, which Date shows.
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

// recordResult records how a request ended and pauses the source if necessary. It reports whether the error may pass soon.
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
	if !now.Before(s.paused) { // log one line, not one for each request that was under way
		s.log.Warn("people's names cannot be looked up for a while",
			"source", s.name, "err", fmt.Sprintf("%.*s", maxFailure, err), "pause", pause)
	}
	if until := now.Add(pause); until.After(s.paused) {
		s.paused = until
	}
	return false
}
