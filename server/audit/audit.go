// Package audit writes the audit log: one JSON object a line, about what moderators do, sign-ins that are refused and
// limits that are hit. It never contains a text of a user, a token or a secret. docs/moderation.md describes the lines.
// Operators rotate the file with their own tools and then send SIGHUP: cmd/mayfly calls Reopen.
package audit

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"os"
	"sync"
	"time"

	"mayfly/shared/wire"
)

const (
	// limitEvery is the shortest time between two lines about the same limit and the same user or address. The next line
	// says how often the limit was hit meanwhile. So nobody can fill the disk by hitting a limit.
	limitEvery = time.Minute
	// maxHits is the most entries of the map hits. An entry counts how often one user has hit one limit, from one
	// address and in one room. When the map is full, the further hits of a limit share one more entry, with the user
	// "others".
	maxHits = 10_000
	// maxWaiting is the most bytes of lines that wait to be written. Further lines are lost, and the server's log says so.
	maxWaiting = 4 << 20

	fileMode = 0o600
)

// Log is an audit log. The methods that write a line do not wait for the file: Run writes behind (write-behind). A nil
// Log writes nothing. Any goroutine may call the methods.
type Log struct {
	path string        // static; "": the Log writes to out, and cannot be reopened
	log  *slog.Logger  // static; gets the errors of the file
	wake chan struct{} // static; capacity 1; a value tells Run that lines wait

	writing sync.Mutex // guards out and failed; held during a write; taken before mu
	out     io.Writer
	failed  bool // the last write has failed

	mu      sync.Mutex // guards what follows
	waiting []byte     // lines that were not written yet
	lost    bool       // a line was lost because waiting was full
	hits    map[hit]*count
}

// hit names a limit that somebody has hit.
type hit struct{ limit, user, address, room string }

// count is how often a limit was hit since the last line about it.
type count struct {
	n    int
	told time.Time
}

// New returns a Log that writes to out, such as os.Stdout.
func New(out io.Writer, log *slog.Logger) *Log {
	return &Log{log: log, wake: make(chan struct{}, 1), out: out, hits: map[hit]*count{}}
}

// Open returns a Log that appends to the file at path. If there is no file, it makes one that only this user of the machine
// may read.
func Open(path string, log *slog.Logger) (*Log, error) {
	l := New(nil, log)
	l.path = path
	return l, l.Reopen()
}

// Reopen makes the Log write to the file that is at its path now, which may be a new one. If there is none, it makes
// one. If it cannot open the file, the Log goes on with the old file. For a Log of New, Reopen does nothing.
func (l *Log) Reopen() error {
	if l == nil || l.path == "" {
		return nil
	}
	file, err := os.OpenFile(l.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, fileMode)
	if err != nil {
		return err
	}
	l.writing.Lock()
	defer l.writing.Unlock()
	old, isFile := l.out.(*os.File)
	l.out = file
	if isFile {
		if err := old.Close(); err != nil {
			l.log.Warn("the audit log's old file was not closed", "file", l.path, "err", err)
		}
	}
	return nil
}

// Run writes the lines until ctx is done, writes what is left, and closes the file, if the Log has opened it. Call it once.
func (l *Log) Run(ctx context.Context) error {
	if l == nil {
		return nil
	}
	for {
		select {
		case <-l.wake:
			l.flush()
		case <-ctx.Done():
			l.flush()
			l.writing.Lock()
			defer l.writing.Unlock()
			if file, ok := l.out.(*os.File); ok && l.path != "" {
				return file.Close()
			}
			return nil
		}
	}
}

// flush writes the lines that wait.
func (l *Log) flush() {
	l.writing.Lock()
	defer l.writing.Unlock()
	l.mu.Lock()
	lines, lost := l.waiting, l.lost
	l.waiting, l.lost = nil, false
	l.mu.Unlock()
	if lost {
		l.log.Error("lines of the audit log are lost: the file is too slow")
	}
	_, err := l.out.Write(lines)
	if err != nil && !l.failed {
		l.log.Error("lines of the audit log are lost", "err", err)
	}
	l.failed = err != nil
}

