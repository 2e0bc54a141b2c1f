package auth_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"
)

// TestNameOfAGuestIsNotUsed: a name that looks like a guest's is not used. The next best name is, from the same source or
// another.
func TestNameOfAGuestIsNotUsed(t *testing.T) {
	for _, tt := range []struct {
		name   string
		access object
		id     object
		want   string
	}{
		{"the next claim", nil, object{"name": "Anonymous Heron", "preferred_username": "ada@example.com"}, "ada"},
		{"the next source", object{"name": "Ada"}, object{"name": "anonymous  heron"}, "Ada"},
		{"nothing else", object{"name": "ANONYMOUS", "scp": []string{"profile"}}, object{"name": "Anonymous Heron"}, "user-a361f7"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, nil, func(t *testing.T, r *rig) {
				id := with(object{"family_name": nil, "given_name": nil, "preferred_username": nil, "email": nil}, tt.id)
				if got := r.identity(t, good(tt.access), idToken(id)).Name; got != tt.want {
					t.Errorf("name %q, want %q", got, tt.want)
				}
			})
		})
	}
}

// called returns a token of the n-th user that contains that name.
func called(n int, name string) string {
	return good(object{"uid": fmt.Sprintf("%s%d", ada, n), "name": name, "scp": []string{"profile"}})
}

var suffixed = regexp.MustCompile(`^(.*) \([a-z2-7]{4}\)$`)

// TestTwoOfOneNameAreToldApart: of two users with one name, the first gets the name without a suffix. Each of them keeps
// the name that the user got.
func TestTwoOfOneNameAreToldApart(t *testing.T) {
	bubble(t, nil, func(t *testing.T, r *rig) {
		name := func(n int, says string) string { return r.identity(t, called(n, says), "").Name }
		first := name(1, "Ada Lovelace")
		second, third := name(2, "ada LOVELACE"), name(3, "\u0410d\u0430 Lovelace")
		if first != "Ada Lovelace" {
			t.Errorf("the first is %q", first)
		}
		for _, got := range []string{second, third} {
			if !suffixed.MatchString(got) {
				t.Errorf("a later one is %q", got)
			}
		}
		if second == third {
			t.Errorf("two are %q", second)
		}
		if a, b, c := name(1, "Ada Lovelace"), name(2, "ada LOVELACE"), name(3, "\u0410d\u0430 Lovelace"); a != first || b != second || c != third {
			t.Errorf("then %q, %q, %q, want %q, %q, %q", a, b, c, first, second, third)
		}
		if got := name(4, second); got == second || !suffixed.MatchString(got) {
			t.Errorf("who calls themselves %q is %q", second, got)
		}
		if got := name(1, "Ada King"); got != "Ada King" {
			t.Errorf("the first is now %q", got)
		}
		if got := name(2, "ada LOVELACE"); got != second {
			t.Errorf("the second is now %q, want %q still", got, second)
		}
		if got := name(5, "Ada Lovelace"); got != "Ada Lovelace" {
			t.Errorf("who comes when the name is free is %q", got)
		}
	})
}

func TestLongNamesAreToldApart(t *testing.T) {
	bubble(t, nil, func(t *testing.T, r *rig) {
		long := strings.Repeat("é", 64)
		r.identity(t, called(1, long), "")
		got := r.identity(t, called(2, long), "").Name
		if !suffixed.MatchString(got) || utf8.RuneCountInString(got) != 64 {
			t.Errorf("name %q", got)
		}
	})
}

// TestLaterNameIsToldApart: a name that a lookup finds for a connected user gets a suffix, too, if it is taken.
func TestLaterNameIsToldApart(t *testing.T) {
	bubble(t, withOkta, func(t *testing.T, r *rig) {
		r.identity(t, called(1, "Ada Lovelace"), "")
		id := r.identity(t, called(2, "Somebody"), "")
		changes, stop := r.follow(id)
		defer stop()
		time.Sleep(5 * time.Second)
		synctest.Wait()
		got := names(changes())
		if got == "" { // the lookup ended before the sign-in
			got = id.Name
		}
		if !suffixed.MatchString(got) || !strings.HasPrefix(got, "Ada Lovelace (") {
			t.Errorf("told %q", got)
		}
		if again := r.identity(t, called(2, "Somebody"), "").Name; again != got {
			t.Errorf("then %q", again)
		}
	})
}
