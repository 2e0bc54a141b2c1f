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

func TestUnread(t *testing.T) {
	type step struct {
		messages string
		unread   int // as the client counts them
		divider  string
	}
	for _, tt := range []struct {
		name  string
		came  int // before the user came to the room
		steps []step
	}{
		{"all are read", 0, []step{{"a", 0, ""}, {"a b", 0, ""}}},
		{"some are not", 0, []step{{"a", 0, ""}, {"a b", 1, "b"}, {"a b c d", 3, "b"}}},
		{"one's own are read", 0, []step{{"a", 0, ""}, {"a +b c", 1, "c"}}},
		{"the divider stays when the user is back", 0, []step{{"a b", 1, "b"}, {"a b", 0, "b"}, {"a b c", 0, "b"}}},
		{"and moves when the user leaves again", 0, []step{{"a b", 1, "b"}, {"a b", 0, "b"}, {"a b c", 1, "c"}}},
		{"what is unread expires", 0, []step{{"a b c", 2, "b"}, {"c", 1, "c"}, {"", 0, ""}}},
		{"what was unread expires", 0, []step{{"a b c", 2, "b"}, {"a b c d", 0, "b"}, {"c d", 0, "c"}, {"d", 0, ""}}},
		{"the user comes to a room with unread messages", 2, []step{{"a b +c d", 0, "b"}, {"d e", 0, "d"}}},
		{"of which none lives any more", 2, []step{{"", 0, ""}, {"e", 0, ""}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			u := unread.Arrive(tt.came)
			for i, s := range tt.steps {
				u.Follow(others(s.messages), s.unread)
				if u.Count() != s.unread || u.Divider() != s.divider {
					t.Errorf("after step %d: %d unread, divider at %q, want %d, %q", i, u.Count(), u.Divider(), s.unread,
						s.divider)
				}
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
