package room

import (
	"time"

	"mayfly/app/client/outbox"
	"mayfly/shared/wire"
)

// SeeUpTo moves r.Read forward to the cursor read: the user has read all messages up to there. If r.Read is as far already,
// SeeUpTo does nothing. read may come from another tab, or from an earlier visit.
func (r *Room) SeeUpTo(read wire.Cursor) {
	switch {
	case read.Epoch == "":
	case r.Read.Epoch == "", read.Epoch == r.Read.Epoch && read.Seq > r.Read.Seq:
		r.Read = read
	case read.Epoch == r.cursor.Epoch && read.Epoch != r.Read.Epoch:
		r.Read = read
	}
}

// Unread returns how many messages of other users are unread. Messages that have expired or were taken back do not count.
// latest is the newest of these messages. forMe is the newest of them that mentions the user, or answers a message of the
// user's. latest and forMe are nil if there is no such message.
func (r *Room) Unread() (n int, latest, forMe *Message) {
	for i := len(r.Messages) - 1; i >= 0; i-- {
		m := &r.Messages[i]
		if m.Seq == 0 || !unread(m, r.Read, r.cursor.Epoch) {
			if m.Seq != 0 && m.epoch == r.Read.Epoch {
				break // the messages before m have lower seqs or an older epoch, so the user has read them
			}
			continue
		}
		if m.Mine {
			continue
		}
		n++
		if latest == nil {
			latest = m
		}
		if forMe == nil && m.Extras != nil && (m.Extras.ForMe || m.Extras.ToMe) {
			forMe = m
		}
	}
	return n, latest, forMe
}

// unread reports whether m is unread. read is the cursor up to which the user has read the room. epoch is the room's present
// epoch. If read is of an older epoch, all messages of the present epoch are unread.
func unread(m *Message, read wire.Cursor, epoch string) bool {
	if m.epoch == read.Epoch {
		return m.Seq > read.Seq
	}
	return read.Epoch != epoch
}

// Arrive runs when the page begins to show the room. It sets Head, so that the messages in r do not count as new.
func (r *Room) Arrive() { r.Head = r.cursor.Seq }

// newest returns the later of two times: the parameter newest, and the time at which m was posted.
func newest(newest time.Time, m *wire.Message) time.Time {
	if at := time.UnixMilli(m.At); at.After(newest) {
		return at
	}
	return newest
}

// answersMe reports whether m, whose details are d, is another user's reply to a message of the user's.
func (t *timeline) answersMe(m *Message, d outbox.Details) bool {
	if m.Mine || d.ReplyTo == 0 {
		return false
	}
	list, i := t.find(d.ReplyTo)
	return i >= 0 && (*list)[i].Mine
}
