package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
)

// Encode returns f as one JSON object, without HTML escaping and without a line end. It does not fail for the frame types of
// this package. It would panic for a type that encoding/json cannot encode.
func Encode(f Frame) []byte {
	f = withLists(f)
	var b bytes.Buffer
	b.WriteString(`{"type":"`)
	b.WriteString(f.kind())
	b.WriteString(`",`)
	at := b.Len()
	b.Write(marshal(f))
	out := b.Bytes()
	if out[at+1] == '}' { // f has no members
		return append(out[:at-1], '}')
	}
	return append(out[:at], out[at+1:]...) // without the brace that marshal wrote before the members
}

// withLists returns f with an empty list in place of nil where the protocol requires a list: JSON then has [], not null.
func withLists(f Frame) Frame {
	switch f := f.(type) {
	case Joined:
		f.Removed = append([]int64{}, f.Removed...)
		f.Messages = append([]Message{}, f.Messages...)
		for i := range f.Messages {
			f.Messages[i].Reactions = withUsers(f.Messages[i].Reactions)
		}
		f.Reacted = slices.Clone(f.Reacted)
		for i := range f.Reacted {
			f.Reacted[i].Reactions = withUsers(f.Reacted[i].Reactions)
		}
		return f
	case Posted:
		f.Reactions = withUsers(f.Reactions)
		return f
	case Welcome:
		f.Reactions = append([]string{}, f.Reactions...)
		return f
	case People:
		f.Users = append([]User{}, f.Users...)
		return f
	case Removed:
		f.Seqs = append([]int64{}, f.Seqs...)
		return f
	}
	return f
}

// withUsers returns a copy of list, with empty lists in place of nil: for list itself and for the By of each reaction.
func withUsers(list []Reaction) []Reaction {
	list = append([]Reaction{}, list...)
	for i := range list {
		list[i].By = append([]string{}, list[i].By...)
	}
	return list
}

// EncodeMessage returns m encoded as one element of Joined.Messages.
func EncodeMessage(m Message) []byte { return marshal(m) }

// EncodePosted returns the Posted frame of a message that EncodeMessage has encoded.
func EncodePosted(room string, message []byte) []byte {
	b := make([]byte, 0, len(message)+len(room)+32)
	b = append(b, `{"type":"posted","room":`...)
	b = strconv.AppendQuote(b, room) // a room's name needs no escape
	b = append(b, ',')
	return append(b, message[1:]...)
}

// AddReactions adds reactions to a message that EncodeMessage has encoded without reactions. It returns a copy of the bytes,
// or message itself if there are no reactions.
func AddReactions(message []byte, reactions []Reaction) []byte {
	if len(reactions) == 0 {
		return message
	}
	list := marshal(reactions)
	b := make([]byte, 0, len(message)+len(list)+len(`,"reactions":`))
	b = append(b, message[:len(message)-1]...)
	b = append(b, `,"reactions":`...)
	b = append(b, list...)
	return append(b, '}')
}

// EncodeReacted returns r encoded as one element of Joined.Reacted.
func EncodeReacted(r MessageReactions) []byte {
	r.Reactions = withUsers(r.Reactions)
	return marshal(r)
}

// Parts encodes j without the items of its three lists, in four parts. Between the parts the caller inserts items that are
// already encoded: those of Removed after parts[0], those of Reacted after parts[1], and those of Messages after parts[2].
func (j Joined) Parts() (parts [4][]byte) {
	j.Removed, j.Reacted, j.Messages = nil, nil, nil
	b := Encode(j)
	cut := len(b) - len(`],"messages":[]}`)
	return [4][]byte{b[:cut:cut], []byte(`],"reacted":[`), []byte(`],"messages":[`), []byte(`]}`)}
}

// Batch joins encoded frames into one message, one frame on each line.
func Batch(frames ...[]byte) []byte { return bytes.Join(frames, []byte{'\n'}) }

func marshal(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(fmt.Sprintf("wire: encode %T: %v", v, err))
	}
	return bytes.TrimSuffix(b.Bytes(), []byte{'\n'})
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