// line is one line of the log. Members that say nothing are absent.
type line struct {
	Time    string `json:"time"` // RFC 3339, UTC, with milliseconds
	Event   string `json:"event"`
	Room    string `json:"room,omitempty"`
	Act     string `json:"act,omitempty"`
	By      string `json:"by,omitempty"`      // the id of the moderator
	ByName  string `json:"by_name,omitempty"` // the name of the moderator
	User    string `json:"user,omitempty"`    // the id of the user whom the line is about
	Seq     int64  `json:"seq,omitempty"`     // the message that was taken back
	ForMS   *int64 `json:"for_ms,omitempty"`
	Address string `json:"address,omitempty"`
	Reason  string `json:"reason,omitempty"` // why a sign-in was refused
	Limit   string `json:"limit,omitempty"`
	Times   int    `json:"times,omitempty"` // how often the limit was hit since the last line about it; 1: absent
}

// addLocked adds e to the lines that wait.
func (l *Log) addLocked(e line, now time.Time) {
	e.Time = now.UTC().Format("2006-01-02T15:04:05.000Z07:00")
	b, err := json.Marshal(e)
	if err != nil {
		panic(err) // never: a line can be encoded
	}
	if l.lost = l.lost || len(l.waiting)+len(b) >= maxWaiting; !l.lost {
		l.waiting = append(append(l.waiting, b...), '\n')
	}
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// Decided writes what a moderator has done in a room: act is a value of wire.Moderate.Act, and user is the id of the user
// whom it is about, if it is about one. ms is the time that the act has set, if it has set one.
func (l *Log) Decided(room, act string, by wire.User, user string, ms *int64) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.addLocked(line{Event: "moderate", Room: room, Act: act, By: by.ID, ByName: by.Name, User: user, ForMS: ms}, time.Now())
}

// Removed writes that a moderator has taken back a message of another user, author.
func (l *Log) Removed(room string, by wire.User, seq int64, author string) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.addLocked(line{Event: "moderate", Act: "remove", Room: room, By: by.ID, ByName: by.Name, User: author, Seq: seq},
		time.Now())
}

// SignInRefused writes that a sign-in from that address was refused. reason is a wire.Reason, or "busy".
func (l *Log) SignInRefused(address, reason string) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.countLocked(hit{limit: reason, address: address}, line{Event: "signin", Address: address, Reason: reason})
}

// Limit writes that a user, or an address, has hit a limit. user, address and room may be empty.
func (l *Log) Limit(limit, user, address, room string) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.countLocked(hit{limit, user, address, room},
		line{Event: "limit", Limit: limit, User: user, Address: address, Room: room})
}

// countLocked writes e, unless a line about the same h was written within limitEvery: then it only counts.
func (l *Log) countLocked(h hit, e line) {
	now := time.Now()
	c := l.hits[h]
	if c == nil {
		if len(l.hits) >= maxHits {
			l.forgetLocked(now)
		}
		if len(l.hits) >= maxHits {
			h = hit{limit: h.limit}
			e.User, e.Address, e.Room = "others", "", ""
			c = l.hits[h]
		}
		if c == nil {
			c = &count{}
			l.hits[h] = c
		}
	}
	c.n++
	if !c.told.IsZero() && now.Sub(c.told) < limitEvery {
		return
	}
	if c.n > 1 {
		e.Times = c.n
	}
	l.addLocked(e, now)
	c.n, c.told = 0, now
}

// forgetLocked forgets the hits whose last line is at least limitEvery old: the next hit of the same limit gets a line of
// its own, forgotten or not.
func (l *Log) forgetLocked(now time.Time) {
	for h, c := range l.hits {
		if now.Sub(c.told) >= limitEvery {
			delete(l.hits, h)
		}
	}
}
