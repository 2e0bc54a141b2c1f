package hub_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"mayfly/server/hub"
)

// TestIndexIsAMap: through random changes, the index finds what a map finds. It gives its memory back.
func TestIndexIsAMap(t *testing.T) {
	type name struct{ user, id string }
	random := rand.New(rand.NewPCG(17, 4))
	x, want := hub.NewIndex(), map[name]int64{}
	check := func() {
		t.Helper()
		if used, all := x.Slots(); used != len(want) || 4*used > 3*all || all > 8 && 8*used < all {
			t.Fatalf("%d of %d slots are used, want %d", used, all, len(want))
		}
		for user := range 8 {
			for n := range 64 {
				k := name{fmt.Sprint("u-", user), id(n)}
				if got := x.Find(k.user, k.id); got != want[k] {
					t.Fatalf("found %d for %v, want %d", got, k, want[k])
				}
			}
		}
	}
	for i := range int64(20_000) {
		k := name{fmt.Sprint("u-", random.IntN(8)), id(random.IntN(64))}
		growing := i/1000%2 == 0
		switch act := random.IntN(10); {
		case act == 0:
			x.RemoveOther(k.user, k.id)
		case growing == (act < 7):
			x.Put(k.user, k.id, i+1)
			want[k] = i + 1
		default:
			x.Remove(k.user, k.id)
			delete(want, k)
		}
		if i%97 == 0 {
			check()
		}
	}
	for k := range want {
		x.Remove(k.user, k.id)
		delete(want, k)
	}
	check()
}
