package hub

import (
	"bytes"
	"strconv"
	"strings"
)

// The JSON of a message is more than twice as long as its text: every message has the same names of fields, and its
// seq, id, author and times are also fields of its Event. So the stream and the room keep a message in a compact form.
// It is the JSON, in which single bytes replace these fragments (see appendFragment). The bytes are control characters,
// which JSON never contains. expand puts the fragments back, so a member gets the bytes that wire.EncodeMessage has
// made, with the seq that the stream has set. A fragment that the JSON does not contain, perhaps because a newer node
// has written it, is simply not replaced.
//
// Compact looks for the fragments in the order of these constants. Each is replaced where it first occurs after the
// fragment that was replaced before it.
const (
	seqFragment    = iota + 1 // every compact form begins with it
	authorFragment            // the id of the message, and the id of its author
	memberFragment            // between the author's name and the text, if the author is signed in
	guestFragment             // the same, if the author is a guest
	timesFragment             // the times after the text
	endOfFragments
)

// appendFragment appends the fragment number n of the message e to dst.
func (e *Event) appendFragment(dst []byte, n byte) []byte {
	switch n {
	case seqFragment:
		return append(strconv.AppendInt(append(dst, `{"seq":`...), e.Seq, 10), ',')
	case authorFragment:
		dst = append(append(dst, `"id":"`...), e.ID...)
		dst = append(append(dst, `","user":{"id":"`...), e.User...)
		return append(dst, `","name":"`...)
	case memberFragment:
		return append(dst, `","anonymous":false},"text":"`...)
	case guestFragment:
		return append(dst, `","anonymous":true},"text":"`...)
	case timesFragment:
		dst = strconv.AppendInt(append(dst, `","at":`...), e.At, 10)
		return strconv.AppendInt(append(dst, `,"expires":`...), e.Expires, 10)
	}
	return dst
}

// Compact makes e.Body compact, in new bytes. Before, e.Body is the JSON of a message with the seq e.Seq. If it does not
// begin with that seq, or contains a control character, no node of this version has encoded it, and Compact does nothing.
func (e *Event) Compact() {
	for _, c := range e.Body {
		if c < ' ' {
			return
		}
	}
	var buffer [256]byte
	rest, compact := e.Body, make([]byte, 0, len(e.Body))
	for n := byte(seqFragment); n < endOfFragments; n++ {
		fragment := e.appendFragment(buffer[:0], n)
		at := bytes.Index(rest, fragment)
		if n == seqFragment && at != 0 {
			return
		}
		if at >= 0 {
			compact = append(append(compact, rest[:at]...), n)
			rest = rest[at+len(fragment):]
		}
	}
	e.Body = append(compact, rest...)
}

// isCompact reports whether e.Body is compact.
func (e *Event) isCompact() bool { return len(e.Body) > 0 && e.Body[0] == seqFragment }

// size returns how many bytes the message e has as JSON.
func (e *Event) size() int {
	var buffer [256]byte
	size := len(e.Body)
	for n := byte(seqFragment); n < endOfFragments; n++ {
		if bytes.IndexByte(e.Body, n) >= 0 {
			size += len(e.appendFragment(buffer[:0], n)) - 1
		}
	}
	return size
}

// JSON returns the message e as JSON, with its seq. If e.Body is not compact, JSON returns e.Body.
func (e *Event) JSON() []byte {
	if !e.isCompact() {
		return e.Body
	}
	return e.expand(nil, string(e.Body))
}

// expand appends the message e as JSON, with its seq, to dst. body is the message in its compact form.
func (e *Event) expand(dst []byte, body string) []byte {
	for n := byte(seqFragment); n < endOfFragments; n++ {
		if at := strings.IndexByte(body, n); at >= 0 {
			dst = e.appendFragment(append(dst, body[:at]...), n)
			body = body[at+1:]
		}
	}
	return append(dst, body...)
}

// json returns m as JSON, without its reactions.
func (m *message) json() []byte { return m.expand(make([]byte, 0, m.size), m.body) }

// expand appends m as JSON, without its reactions, to dst. body is m.body, or what m.body was before m was taken back.
func (m *message) expand(dst []byte, body string) []byte {
	k := m.name.key()
	e := Event{Seq: m.seq, User: k.user, ID: k.id, At: m.at, Expires: m.expires}
	return e.expand(dst, body)
}
