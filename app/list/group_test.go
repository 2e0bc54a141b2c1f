package list_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"mayfly/app/client"
	"mayfly/app/list"
	"mayfly/shared/wire"
)

// said makes a message of each word in words. A word is the author's letter, in upper case for the user's own messages, and
// the second at which the server accepted it; "wait" or "fail" stands for the second of a message that it has not accepted.
func said(words string) []client.Message {
	var all []client.Message
	for w := range strings.FieldsSeq(words) {
		m := client.Message{Key: fmt.Sprint(len(all)), User: wire.User{ID: w[:1], Name: "Ada"}, Mine: w[0] < 'a'}
		var second int64
		switch w[1:] {
		case "wait":
			m.State = client.Waiting
		case "fail":
			m.State = client.Failed
		default:
			fmt.Sscan(w[1:], &second)
			m.At = time.Unix(1e9+second, 0)
		}
		all = append(all, m)
	}
	return all
}

// shape writes the rows of a group in brackets: "(3) (1)" is a group of three, and a row that stands alone.
func shape(parts []list.Part) string {
	var groups []string
	rows := 0
	for _, p := range parts {
		if rows++; !p.Continued() {
			groups, rows = append(groups, fmt.Sprintf("(%d)", rows)), 0
		}
	}
	return strings.Join(groups, " ")
}

func never(int) bool { return false }

func TestGroups(t *testing.T) {
	for _, tt := range []struct{ name, said, want string }{
		{"nothing", "", ""},
		{"one", "a0", "(1)"},
		{"three of one author", "a0 a1 a2", "(3)"},
		{"two authors with one name", "a0 b1 a2", "(1) (1) (1)"},
		{"three minutes later", "a0 a180", "(2)"},
		{"more than three minutes later", "a0 a181", "(1) (1)"},
		{"three minutes after the row above, not after the first", "a0 a170 a340 a521", "(3) (1)"},
		{"a pause, and then more", "a0 a1 a500 a501", "(2) (2)"},
		{"sent, and not sent yet", "A0 Await Await", "(3)"},
		{"not sent yet, below another's", "a0 Await Await", "(1) (2)"},
		{"a failed message stands alone", "A0 Afail Await", "(1) (1) (1)"},
		{"accepted below a message that waits", "Await A0", "(1) (1)"},
	} {
		if got := shape(list.Parts(said(tt.said), never)); got != tt.want {
			t.Errorf("%s: %q makes the groups %s, want %s", tt.name, tt.said, got, tt.want)
		}
	}
}

func TestGroupOfOneLook(t *testing.T) {
	for name, change := range map[string]func(m *client.Message){
		"another name":       func(m *client.Message) { m.User.Name = "Ben" },
		"signed in as guest": func(m *client.Message) { m.User.Anonymous = true },
		"a tag":              func(m *client.Message) { m.Tag = "3f2a" },
	} {
		all := said("a0 a1")
		change(&all[1])
		if got := shape(list.Parts(all, never)); got != "(1) (1)" {
			t.Errorf("%s: the groups are %s, want two", name, got)
		}
	}
}

func TestGroupBeginsBelowALine(t *testing.T) {
	if got := shape(list.Parts(said("a0 a1 a2 a3"), func(i int) bool { return i == 2 })); got != "(2) (2)" {
		t.Errorf("with a line above the third row the groups are %s, want (2) (2)", got)
	}
}

// TestARowChangesItsNeighboursOnly removes any row of random lists: only the parts of the rows beside it may change, so an
// expiry writes into two rows at most. Read in the other direction, the same holds for a row that comes. Every first row of
// a group is joined to none, and every other one to the row above.
func TestARowChangesItsNeighboursOnly(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		var words []string
		second := 0
		for range 1 + rnd.IntN(12) {
			second += rnd.IntN(250)
			words = append(words, string("aaabA"[rnd.IntN(5)])+fmt.Sprint(second))
		}
		all := said(strings.Join(words, " "))
		before := list.Parts(all, never)
		for i, p := range before {
			if p.Joined() != (i > 0 && before[i-1].Continued()) {
				t.Fatalf("%q: row %d is %+v below %+v", words, i, p, before[max(0, i-1)])
			}
		}
		gone := rnd.IntN(len(all))
		after := list.Parts(slices.Delete(slices.Clone(all), gone, gone+1), never)
		for i, p := range slices.Delete(slices.Clone(before), gone, gone+1) {
			if p != after[i] && i != gone-1 && i != gone {
				t.Fatalf("%q without row %d: row %d becomes %+v, was %+v", words, gone, i, after[i], p)
			}
		}
	}
}
