package hub_test

import (
	"testing"

	"mayfly/server/hub"
)

// TestNameIsTheKey: the hub finds a message by its user and its id, of any form, and finds no other message by them.
func TestNameIsTheKey(t *testing.T) {
	users := []string{"u-ann", "u-ben", ""}
	ids := []string{id(1), id(2), "", "x", "00000000-0000-0000-0000-000000000000", "0190A8F0-0000-7000-8000-000000000001",
		"0190a8f0-0000-7000-8000-00000000000z", "0190a8f0-0000-7000-8000_000000000001",
		"0190a8f000007000800000000000000001xx",
		"sixteen bytes id"}
	for _, user := range users {
		for _, id := range ids {
			if u, i := hub.NameAndBack(user, id); u != user || i != id {
				t.Errorf("%q %q became %q %q", user, id, u, i)
			}
			for _, other := range users {
				for _, otherID := range ids {
					if got := hub.SameName(user, id, other, otherID); got != (user == other && id == otherID) {
						t.Errorf("%q %q and %q %q have the same name: %v", user, id, other, otherID, got)
					}
				}
			}
		}
	}
}
