package outbox

import (
	"time"

	"mayfly/shared/clock"
)

const (
	answerTime = 10 * time.Second // how long an entry may wait for an answer before the page tells the user
	forever    = time.Duration(1<<63 - 1)
)

// State says how far a message of the user's own has come on its way to the server.
type State int

// The states of a message. Other users' messages are Sent.
const (
	Sent    State = iota // the server has the message
	Sending              // the server has not accepted the message yet; the client sends it again by itself
	Waiting              // there is no connection: the device stores the message until a connection opens
	Failed               // the server refused the message, or has not answered for a long time: the reason says which
)

// An Entry is a message of the user's own that the server has not accepted.
type Entry struct {
	ID     string // the id of the post
	Room   string
	Text   string
	Author string // the user's id; "": the server had not named the user yet
	Owner  string // as whom the user wrote the entry, see GuestOwner; "": not known yet
	// the life of the room's messages when the user wrote the entry; once the entry was sent, its own life
	TTL     time.Duration
	Details *Details // nil: none

	order   int64
	written clock.Moment // when the user wrote the entry, or asked to send it again while it was unsent
	first   clock.Moment // when the entry was first sent; since then the server may have it
	out     bool         // the entry was sent on some connection, and the server has not refused it since
	sent    bool         // the entry was sent on the present connection and has no answer yet
	failed  Problem      // why the client does not send the entry again by itself; zero: it does
	answer  answer
	stored  storedEntry
}

// An answer says how long the user has waited for the server's answer to an entry.
type answer struct {
	since      clock.Moment  // when the wait began
	patience   time.Duration // how long the wait may take before the page tells the user
	waitReason Problem       // why the server makes the entry wait
}

// A storedEntry is what the client knows about the record of an entry on the device.
type storedEntry struct {
	saved  bool   // the device has a record of the entry
	record record // the entry's last record; value is the same as text
	value  string
}

// hasFailed reports whether the entry has failed: the client does not send it again by itself.
func (e *Entry) hasFailed() bool { return e.failed != Problem{} }

// state returns the State in which the entry is shown, and the reason for it.
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
		return Failed, Problem{Code: NoConnection} // the client sends it once there is a connection
	}
}

// deadline returns when the client stops sending the entry: when life has passed since start. If the server may have the
// message, the message would expire there at that time. Otherwise nobody can have read the text, and the deadline only
// keeps the client from sending a text that is too old.
func (e *Entry) deadline() (start clock.Moment, life time.Duration) {
	if e.out {
		return e.first, e.TTL
	}
	return e.written, max(e.TTL, minWait)
}

// pastDeadline reports whether the client must no longer send the entry. The server may have accepted the message and
// forgotten it since. If the client sent it again, the server would then post it a second time.
func (e *Entry) pastDeadline(now clock.Moment) bool {
	from, life := e.deadline()
	return now.Since(from) >= life
}

// record returns what the device must store of the entry.
func (e *Entry) record(tab string) record {
	r := record{Tab: tab, Room: e.Room, Text: e.Text, Written: e.written.Wall.UnixMilli(),
		ID: e.ID, Owner: e.Owner, Author: e.Author, TTL: e.TTL.Milliseconds(), Order: e.order, Details: e.Details}
	r.Code, r.Failed = e.failed.stored()
	if e.out {
		r.First = e.first.Wall.UnixMilli()
	}
	return r
}

// encoded returns the record of the entry as text. It encodes only if the record has changed.
func (e *Entry) encoded(tab string) string {
	if r := e.record(tab); r != e.stored.record {
		e.stored.record, e.stored.value = r, r.encode()
	}
	return e.stored.value
}

// entryOf returns the entry that r stores.
func entryOf(r *record, now clock.Moment) Entry {
	e := Entry{ID: r.ID, Room: r.Room, Text: r.Text, Author: r.Author, Owner: r.Owner, order: r.Order,
		Details: r.Details, failed: problemOf(r.Code, r.Failed),
		TTL: time.Duration(r.TTL) * time.Millisecond, written: momentOf(r.Written, now), stored: storedEntry{saved: true}}
	if r.First != 0 {
		e.out, e.first = true, momentOf(r.First, now)
	}
	return e
}
