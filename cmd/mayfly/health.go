package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const healthUsage = `Usage: mayfly health [URL]

Asks a server that runs whether people can chat on it, for health checks of containers. The exit code is 0 if they can, and
else 1. Without a URL it asks http://127.0.0.1:8080. A URL without a path is asked for /readyz; with /healthz behind it, the
server says only that the process lives.
`

const (
	healthTimeout = 5 * time.Second // the longest time that mayfly health and mayfly check wait for an answer
	maxHealth     = 64 << 10        // the most bytes of an answer that mayfly health and mayfly check read
)

// defaultHealth is the URL that mayfly health asks if it gets none. It is where mayfly serve is without flags.
const defaultHealth = "http://127.0.0.1:8080"

// runHealth runs mayfly health: it prints the server's answer if its status is 200, and otherwise returns an error.
func runHealth(ctx context.Context, args []string, stdout io.Writer) error {
	f := flag.NewFlagSet("health", flag.ContinueOnError)
	s, target := newSettings(f), ""
	s.operand = &target
	if err := s.readArgs(args); errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(stdout, healthUsage)
		return nil
	}
	if target == "" {
		target = defaultHealth
	}
	u, err := url.Parse(target)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		s.problem("%q is no URL of a server: want one such as %s", target, defaultHealth)
	}
	if err := s.all(); err != nil {
		return configError{err}
	}
	if strings.Trim(u.Path, "/") == "" {
		u.Path = "/readyz"
	}
	answer, err := askHealth(ctx, u.String())
	if err != nil {
		return fmt.Errorf("%s: %w", u, err)
	}
	fmt.Fprintln(stdout, answer)
	return nil
}

// askHealth returns the answer of the server. It returns an error if no answer comes, or if its status is not 200.
func askHealth(ctx context.Context, target string) (answer string, err error) {
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return "", err
	}
	defer http.DefaultClient.CloseIdleConnections()
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxHealth))
	answer = strings.TrimSpace(string(body))
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", resp.Status, answer)
	}
	return answer, err
}
