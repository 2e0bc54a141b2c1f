package bench

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"strconv"
)

// posted holds the values of a posted frame that the generator needs. Its slices point into the message that was read.
type posted struct {
	room, id []byte
	seq      int64
}

// The fixed parts of a posted frame, as Mayfly's server writes it: the names of its first members, in this order.
var (
	typeStart   = []byte(`{"type":"`)
	postedStart = []byte(`{"type":"posted","room":"`)
	postedSeq   = []byte(`","seq":`)
	postedID    = []byte(`,"id":"`)
)

// scanPosted finds room, seq and id in a posted frame without decoding the frame. ok is false for any other frame, and for a
// posted frame that is not written exactly as Mayfly's server writes it: the caller must decode such a frame.
func scanPosted(line []byte) (p posted, ok bool) {
	rest, ok := bytes.CutPrefix(line, postedStart)
	if !ok {
		return p, false
	}
	end := bytes.IndexByte(rest, '"')
	if end < 0 {
		return p, false
	}
	p.room = rest[:end]
	if rest, ok = bytes.CutPrefix(rest[end:], postedSeq); !ok {
		return p, false
	}
	digits := 0
	for digits < len(rest) && digits < 16 && rest[digits] >= '0' && rest[digits] <= '9' {
		p.seq = p.seq*10 + int64(rest[digits]-'0')
		digits++
	}
	if rest, ok = bytes.CutPrefix(rest[digits:], postedID); !ok || len(rest) <= idSize || rest[idSize] != '"' {
		return p, false
	}
	p.id = rest[:idSize]
	return p, true
}

// worthDecoding reports whether line may be a frame that the generator must decode. The caller has tried scanPosted before.
// The generator needs the frames accepted, refused, posted and bye. It ignores all others, such as those that say which
// users came or which messages expired.
func worthDecoding(line []byte) bool {
	rest, ok := bytes.CutPrefix(line, typeStart)
	if !ok {
		return true // written in another way: only decoding tells
	}
	kind, _, _ := bytes.Cut(rest, []byte{'"'})
	switch string(kind) {
	case "accepted", "refused", "posted", "bye":
		return true
	}
	return bytes.IndexByte(kind, '\\') >= 0
}

const (
	idSize   = 36 // characters of a UUID
	idNumber = 12 // how many of these characters, at the end, are the number of the message
)

// newIDPrefix returns the beginning of a random UUID. The ids of all messages of a run begin with it.
func newIDPrefix() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	h := hex.EncodeToString(b[:])
	return fmt.Sprintf("%s-%s-4%s-8%s-", h[:8], h[8:12], h[12:15], h[13:16])
}

// id returns the id of the message with the number k.
func (r *run) id(k int) string { return fmt.Sprintf("%s%012x", r.idPrefix, k) }

// number returns the number of the message with this id. ok is false if no message of this run has the id.
func (r *run) number(id []byte) (k int, ok bool) {
	if len(id) != idSize || string(id[:idSize-idNumber]) != r.idPrefix {
		return 0, false
	}
	n, err := strconv.ParseUint(string(id[idSize-idNumber:]), 16, 64)
	return int(n), err == nil && n < uint64(len(r.posts))
}
