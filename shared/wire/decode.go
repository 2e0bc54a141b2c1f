package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"iter"
	"reflect"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// ErrUnknownKind is the error of Decode for a frame of an unknown type. Callers skip such a frame: the other side is
// newer, and has frame types that this version lacks.
var ErrUnknownKind = errors.New("unknown frame type")

// FrameError is the error of Decode for bytes that are not a frame. Re, Room, ID and Seq are the type, room, id and seq in
// these bytes, as far as Decode could read them. The server copies them into the Refused with which it answers.
type FrameError struct {
	Re, Room, ID string
	Seq          *int64 // nil if the frame is no Remove or React, or if Decode could not read its seq
	Problem      string // what is wrong, in plain words
}

func (e *FrameError) Error() string { return "bad frame: " + e.Problem }

// Split yields the frames of one message without decoding them. For a message without frames it yields one empty frame,
// which Decode refuses.
func Split(message []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		found := false
		for line := range bytes.SplitSeq(message, []byte{'\n'}) {
			if len(bytes.TrimSpace(line)) == 0 {
				continue
			}
			found = true
			if !yield(line) {
				return
			}
		}
		if !found {
			yield(nil)
		}
	}
}

// Decode parses one frame, from a client or from a server. It returns a *FrameError for bytes that are not a frame, and
// ErrUnknownKind for a frame of an unknown type. It never panics. If a string contains a lone surrogate ("\ud800"), Decode
// writes it as three bytes, by the scheme of UTF-8. These bytes are not valid UTF-8, so CleanText refuses such a text.
func Decode(b []byte) (Frame, error) {
	if !utf8.Valid(b) || !json.Valid(b) {
		return nil, &FrameError{Problem: "it is not JSON"}
	}
	b = bytes.TrimSpace(b)
	if b[0] != '{' {
		return nil, &FrameError{Problem: "it is not a JSON object"}
	}
	bad := preview(b)
	if bad.Problem != "" {
		return nil, &bad
	}
	kinds, _ := tables()
	t, ok := kinds[bad.Re]
	if !ok {
		return nil, ErrUnknownKind
	}
	v := reflect.New(t).Elem()
	if bad.Problem = decodeObject(b, v, "type"); bad.Problem != "" {
		return nil, &bad
	}
	f := v.Interface().(Frame)
	if bad.Problem = problemOf(f); bad.Problem != "" {
		return nil, &bad
	}
	return f, nil
}

// problemOf returns what is wrong with the values in f, "" if nothing is wrong. It checks only the rules that are the same
// in every room and on every server.
func problemOf(f Frame) (problem string) {
	switch f := f.(type) {
	case Moderate:
		return f.problem()
	case Post:
		if f.ReplyTo != nil && *f.ReplyTo < 0 {
			return `"reply_to" must be 0 or more`
		}
		if len(f.Mentions) > MaxMentions {
			return `"mentions" must have at most ` + itoa(MaxMentions) + ` ids`
		}
		for _, id := range f.Mentions {
			if n := utf8.RuneCountInString(id); n == 0 || n > MaxUserID {
				return `"mentions" must be ids of 1 to ` + itoa(MaxUserID) + ` characters`
			}
		}
	}
	return ""
}

// preview reads the members that a Refused repeats: type, room, id and seq. It sets Problem if the frame has no type, or has
// more than one.
func preview(b []byte) FrameError {
	var e FrameError
	types := 0
	for name, value := range members(b) {
		if name == "type" {
			types++
		}
		if n := int64(0); name == "seq" && decodeValue(value, reflect.ValueOf(&n).Elem()) == "" {
			e.Seq = &n
		}
		if value[0] != '"' {
			continue
		}
		switch name {
		case "type":
			e.Re = unquote(value)
		case "room":
			e.Room = unquote(value)
		case "id":
			e.ID = unquote(value)
		}
	}
	switch {
	case types > 1:
		e.Re, e.Problem = "", `"type" stands there twice`
	case e.Re == "":
		e.Problem = "it has no type"
	}
	if e.Re != (Remove{}).kind() && e.Re != (React{}).kind() {
		e.Seq = nil
	}
	return e
}

// decodeObject sets the fields of v from the members of the JSON object b, except the member called skip. It returns what is
// wrong with b, "" if nothing is wrong.
func decodeObject(b []byte, v reflect.Value, skip string) (problem string) {
	_, plans := tables()
	p := plans[v.Type()]
	seen := make(map[string]bool, len(p))
	for name, value := range members(b) {
		index, known := p[name]
		if !known || name == skip {
			continue
		}
		if seen[name] {
			return strconv.Quote(name) + " stands there twice"
		}
		seen[name] = true
		field := v
		for _, i := range index {
			if field.Kind() == reflect.Pointer {
				if field.IsNil() {
					field.Set(reflect.New(field.Type().Elem()))
				}
				field = field.Elem()
			}
			field = field.Field(i)
		}
		if want := decodeValue(value, field); want != "" {
			return strconv.Quote(name) + " must be " + want
		}
	}
	return problemOfMembers(v.Interface(), seen)
}

// problemOfMembers checks that object has the members that it must have, and that their values are allowed. It returns what
// is wrong, "" if nothing is wrong. seen contains the names of the members that were in the JSON object.
func problemOfMembers(object any, seen map[string]bool) (problem string) {
	switch object := object.(type) {
	case Join:
		switch {
		case seen["epoch"] != seen["seq"]:
			return `a cursor has both "epoch" and "seq", or neither`
		case object.Cursor != nil && object.Cursor.Seq < 0:
			return negativeSeq
		}
	case Remove:
		return problemOfSeq(object.Seq, seen)
	case React:
		return problemOfSeq(object.Seq, seen)
	}
	return ""
}

