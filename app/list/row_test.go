package list_test

import (
	"strings"
	"testing"
	"time"

	"mayfly/app/client"
	"mayfly/app/list"
	"mayfly/app/words"
	"mayfly/shared/wire"
)

func TestInitials(t *testing.T) {
	for _, tt := range []struct {
		user wire.User
		want string
	}{
		{wire.User{Name: "Ada Lovelace"}, "AL"},
		{wire.User{Name: "ada"}, "Ad"},
		{wire.User{Name: "Ada King Lovelace"}, "AL"},
		{wire.User{Name: "Anonymous Heron", Anonymous: true}, "He"},
		{wire.User{Name: "Anonymous Capybara", Anonymous: true}, "Ca"},
		{wire.User{Name: "Anonymous Cod", Anonymous: true}, "Co"},
		{wire.User{Name: "Anonymous Cod (3f2a)", Anonymous: true}, "Co"},
		{wire.User{Name: "Ada Lovelace", Anonymous: true}, "AL"}, // a name that a guest has chosen
		{wire.User{Name: "Ada Lovelace (ndjf)"}, "AL"},
		{wire.User{Name: "Ada (they) “Countess” Lovelace"}, "AL"},
		{wire.User{Name: "(ndjf)"}, ""},
		{wire.User{Name: "J."}, "J"},
		{wire.User{Name: "e\u0301lodie"}, "E"},
		{wire.User{Name: "élodie Ünal"}, "ÉÜ"},
		{wire.User{Name: "李 小龙"}, "李小"},
		{wire.User{Name: ""}, ""},
		{wire.User{Name: "🎉 party"}, "Pa"},
		{wire.User{Name: "\u202Eevil"}, ""},
	} {
		if got := list.Initials(tt.user); got != tt.want {
			t.Errorf("Initials(%q) = %q, want %q", tt.user.Name, got, tt.want)
		}
	}
}

// TestFaceHasNoColourUntilItIsKnownWhose compares the face of a user whose id is not known yet with the faces of other
// users.
func TestFaceHasNoColourUntilItIsKnownWhose(t *testing.T) {
	if got := list.FaceClass(wire.User{}); got != "face" {
		t.Errorf("the face of nobody known has the classes %q", got)
	}
	for _, u := range []wire.User{{ID: "g-heron", Name: "Anonymous Heron", Anonymous: true}, {ID: "u-ada", Name: "Ada"}, {ID: "u-x"}} {
		if got := list.FaceClass(u); !strings.HasPrefix(got, "face face-") || got != list.FaceClass(wire.User{ID: u.ID}) {
			t.Errorf("the face of %q has the classes %q, want a colour that its id alone decides", u.ID, got)
		}
	}
}

func TestPiled(t *testing.T) {
	for text, want := range map[string]bool{
		"": false, "lunch?": false, "Việt Nam": false, "שָׁלוֹם": false, "ก็ได้": false, "a\u0301\u0302": false,
		"a\u0301\u0302\u0303": true, "Z" + strings.Repeat("\u0353", 4000): true,
	} {
		if got := list.Piled(text); got != want {
			t.Errorf("piled(%.10q) = %v, want %v", text, got, want)
		}
	}
}

func TestRemains(t *testing.T) {
	at := time.UnixMilli(1_790_000_000_000)
	five, hours := 5*time.Minute, 25*time.Hour
	for _, tt := range []struct {
		left        list.Left
		life, after time.Duration
		step        int
		number      string
		soon        bool
	}{
		{list.Ring, five, 0, 60, "", false}, {list.Ring, five, -time.Second, 60, "", false},
		{list.Ring, five, time.Second, 60, "", false}, {list.Ring, five, 5 * time.Second, 59, "", false},
		{list.Ring, five, 264 * time.Second, 8, "", false}, {list.Ring, five, 269 * time.Second, 7, "", true},
		{list.Ring, five, 270 * time.Second, 6, "30 s", true},
		{list.Ring, five, 299500 * time.Millisecond, 1, "1 s", true}, {list.Ring, five, 400 * time.Second, 0, "1 s", true},
		{list.Numbers, five, 0, 0, "5:00", true}, {list.Numbers, five, 5 * time.Second, 0, "4:55", true},
		{list.Numbers, five, 299500 * time.Millisecond, 0, "0:01", true},
		{list.Numbers, five, 400 * time.Second, 0, "0:01", true},
		{list.Numbers, hours, 0, 0, "25:00:00", true},
		{list.Numbers, hours, 24*time.Hour - 69*time.Second, 0, "1:01:09", true},
		{list.Nothing, five, 0, 0, "", false}, {list.Nothing, five, 299 * time.Second, 0, "", false},
	} {
		m, now := client.Message{Seq: 1, At: at, Expires: at.Add(tt.life)}, at.Add(tt.after)
		if step, number := tt.left.Remains(&m, now); step != tt.step || number != tt.number {
			t.Errorf("%d: after %s: step %d, %q, want %d, %q", tt.left, tt.after, step, number, tt.step, tt.number)
		}
		if got := tt.left.Soon(&m, now); got != tt.soon {
			t.Errorf("%d: after %s: an update each second: %t, want %t", tt.left, tt.after, got, tt.soon)
		}
		if step, number := tt.left.Remains(&client.Message{}, now); step != 0 || number != "" {
			t.Errorf("%d: a message that is not accepted shows step %d, %q", tt.left, step, number)
		}
	}
}

func TestStartsDay(t *testing.T) {
	for _, tt := range []struct {
		name       string
		last, date words.Date
		want       bool
	}{
		{"the first row", 0, 20_000, false},
		{"the same day", 20_000, 20_000, false},
		{"the next day", 20_000, 20_001, true},
		{"three days later", 20_000, 20_003, true},
		{"the day before, where the clock went back over midnight", 20_000, 19_999, true},
		{"not accepted", 20_000, 0, false},
	} {
		if got := list.StartsDay(tt.last, tt.date); got != tt.want {
			t.Errorf("%s: %t, want %t", tt.name, got, tt.want)
		}
	}
}
