package words_test

import (
	"strings"
	"testing"
	"time"

	"mayfly/app/client"
	"mayfly/app/client/room"
	"mayfly/app/words"
	"mayfly/shared/wire"
)

func TestTyping(t *testing.T) {
	ada := room.Typist{User: wire.User{ID: "u-ada", Name: "Ada"}}
	zoe := room.Typist{User: wire.User{ID: "g-zoe", Name: "Zoë", Anonymous: true}}
	heron := room.Typist{User: wire.User{ID: "g-heron", Name: "Anonymous Heron", Anonymous: true}}
	long := room.Typist{User: wire.User{ID: "u-long", Name: strings.Repeat("ä", 21)}}
	for _, tt := range []struct {
		typists []room.Typist
		want    string
	}{
		{nil, ""},
		{[]room.Typist{ada}, "\u2068Ada\u2069 is typing"},
		{[]room.Typist{zoe}, "\u2068Zoë (guest)\u2069 is typing"},
		{[]room.Typist{ada, heron}, "\u2068Ada\u2069 and \u2068Heron (guest)\u2069 are typing"},
		{[]room.Typist{long}, "\u2068" + strings.Repeat("ä", 20) + "…\u2069 is typing"},
		{[]room.Typist{ada, heron, zoe}, "Several people are typing"},
		{[]room.Typist{ada, heron, zoe, long}, "Several people are typing"},
	} {
		if got := words.Typing(tt.typists); got != tt.want {
			t.Errorf("Typing(%v) = %q, want %q", tt.typists, got, tt.want)
		}
	}
}

// TestNameThatAGuestHasChosenIsMarked holds that a guest who is called like somebody who is signed in is told apart.
func TestNameThatAGuestHasChosenIsMarked(t *testing.T) {
	for _, tt := range []struct {
		user wire.User
		tag  string
		want string
	}{
		{wire.User{Name: "Ada"}, "", "Ada"},
		{wire.User{Name: "Ada", Anonymous: true}, "", "Ada (guest)"},
		{wire.User{Name: "Ada", Anonymous: true}, "3f2a", "Ada (guest) (3f2a)"},
		{wire.User{Name: "Anonymous Heron", Anonymous: true}, "", "Heron (guest)"},
		{wire.User{Name: "Anonymousse", Anonymous: true}, "", "Anonymousse (guest)"},
		{wire.User{Name: strings.Repeat("x", 41), Anonymous: true}, "", strings.Repeat("x", 40) + "… (guest)"},
		{wire.User{}, "", "You"},
	} {
		m := client.Message{User: tt.user, Tag: tt.tag, Seq: 1, At: time.Unix(1, 0), Expires: time.Unix(2, 0)}
		if got := words.Author(&m, 40); got != tt.want {
			t.Errorf("the author %+v is called %q, want %q", tt.user, got, tt.want)
		}
	}
}

func TestNotes(t *testing.T) {
	for _, tt := range []struct {
		you, guest, moderator, typing bool
		want                          string
	}{
		{false, false, false, false, ""}, {true, false, false, false, "you"}, {true, true, false, false, "you · guest"},
		{false, true, false, true, "guest · typing…"}, {false, false, false, true, "typing…"},
		{true, false, true, false, "you · moderator"}, {false, false, true, true, "moderator · typing…"},
	} {
		if got := words.Notes(tt.you, tt.guest, tt.moderator, tt.typing); got != tt.want {
			t.Errorf("Notes(%t, %t, %t, %t) = %q, want %q", tt.you, tt.guest, tt.moderator, tt.typing, got, tt.want)
		}
	}
}

func TestCalled(t *testing.T) {
	for want, u := range map[string]wire.User{
		"":              {Anonymous: true},
		"Ada":           {Name: "Ada"},
		"Ada (guest)":   {Name: "Ada", Anonymous: true},
		"Heron (guest)": {Name: "Anonymous Heron", Anonymous: true},
	} {
		if got := words.Called(u); got != want {
			t.Errorf("%+v is called %q, want %q", u, got, want)
		}
	}
}
