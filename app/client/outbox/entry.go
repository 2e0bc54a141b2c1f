package outbox

import (
	"time"

	"mayfly/shared/clock"
)

const (
	answerTime = 10 * time.Second // how long an entry may be without an answer until the user is told
	forever    = time.Duration(1<<63 - 1)
)

// State is how far a message of the user's own is.
type State int

// The states of a message. Other users' messages are Sent.
const (
	Sent    State = iota // the server has it
	Sending              // not accepted yet; the client sends it again by itself
	Waiting              // the same, without a connection: the device stores it until there is one
	Failed               // refused, or without an answer for so long that the user should know: the reason says why
)

// An Entry is a message of the user's own that the server has not accepted.
type Entry struct {
	ID     string // of the post
	Room   string
	Text   string
	Author string        // the user's id; "": the server has not said yet which user that is
	Owner  string        // as whom it was written, see GuestOwner; "": that was not known yet
	TTL    time.Duration // that the room's messages had when it was written, or when it went out

	order   int64
	written clock.Moment // when the user sent it
	first   clock.Moment // when it first went out; the server may have it since
	out     bool         // it went out, and was not refused since
	sent    bool         // it went out on the present connection and is not answered
	failed  Problem      // why it is not sent again, but kept for the user
	answer  answer
	stored  storedEntry
}

// An answer is how long the user has waited for the server's answer to an entry.
type answer struct {
	since      clock.Moment
	patience   time.Duration // the user is told if none came for so long
	waitReason Problem       // why the server makes the entry wait
}

// A storedEntry is what is known of an entry on the device.
type storedEntry struct {
	saved  bool   // the device has it
	record record // what value was encoded from
	value  string
}

// hasFailed reports whether the entry is not sent again by itself.
func (e *Entry) hasFailed() bool { return e.failed != Problem{} }

// state returns how the entry is shown, and why.
func (e *Entry) state(now clock.Moment, connected bool) (state State, reason Problem) {
	switch {
	case e.hasFailed():
		return Failed, e.failed
	case e.stored.saved && !connected:
		return Waiting, Problem{}
	case now.Since(e.answer.since) < e.answer.patience:
		return Sending, e.answer.waitReason
	case connected:
		return Failed, Problem{Code: NoAnswer}
	default:
		return Failed, Problem{Code: NoConnection} // it goes out by itself once there is one
	}
}

// deadline returns when the entry stops being sent, as a time after a moment. Once the server may have it, that is when the
// message would expire there; before that, nobody can have read it, and the limit only keeps stale talk from going out.
func (e *Entry) deadline() (from clock.Moment, life time.Duration) {
	if e.out {
		return e.first, e.TTL
	}
	return e.written, max(e.TTL, minWait)
}

// pastDeadline reports whether the entry must not be sent again: the server may have had it, and forgotten that it did.
func (e *Entry) pastDeadline(now clock.Moment) bool {
	from, life := e.deadline()
	return now.Since(from) >= life
}

// record returns what is to be stored of the entry.
func (e *Entry) record(tab string) record {
	r := record{Tab: tab, Room: e.Room, Text: e.Text, Written: e.written.Wall.UnixMilli(),
		ID: e.ID, Owner: e.Owner, Author: e.Author, TTL: e.TTL.Milliseconds(), Order: e.order}
	r.Code, r.Failed = e.failed.stored()
	if e.out {
		r.First = e.first.Wall.UnixMilli()
	}
	return r
}

// encoded returns what is to be stored of the entry, as text. It encodes only what has changed.
func (e *Entry) encoded(tab string) string {
	if r := e.record(tab); r != e.stored.record {
		e.stored.record, e.stored.value = r, r.encode()
	}
	return e.stored.value
}

// entryOf returns the entry that r was made of, as it is now.
func entryOf(r *record, now clock.Moment) Entry {
	e := Entry{ID: r.ID, Room: r.Room, Text: r.Text, Author: r.Author, Owner: r.Owner, order: r.Order,
		failed: problemOf(r.Code, r.Failed),
		TTL:    time.Duration(r.TTL) * time.Millisecond, written: momentOf(r.Written, now), stored: storedEntry{saved: true}}
	if r.First != 0 {
		e.out, e.first = true, momentOf(r.First, now)
	}
	return e
}
