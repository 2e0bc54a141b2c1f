package app_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"mayfly/app"
	"mayfly/app/session"
)

// list makes rows of words: each is a key, and a state after a colon.
func list(words string) []session.Message {
	var all []session.Message
	for w := range strings.FieldsSeq(words) {
		key, reason, waits := strings.Cut(w, ":")
		m := session.Message{Key: key, Text: key}
		if waits {
			m.State, m.Reason = session.Sending, reason
		}
		all = append(all, m)
	}
	return all
}

func TestDiff(t *testing.T) {
	for _, tt := range []struct{ name, prev, next, want string }{
		{"nothing to nothing", "", "", ""},
		{"the same", "a b c", "a b c", ""},
		{"opens", "", "a b", "+a +b"},
		{"is left", "a b", "", "-a -b"},
		{"the first expires", "a b c", "b c", "-a"},
		{"one in the middle expires", "a b c", "a c", "-b"},
		{"the last expires", "a b c", "a b", "-c"},
		{"one arrives", "a b", "a b c", "+c"},
		{"the first expires as one arrives", "a b c", "b c d", "-a +d"},
		{"several of both", "a b c d e", "b d f g", "-a -c -e +f +g"},
		{"all others", "a b", "c d", "-a -b +c +d"},
		{"an older one comes into the window", "b c d", "a c d", "-b +a<c"},
		{"two come before the same", "c", "a b c", "+a<c +b<c"},
		{"one comes before what is unsent", "a x:", "a b x:", "+b<x"},
		{"sent", "a x:", "a x", "!x"},
		{"failed", "a x:", "a x:why", "!x"},
		{"sent, and before another's", "a b x:", "a x b", "~b !x"},
		{"the first moves to the end", "a b c", "b c a", "~a"},
		{"the last moves to the start", "a b c", "c a b", "~c<a"},
		{"moved while its neighbour goes", "a b c", "c a", "-b ~c<a"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			prev, next := list(tt.prev), list(tt.next)
			c := app.Diff(prev, next)
			if got := fmt.Sprint(c); got != tt.want {
				t.Errorf("diff = %q, want %q", got, tt.want)
			}
			if got := c.Apply(prev); !slices.Equal(got, next) {
				t.Errorf("it makes %v, want %v", got, next)
			}
		})
	}
}

// TestDiffOfAnyLists shuffles, cuts and changes lists: whatever becomes of one, the change leads there.
func TestDiffOfAnyLists(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	some := func() []session.Message {
		var words []string
		for _, i := range random.Perm(9)[:random.IntN(10)] {
			word := string(rune('a' + i))
			if random.IntN(4) == 0 {
				word += ":"
			}
			words = append(words, word)
		}
		return list(strings.Join(words, " "))
	}
	for range 20_000 {
		prev, next := some(), some()
		if got := app.Diff(prev, next).Apply(prev); !slices.Equal(got, next) {
			t.Fatalf("from %v to %v: the change leads to %v", prev, next, got)
		}
	}
}

func TestRowLooks(t *testing.T) {
	for _, tt := range []struct {
		name  string
		m     session.Message
		class string
		state string
	}{
		{"another's", session.Message{}, "message", ""},
		{"one's own, on its way", session.Message{Mine: true, State: session.Sending}, "message message-mine", "Sending…"},
		{"that waits", session.Message{Mine: true, State: session.Sending, Reason: "Slow."}, "message message-mine", "Sending… Slow."},
		{"failed", session.Message{Mine: true, State: session.Failed, Reason: "The room is full."}, "message message-mine message-failed", "Not sent. The room is full."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if class, state := app.RowClass(&tt.m), app.StateWords(&tt.m); class != tt.class || state != tt.state {
				t.Errorf("class %q, state %q, want %q, %q", class, state, tt.class, tt.state)
			}
		})
	}
}

func TestTheNewestHaveRows(t *testing.T) {
	many := make([]session.Message, app.MaxRows+100)
	for i := range many {
		many[i].Key = fmt.Sprint(i)
	}
	if got := app.Rows(many); len(got) != app.MaxRows || got[0].Key != "100" {
		t.Errorf("of 500 messages %d have a row, from %s on, want the newest 400", len(got), got[0].Key)
	}
}

func TestNearest(t *testing.T) {
	for _, tt := range []struct{ rows, of, stay, want string }{
		{"a b c", "b", "a b c", "b"},
		{"a b c", "a", "b c", "b"},
		{"a b c", "b", "a c", "c"},
		{"a b c d", "b", "a d", "d"},
		{"a b c", "c", "a b", "b"},
		{"a b c", "b", "a", "a"},
		{"a", "a", "", ""},
		{"a b c", "b", "", ""},
	} {
		stays := func(key string) bool { return strings.Contains(tt.stay, key) }
		rows := list(tt.rows)
		i := slices.IndexFunc(rows, func(r session.Message) bool { return r.Key == tt.of })
		if got := app.Nearest(rows, i, stays); got != tt.want {
			t.Errorf("nearest to %s in %s, of %s that stay, is %q, want %q", tt.of, tt.rows, tt.stay, got, tt.want)
		}
	}
}

func TestWalk(t *testing.T) {
	for _, tt := range []struct{ rows, from, press, want string }{
		{"a b c", "", "ArrowUp", "c"}, {"a b c", "", "ArrowDown", "c"}, {"a b c", "", "Home", "a"}, {"a b c", "", "End", "c"},
		{"a b c", "c", "ArrowUp", "b"}, {"a b c", "a", "ArrowUp", "a"}, {"a b c", "a", "ArrowDown", "b"}, {"a b c", "c", "ArrowDown", "c"},
		{"a b c", "b", "Home", "a"}, {"a b c", "b", "End", "c"}, {"a b c", "b", "x", ""}, {"", "", "Home", ""},
	} {
		if got := app.Walk(list(tt.rows), tt.from, tt.press); got != tt.want {
			t.Errorf("in %q, %s from %q goes to %q, want %q", tt.rows, tt.press, tt.from, got, tt.want)
		}
	}
}
