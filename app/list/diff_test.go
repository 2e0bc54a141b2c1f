package list_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"mayfly/app/client"
	"mayfly/app/list"
	"mayfly/app/words"
	"mayfly/shared/wire"
)

// rowsOf makes a row of each word in words. A word is the row's key, and after a colon its state.
func rowsOf(words string) []client.Message {
	var all []client.Message
	for w := range strings.FieldsSeq(words) {
		key, reason, waits := strings.Cut(w, ":")
		m := client.Message{Key: key, Text: key}
		if waits {
			m.State, m.Reason.Message = client.Sending, reason
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
			prev, next := rowsOf(tt.prev), rowsOf(tt.next)
			c := list.Diff(prev, next)
			if got := fmt.Sprint(c); got != tt.want {
				t.Errorf("diff = %q, want %q", got, tt.want)
			}
			if got := c.Apply(prev); !slices.Equal(got, next) {
				t.Errorf("it makes %v, want %v", got, next)
			}
		})
	}
}

func TestFirst(t *testing.T) {
	for _, tt := range []struct {
		prev, next string
		want       int
	}{
		{"a b c", "b c", 1},
		{"a b c", "c d", 2},
		{"a b c", "a b c d", 0},
		{"a b c", "a c", 0},
		{"a b c x:", "b c x", 0},
		{"a b", "", 0},
		{"b c d", "a c d", 0},
	} {
		prev := rowsOf(tt.prev)
		if got := list.Diff(prev, rowsOf(tt.next)).First(prev); got != tt.want {
			t.Errorf("from %q to %q, %d go from the start, want %d", tt.prev, tt.next, got, tt.want)
		}
	}
}

// TestDiffOfAnyLists shuffles, cuts and changes lists. The change that diff returns must always lead from the old list to
// the new one.
func TestDiffOfAnyLists(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	some := func() []client.Message {
		var words []string
		for _, i := range random.Perm(9)[:random.IntN(10)] {
			word := string(rune('a' + i))
			if random.IntN(4) == 0 {
				word += ":"
			}
			words = append(words, word)
		}
		return rowsOf(strings.Join(words, " "))
	}
	for range 20_000 {
		prev, next := some(), some()
		if got := list.Diff(prev, next).Apply(prev); !slices.Equal(got, next) {
			t.Fatalf("from %v to %v: the change leads to %v", prev, next, got)
		}
	}
}

func TestRowLooks(t *testing.T) {
	ann := wire.User{ID: "u-ann", Name: "Ann"}
	for _, tt := range []struct {
		name  string
		m     client.Message
		class string
		state string
	}{
		{"another's", client.Message{User: ann}, "message", ""},
		{"of someone who is not signed in", client.Message{User: wire.User{Name: "Anonymous Heron", Anonymous: true}}, "message message-anonymous", ""},
		{"two emoji", client.Message{User: ann, Text: "🎉 👍"}, "message message-emoji", ""},
		{"four emoji", client.Message{User: ann, Text: "🎉🎉🎉🎉"}, "message", ""},
		{"an emoji and a word", client.Message{User: ann, Text: "🎉 yes"}, "message", ""},
		{"digits", client.Message{User: ann, Text: "12"}, "message", ""},
		{"one's own, on its way", client.Message{User: ann, Mine: true, State: client.Sending}, "message message-mine message-waiting", "Sending…"},
		{"before one has a name", client.Message{Mine: true, State: client.Waiting}, "message message-mine message-unnamed message-waiting", "Waiting for a connection"},
		{"that has to wait", client.Message{User: ann, Mine: true, State: client.Sending, Reason: client.Problem{Message: "Slow."}}, "message message-mine message-waiting", "Sending… Slow."},
		{"failed", client.Message{User: ann, Mine: true, State: client.Failed, Reason: client.Problem{Message: "The room is full."}}, "message message-mine message-waiting message-failed", "Not sent. The room is full."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if class, state := list.RowClass(&tt.m), words.State(&tt.m); class != tt.class || state != tt.state {
				t.Errorf("class %q, state %q, want %q, %q", class, state, tt.class, tt.state)
			}
		})
	}
}

// numbered makes messages with the keys from first to last.
func numbered(first, last int) []client.Message {
	var all []client.Message
	for i := first; i <= last; i++ {
		all = append(all, client.Message{Key: fmt.Sprint(i)})
	}
	return all
}