const negativeSeq = `"seq" must be 0 or more`

func problemOfSeq(seq int64, seen map[string]bool) (problem string) {
	switch {
	case !seen["seq"]:
		return `it has no "seq"`
	case seq < 0:
		return negativeSeq
	}
	return ""
}

// decodeValue sets v from the JSON value b. If b has a wrong form, such as a string for a number, decodeValue returns the
// form that b must have. Otherwise it returns "".
func decodeValue(b []byte, v reflect.Value) (want string) {
	switch v.Kind() {
	case reflect.String:
		if b[0] != '"' {
			return "a string"
		}
		v.SetString(unquote(b))
	case reflect.Bool:
		if b[0] != 't' && b[0] != 'f' {
			return "true or false"
		}
		v.SetBool(b[0] == 't')
	case reflect.Int64:
		n, err := strconv.ParseInt(string(b), 10, 64)
		if err != nil || n > maxInteger || n < -maxInteger {
			return "a whole number below 2^53, without fraction or exponent"
		}
		v.SetInt(n)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return decodeValue(b, v.Elem())
	case reflect.Struct:
		if b[0] != '{' {
			return "an object"
		}
		if problem := decodeObject(b, v, ""); problem != "" {
			return "right inside: " + problem
		}
	case reflect.Slice:
		if b[0] != '[' {
			return "a list"
		}
		v.Set(reflect.MakeSlice(v.Type(), 0, 4))
		for item := range items(b) {
			v.Grow(1)
			v.SetLen(v.Len() + 1)
			if want := decodeValue(item, v.Index(v.Len()-1)); want != "" {
				return "a list in which each is " + want
			}
		}
	case reflect.Map: // such as Beat.Heads, from a name to an integer
		if b[0] != '{' {
			return "an object"
		}
		v.Set(reflect.MakeMap(v.Type()))
		n := reflect.New(v.Type().Elem()).Elem()
		for name, value := range members(b) {
			if want := decodeValue(value, n); want != "" {
				return "an object in which each member is " + want
			}
			v.SetMapIndex(reflect.ValueOf(name), n)
		}
	}
	return ""
}

// members yields the name and value of each member of the JSON object b, in order. b must be valid JSON.
func members(b []byte) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for rest := trimLeft(b[1:]); rest[0] != '}'; {
			name, after := splitValue(rest)
			after = trimLeft(trimLeft(after)[1:]) // skip the colon
			var val []byte
			val, after = splitValue(after)
			if !yield(unquote(name), val) {
				return
			}
			rest = skipComma(after)
		}
	}
}

// items yields the items of the JSON array b. b must be valid JSON.
func items(b []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for rest := trimLeft(b[1:]); rest[0] != ']'; {
			item, after := splitValue(rest)
			if !yield(item) {
				return
			}
			rest = skipComma(after)
		}
	}
}

// skipComma skips the comma after a member or an item, if there is one.
func skipComma(b []byte) []byte {
	b = trimLeft(b)
	if b[0] == ',' {
		b = trimLeft(b[1:])
	}
	return b
}

// splitValue splits b after its first JSON value. It uses a loop and no recursion, so deeply nested JSON cannot exhaust the
// stack.
func splitValue(b []byte) (val, rest []byte) {
	depth := 0
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '"':
			for i++; b[i] != '"'; i++ {
				if b[i] == '\\' {
					i++
				}
			}
			if depth == 0 {
				return b[:i+1], b[i+1:]
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth < 0 { // the object or list around the value ends, so the value ends here, too
				return b[:i], b[i:]
			}
			if depth == 0 {
				return b[:i+1], b[i+1:]
			}
		case ',', ' ', '\t', '\r', '\n':
			if depth == 0 {
				return b[:i], b[i:]
			}
		}
	}
	return b, nil
}

func trimLeft(b []byte) []byte { return bytes.TrimLeft(b, " \t\r\n") }

// unquote returns the text of the JSON string b. b must be valid JSON and UTF-8.
func unquote(b []byte) string {
	b = b[1 : len(b)-1]
	if bytes.IndexByte(b, '\\') < 0 {
		return string(b)
	}
	out := make([]byte, 0, len(b))
	for len(b) > 0 {
		if b[0] != '\\' {
			out, b = append(out, b[0]), b[1:]
			continue
		}
		if b[1] != 'u' {
			out, b = append(out, unescaped(b[1])), b[2:]
			continue
		}
		r := hex4(b[2:])
		b = b[6:]
		if !utf16.IsSurrogate(r) {
			out = utf8.AppendRune(out, r)
			continue
		}
		if len(b) >= 6 && b[0] == '\\' && b[1] == 'u' {
			if pair := utf16.DecodeRune(r, hex4(b[2:])); pair != utf8.RuneError {
				out, b = utf8.AppendRune(out, pair), b[6:]
				continue
			}
		}
		out = append(out, 0xE0|byte(r>>12), 0x80|byte(r>>6)&0x3F, 0x80|byte(r)&0x3F) // a lone surrogate: see Decode
	}
	return string(out)
}

func unescaped(c byte) byte {
	switch c {
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	default: // quote, backslash, slash
		return c
	}
}

func hex4(b []byte) rune {
	n, _ := strconv.ParseUint(string(b[:4]), 16, 32)
	return rune(n)
}

// DecodeMessage parses the bytes that EncodeMessage returned.
func DecodeMessage(b []byte) (Message, error) {
	var m Message
	if !utf8.Valid(b) || !json.Valid(b) {
		return m, &FrameError{Problem: "it is not JSON"}
	}
	if want := decodeValue(bytes.TrimSpace(b), reflect.ValueOf(&m).Elem()); want != "" {
		return m, &FrameError{Problem: "the message must be " + want}
	}
	return m, nil
}
