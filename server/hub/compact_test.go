package hub_test

import (
	"bytes"
	"strings"
	"testing"

	"mayfly/server/hub"
	"mayfly/shared/wire"
)

// TestJSONOfAMessageIsTheEncoding: for each kind of message, members get exactly the bytes that wire.EncodeMessage makes.
func TestJSONOfAMessageIsTheEncoding(t *testing.T) {
	plain := wire.Message{Seq: 58, ID: id(1), User: historyUsers[0], Text: "lunch?", At: 1_790_000_000_000,
		Expires: 1_790_000_300_000}
	with := func(change func(*wire.Message)) wire.Message {
		m := plain
		change(&m)
		return m
	}
	for name, m := range map[string]wire.Message{
		"plain":          plain,
		"a guest":        with(func(m *wire.Message) { m.User = historyUsers[2] }),
		"highest seq":    with(func(m *wire.Message) { m.Seq = 1<<53 - 1 }),
		"a reply":        with(func(m *wire.Message) { m.ReplyTo = 7 }),
		"mentions":       with(func(m *wire.Message) { m.ReplyTo, m.Mentions = 7, []string{"u-ben", "\x01\x05"} }),
		"control bytes":  with(func(m *wire.Message) { m.Text = "\x01\x02\x03\x04\x05\n" }),
		"line separator": with(func(m *wire.Message) { m.Text = "a\u2028b <&> 🪰" }),
		"an odd id":      with(func(m *wire.Message) { m.User.ID = `u"\` + "\x02" }),
		"an odd name":    with(func(m *wire.Message) { m.User.Name = `","anonymous":false},"text":"` }),
		"its own JSON":   with(func(m *wire.Message) { m.Text = string(wire.EncodeMessage(plain)) }),
		"no name":        with(func(m *wire.Message) { m.User.Name = "" }),
		"the longest":    with(func(m *wire.Message) { m.Text = strings.Repeat("\u2028", wire.MaxText) }),
		"nothing":        {},
	} {
		t.Run(name, func(t *testing.T) {
			e := hub.NewMessage(m)
			e.Seq = m.Seq
			want := wire.EncodeMessage(m)
			if got := e.JSON(); !bytes.Equal(got, want) {
				t.Errorf("JSON = %s, want %s", got, want)
			}
			if e.Size() != len(want) {
				t.Errorf("size = %d, want %d", e.Size(), len(want))
			}
			if name == "plain" && len(e.Body) != len("ABAnnClunch?D}") {
				t.Errorf("the compact form is %q", e.Body)
			}
			node := hub.NewTimeline()
			node.Apply(e, 0)
			if joined := node.JoinedBytes(nil, 0, 0); m.Expires > 0 && !bytes.Contains(joined, want) {
				t.Errorf("joined = %s, want %s in it", joined, want)
			}
		})
	}
}

// TestMessagesOfANewerNode: what this version does not expect stays in the message. A body that it cannot number stays as it
// is, and the hub does not show it.
func TestMessagesOfANewerNode(t *testing.T) {
	for body, want := range map[string]string{
		`{"seq":0,"id":"x","user":{"id":"u","role":"moderator"},"mood":"hungry","text":"","at":1}`://
		`{"seq":58,"id":"x","user":{"id":"u","role":"moderator"},"mood":"hungry","text":"","at":1}`,
		`{"seq":0,"version":2}`: `{"seq":58,"version":2}`,
		`{"seq":1,"id":"x"}`:    `{"seq":1,"id":"x"}`,
		`{"id":"x","seq":0,}`:   `{"id":"x","seq":0,}`,
		"{\"seq\":0,\n\x01}":    "{\"seq\":0,\n\x01}",
		"":                      "",
	} {
		e := hub.Event{Kind: hub.KindMessage, User: "u", ID: "x", At: 1, Expires: 9, Body: []byte(body)}
		e.Compact()
		e.Seq = 58
		if got := string(e.JSON()); got != want {
			t.Errorf("JSON of %q = %q, want %q", body, got, want)
		}
		if told := hub.NewTimeline().Apply(e, 2); told != strings.HasPrefix(want, `{"seq":58,`) {
			t.Errorf("members are told of %q: %v", body, told)
		}
	}
}

// FuzzCompact makes a body compact and puts the fragments back: the result must be the body.
func FuzzCompact(f *testing.F) {
	m := hub.NewMessage(wire.Message{ID: id(1), User: historyUsers[0], Text: "x", At: 1, Expires: 100})
	f.Add(m.JSON(), m.User, m.ID, m.At, m.Expires)
	empty := []byte(`{"seq":0,"id":"","user":{"id":"","name":"","anonymous":true},"text":"","at":0,"expires":0}`)
	f.Add(empty, "", "", int64(0), int64(0))
	f.Fuzz(func(t *testing.T, body []byte, user, id string, at, expires int64) {
		e := hub.Event{Kind: hub.KindMessage, User: user, ID: id, At: at, Expires: expires, Body: body}
		e.Compact()
		if bytes.HasPrefix(body, []byte{1}) {
			return // no JSON, and it looks compact
		}
		if got := e.JSON(); bytes.IndexFunc(body, func(r rune) bool { return r < ' ' }) < 0 && !bytes.Equal(got, body) {
			t.Errorf("JSON = %q, want %q", got, body)
		}
		if len(e.Body) > len(body) {
			t.Errorf("the compact form has %d bytes, the JSON %d", len(e.Body), len(body))
		}
		e.Seq = 7
		hub.NewTimeline().Apply(e, 0)
	})
}
