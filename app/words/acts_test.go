package words_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"mayfly/app/client"
	"mayfly/app/client/outbox"
	"mayfly/app/client/room"
	"mayfly/app/words"
)

func TestGivers(t *testing.T) {
	names := map[string]string{"a": "Ada", "b": "Ben"}
	var many []string
	for i := range 25 {
		id := fmt.Sprint(i)
		many, names[id] = append(many, id), "P"+id
	}
	for _, tt := range []struct {
		ids  []string
		want string
	}{
		{[]string{"a"}, "Ada"},
		{[]string{"b", "a"}, "Ben, Ada"},
		{[]string{"a", "unknown"}, "Ada, 1 other"},
		{[]string{"unknown", "nobody"}, "2 others"},
		{many, strings.Join(strings.Fields("P0 P1 P2 P3 P4 P5 P6 P7 P8 P9 P10 P11 P12 P13 P14 P15 P16 P17 P18 P19"), ", ") +
			", 5 others"},
	} {
		if got := words.Givers(tt.ids, func(id string) string { return names[id] }); got != tt.want {
			t.Errorf("Givers(%q) = %q, want %q", tt.ids, got, tt.want)
		}
	}
}

func TestLabelSaysWhatOnlySomeMessagesHave(t *testing.T) {
	m := client.Message{Seq: 1, Text: "hi"}
	m.User.Name = "Ada"
	clock := words.Clock{Offset: zone(0)}
	plain := words.Label(&m, clock)
	for _, tt := range []struct {
		extras *room.Extras
		want   string
	}{
		{nil, ""},
		{&room.Extras{}, ""},
		{&room.Extras{Details: outbox.Details{Mentions: []string{"u"}}}, ""},
		{&room.Extras{ForMe: true, Details: outbox.Details{ReplyTo: 1}}, " Mentions you. A reply."},
		{&room.Extras{Details: outbox.Details{ReplyTo: 1}}, " A reply."},
		{&room.Extras{Reactions: []room.Reaction{{Emoji: "👍", By: []string{"a", "b"}}, {Emoji: "🎉", By: []string{"a"}}}},
			" Reactions: 👍 2, 🎉 1."},
		{&room.Extras{Details: outbox.Details{ReplyTo: 1, Life: time.Minute}}, " A reply. Lives only 1 minute."},
	} {
		m.Extras = tt.extras
		if got := words.Label(&m, clock); got != plain+tt.want {
			t.Errorf("with %+v the label is %q, want %q", tt.extras, got, plain+tt.want)
		}
	}
}
