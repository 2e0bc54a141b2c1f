package unread_test

import (
	"strings"
	"testing"

	"mayfly/app/client"
	"mayfly/app/unread"
)

// others makes a message of each word in words. A word that begins with + is a message of the user's own.
func others(words string) []client.Message {
	var all []client.Message
	for i, w := range strings.Fields(words) {
		key, mine := strings.CutPrefix(w, "+")
		all = append(all, client.Message{Key: key, Seq: int64(i + 1), Mine: mine})
	}
	return all
}

func TestAttention(t *testing.T) {
	const away, here = true, false
	type step struct {
		messages string
		away     bool
		unread   int
		divider  string
	}
	for _, tt := range []struct {
		name  string
		steps []step
	}{
		{"who looks has read", []step{{"a", here, 0, ""}, {"a b", here, 0, ""}}},
		{"who is away has not", []step{{"a", here, 0, ""}, {"a b", away, 1, "b"}, {"a b c d", away, 3, "b"}}},
		{"one's own are read", []step{{"a", here, 0, ""}, {"a +b c", away, 1, "c"}}},
		{"the divider stays when one is back", []step{{"a", here, 0, ""}, {"a b", away, 1, "b"}, {"a b", here, 0, "b"}, {"a b c", here, 0, "b"}}},
		{"and moves when one leaves again", []step{{"a", here, 0, ""}, {"a b", away, 1, "b"}, {"a b", here, 0, "b"}, {"a b c", away, 1, "c"}}},
		{"what is unread expires", []step{{"a", here, 0, ""}, {"a b c", away, 2, "b"}, {"c", away, 1, "c"}, {"", away, 0, ""}}},
		{"all that was there expires as one comes", []step{{"a", here, 0, ""}, {"b", away, 1, "b"}}},
		{"one that was taken back brings none back", []step{{"a b c", here, 0, ""}, {"a b", away, 0, ""}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var a unread.Unread
			before := others("")
			for i, s := range tt.steps {
				after := others(s.messages)
				a.Follow(before, after, s.away)
				if a.Count() != s.unread || a.Divider() != s.divider {
					t.Errorf("after step %d: %d unread, divider at %q, want %d, %q", i, a.Count(), a.Divider(), s.unread, s.divider)
				}
				before = after
			}
		})
	}
}

func TestTitle(t *testing.T) {
	for _, tt := range []struct {
		unread int
		hidden bool
		want   string
	}{{0, true, "#tea – Mayfly"}, {3, false, "#tea – Mayfly"}, {3, true, "(3) #tea – Mayfly"}} {
		if got := unread.Title("tea", tt.unread, tt.hidden); got != tt.want {
			t.Errorf("title of %d unread, hidden %v = %q, want %q", tt.unread, tt.hidden, got, tt.want)
		}
	}
}
