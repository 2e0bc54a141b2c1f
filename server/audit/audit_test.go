package audit_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/server/audit"
	"mayfly/shared/wire"
)

// paper is a writer that can fail.
type paper struct {
	mu   sync.Mutex
	b    bytes.Buffer
	fail error
}

func (p *paper) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fail != nil {
		return 0, p.fail
	}
	return p.b.Write(b)
}

func (p *paper) lines() []string {
	synctest.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	defer p.b.Reset()
	return strings.FieldsFunc(p.b.String(), func(r rune) bool { return r == '\n' })
}

// logged runs test under synctest with a log that writes to a paper, and returns what the server's log has.
func logged(t *testing.T, test func(l *audit.Log, p *paper)) string {
	t.Helper()
	server := &paper{}
	synctest.Test(t, func(t *testing.T) {
		p := &paper{}
		l := audit.New(p, slog.New(slog.NewTextHandler(server, nil)))
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { _ = l.Run(ctx) })
		test(l, p)
		cancel()
		running.Wait()
	})
	return server.b.String()
}

var mod = wire.User{ID: "u-mod", Name: "Mod \"<x>\"", Role: wire.RoleModerator}

func TestLinesOfTheAuditLog(t *testing.T) {
	ms := int64(60_000)
	for _, tt := range []struct {
		name  string
		write func(l *audit.Log)
		want  string
	}{
		{"mute", func(l *audit.Log) { l.Decided("lobby", wire.ActMute, mod, "g-1", &ms) },
			`{"time":"2000-01-01T00:00:00.000Z","event":"moderate","room":"lobby","act":"mute","by":"u-mod",` +
				`"by_name":"Mod \"\u003cx\u003e\"","user":"g-1","for_ms":60000}`},
		{"slow mode ends", func(l *audit.Log) { l.Decided("lobby", wire.ActSlow, mod, "", new(int64)) },
			`{"time":"2000-01-01T00:00:00.000Z","event":"moderate","room":"lobby","act":"slow","by":"u-mod",` +
				`"by_name":"Mod \"\u003cx\u003e\"","for_ms":0}`},
		{"remove", func(l *audit.Log) { l.Removed("lobby", mod, 58, "g-1") },
			`{"time":"2000-01-01T00:00:00.000Z","event":"moderate","room":"lobby","act":"remove","by":"u-mod",` +
				`"by_name":"Mod \"\u003cx\u003e\"","user":"g-1","seq":58}`},
		{"sign-in", func(l *audit.Log) { l.SignInRefused("192.0.2.1", "token_expired") },
			`{"time":"2000-01-01T00:00:00.000Z","event":"signin","address":"192.0.2.1","reason":"token_expired"}`},
		{"limit", func(l *audit.Log) { l.Limit("post", "u-1", "", "lobby") },
			`{"time":"2000-01-01T00:00:00.000Z","event":"limit","room":"lobby","user":"u-1","limit":"post"}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			logged(t, func(l *audit.Log, p *paper) {
				tt.write(l)
				if got := p.lines(); len(got) != 1 || got[0] != tt.want {
					t.Errorf("the log has %q, want\n%s", got, tt.want)
				}
			})
		})
	}
}

// TestLimitsAreWrittenOnceAMinute: so nobody can fill the disk. What a moderator does is always written.
func TestLimitsAreWrittenOnceAMinute(t *testing.T) {
	logged(t, func(l *audit.Log, p *paper) {
		for range 100 {
			l.Limit("post", "u-1", "", "lobby")
			l.Limit("post", "u-2", "", "lobby")
		}
		if got := p.lines(); len(got) != 2 {
			t.Errorf("the log has %q, want a line for each user", got)
		}
		time.Sleep(time.Minute)
		l.Limit("post", "u-1", "", "lobby")
		if got := p.lines(); len(got) != 1 || !strings.HasSuffix(got[0], `"limit":"post","times":100}`) {
			t.Errorf("a minute later the log has %q, want that it happened 100 times more", got)
		}
		for range 100 {
			l.Decided("lobby", wire.ActClear, mod, "", nil)
		}
		if got := p.lines(); len(got) != 100 {
			t.Errorf("%d lines of a moderator, want 100", len(got))
		}
	})
}

// TestManyWhoHitLimits count as others at some number, and each for itself again later.
func TestManyWhoHitLimits(t *testing.T) {
	logged(t, func(l *audit.Log, p *paper) {
		for n := range audit.MaxHits + 50 {
			l.Limit("post", fmt.Sprint("u-", n), "", "lobby")
		}
		got := p.lines()
		if last := got[len(got)-1]; len(got) != audit.MaxHits+1 || !strings.Contains(last, `"user":"others"`) {
			t.Errorf("the log has %d lines, the last of them %s", len(got), last)
		}
		time.Sleep(time.Minute)
		l.Limit("post", "u-new", "", "lobby")
		if got := p.lines(); len(got) != 1 || !strings.Contains(got[0], `"user":"u-new"`) {
			t.Errorf("a minute later the log has %q", got)
		}
	})
}

// TestAuditLogThatCannotBeWritten: the server's log says so once, and again after it worked.
func TestAuditLogThatCannotBeWritten(t *testing.T) {
	said := logged(t, func(l *audit.Log, p *paper) {
		for _, err := range []error{errors.New("full"), errors.New("full"), nil, errors.New("full")} {
			p.mu.Lock()
			p.fail = err
			p.mu.Unlock()
			l.Removed("lobby", mod, 1, "g-1")
			p.lines()
		}
	})
	if strings.Count(said, "lines of the audit log are lost") != 2 {
		t.Errorf("the server's log says %q", said)
	}
	said = logged(t, func(l *audit.Log, p *paper) {
		p.mu.Lock() // a write waits
		l.Removed("lobby", mod, 1, "g-1")
		l.Removed("lobby", mod, 1, strings.Repeat("x", audit.MaxWaiting))
		l.Removed("lobby", mod, 2, "g-1")
		p.mu.Unlock()
		p.lines()
	})
	if !strings.Contains(said, "the file is too slow") {
		t.Errorf("the server's log says %q", said)
	}
}

// TestReopen: a file that was moved away stays as it is, and a new one gets the next lines.
func TestReopen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	if err := os.WriteFile(path, []byte("before\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := audit.Open(path, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	l.Removed("lobby", mod, 1, "g-1")
	l.Flush()
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	l.Removed("lobby", mod, 2, "g-1")
	l.Flush()
	if err := l.Reopen(); err != nil {
		t.Fatal(err)
	}
	l.Removed("lobby", mod, 3, "g-1")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := l.Run(ctx); err != nil {
		t.Error(err)
	}
	for name, seqs := range map[string]string{path + ".1": "1 2", path: "3"} {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for line := range strings.Lines(string(b)) {
			if _, after, ok := strings.Cut(line, `"seq":`); ok {
				got = append(got, after[:1])
			}
		}
		if strings.Join(got, " ") != seqs {
			t.Errorf("%s has the messages %q, want %s:\n%s", name, got, seqs, b)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the new file is %v, %v", info, err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := audit.Open(filepath.Join(path, "x"), slog.New(slog.DiscardHandler)); err == nil {
		t.Error("a file in no folder was opened")
	}
}

// TestNoLog: a nil Log does nothing.
func TestNoLog(t *testing.T) {
	var l *audit.Log
	l.Decided("lobby", wire.ActClear, mod, "", nil)
	l.Removed("lobby", mod, 1, "g-1")
	l.SignInRefused("192.0.2.1", "busy")
	l.Limit("post", "u-1", "", "lobby")
	if err := errors.Join(l.Reopen(), l.Run(t.Context())); err != nil {
		t.Error(err)
	}
}