func TestWindow(t *testing.T) {
	var (
		w    list.Mounted
		rows []client.Message
	)
	want := func(what, first, last string) {
		t.Helper()
		if rows[0].Key != first || rows[len(rows)-1].Key != last || len(rows) > list.MaxRows {
			t.Fatalf("%s: %d rows from %s to %s, want %s to %s", what, len(rows), rows[0].Key, rows[len(rows)-1].Key, first, last)
		}
	}
	all := numbered(1, 700)
	rows = w.Place(all, nil, nil)
	want("the newest at first", "301", "700")
	rows = w.Back(all, rows)
	want("scrolled up", "201", "600")
	all = numbered(1, 710)
	rows = w.Place(all, rows, rows[50:])
	want("ten more came", "201", "600")
	rows = w.Back(all, w.Back(all, rows))
	want("scrolled to the first", "1", "400")
	rows = w.Back(all, rows)
	want("there is no more", "1", "400")
	all = numbered(51, 710)
	rows = w.Place(all, rows, rows[100:])
	want("fifty expired", "51", "450")
	rows = w.On(all, w.On(all, rows))
	want("scrolled down", "251", "650")
	rows = w.On(all, rows)
	want("scrolled to the newest", "311", "710")
	all = numbered(51, 711)
	rows = w.Place(all, rows, rows[300:])
	want("which it follows then", "312", "711")
	all = numbered(51, 1500)
	rows = w.Place(all, rows, rows[300:])
	want("hundreds came at once", "612", "1011")
	rows = w.Place(all, rows, nil)
	want("and the user is at the end of those that have a row", "612", "1011")
	w = list.Mounted{}
	rows = w.Place(all, nil, nil)
	want("and jumps to the newest", "1101", "1500")
	rows = w.Back(all, rows)
	all = numbered(1490, 1500)
	rows = w.Place(all, rows, rows[200:])
	want("all but a few expired", "1490", "1500")
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
		rows := rowsOf(tt.rows)
		i := slices.IndexFunc(rows, func(r client.Message) bool { return r.Key == tt.of })
		if got := list.Nearest(rows, i, stays); got != tt.want {
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
		if got := list.Walk(rowsOf(tt.rows), tt.from, tt.press); got != tt.want {
			t.Errorf("in %q, %s from %q goes to %q, want %q", tt.rows, tt.press, tt.from, got, tt.want)
		}
	}
}

func TestFollows(t *testing.T) {
	const end = 1000 // where a list stands at its end
	for _, tt := range []struct {
		name     string
		did      bool
		was, top float64
		below    float64
		want     bool
	}{
		{"at the end and nothing happened", true, end, end, 0, true},
		{"at the end but for rounding", true, end, end - 0.5, 0.5, true},
		{"at the end of a list that became lower", true, end, end, 90, true},
		{"the frame became higher", true, end, end - 200, 0, true},
		{"the list became shorter", true, end, end - 300, 0, true},
		{"pulled beyond the end, as Safari allows", true, end, end + 30, -30, true},
		{"a slow scroll's first step", true, end, end - 2, 2, false},
		{"a slow scroll's first pixel", true, end, end - 1, 1.5, false},
		{"what a zoom makes of the same place, with rows that became higher", true, end, end - 0.4, 30, true},
		{"a line up", true, end, end - 40, 40, false},
		{"to the top", true, end, 0, end, false},
		{"up as rows came", true, end, end - 40, 240, false},
		{"down while it follows, not so far as the end", true, end, end + 40, 200, true},
		{"reading, and nothing happened", false, 300, 300, 700, false},
		{"reading near the end, and nothing happened", false, end - 5, end - 5, 5, false},
		{"on up", false, 300, 200, 800, false},
		{"down, not to the end", false, 300, 900, 100, false},
		{"down to the end", false, 300, end, 0, true},
		{"down to the last row", false, 300, end - 8, 8, true},
		{"up near the end", false, end - 2, end - 5, 5, false},
		{"all fits the frame again", false, 0, 0, 0, true},
	} {
		if got := list.Follows(tt.did, tt.was, tt.top, tt.below); got != tt.want {
			t.Errorf("%s: follows(%t, %g, %g, %g) = %t, want %t", tt.name, tt.did, tt.was, tt.top, tt.below, got, tt.want)
		}
	}
}
