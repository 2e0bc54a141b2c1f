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
	Sending              // the server has not accepted the message yet; the client goes on sending it by itself
	Waiting              // there is no connection: the device stores the message until a connection opens
	// the message is not delivered, and the user must know: for example, the server has refused it or has not answered in
	// time. The Problem that Outbox.State returns beside this State says why
	Failed
)

// An Entry is a message of the user's own that the server has not accepted.
type Entry struct {
	ID     string // the id of the post
	Room   string
	Text   string
	Author string // the id of the user who wrote the entry; "": the server had not told the client the user's id yet
	Owner  string // as whom the user wrote the entry, see GuestOwner and SignInOwner; "": not known yet
	// how long the message lives. Until the entry is first sent, this is the TTL that the room had when the user wrote the
	// entry. Then Outbox.Due sets the final value: the room's TTL at that moment or, if shorter, the life that the user
	// chose
	TTL     time.Duration
	Details *Details // nil: none

	order   int64
	written clock.Moment // when the user wrote the entry, or last asked to send it again (Outbox.Resend) before out was true
	first   clock.Moment // when the entry was first sent; counts only while out is true
	out     bool         // the server may have the entry: it was sent on some connection, and not refused since
	sent    bool         // the entry was sent on the present connection and has no answer yet
	failed  Problem      // why the client does not send the entry again by itself; zero: it does
	answer  answer
	stored  storedEntry
}

// An answer says how long the user has waited for the server's answer to an entry.
type answer struct {
	since      clock.Moment  // when the wait began
	patience   time.Duration // how long the wait may take before the page tells the user
	waitReason Problem       // why the server has asked the client to send the entry later; zero: it has not
}

// A storedEntry is what the client knows about the record of an entry on the device.
type storedEntry struct {
	saved  bool   // the device has a record of the entry
	record record // the record that the last call of Entry.encoded has made
	value  string // the text that Entry.encoded has made from that record
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
		return Failed, Problem{Code: NoConnection} // only shown as Failed: the client sends it when there is a connection
	}
}

// deadline returns when the client stops sending the entry: when life has passed since start.
//   - If the server may have the message (e.out), the deadline is about the time when the message expires there.
//   - Otherwise the deadline only keeps the client from sending a text that is too old.
func (e *Entry) deadline() (start clock.Moment, life time.Duration) {
	if e.out {
		return e.first, e.TTL
	}
	return e.written, max(e.TTL, minWait)
}

// pastDeadline reports whether the client must no longer send the entry. If the client still sent it, other users could see
// the message twice: the server may have accepted it, and may have forgotten it when it expired. Then the server would not
// recognise the repeat.
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
