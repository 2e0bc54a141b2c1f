package hub_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/server/hub"
	"mayfly/shared/wire"
)

// TestClientFromANodeThatIsAhead: a client comes from a node that has more of the room than this node. Its join waits for
// what it has already, and then it gets what follows.
func TestClientFromANodeThatIsAhead(t *testing.T) {
	for _, late := range []bool{false, true} { // whether the event comes only after the join has waited for long enough
		bubble(t, testConfig, func(t *testing.T, w world) {
			ann := w.in(t, "ann", "lobby")
			ann.Post(post(1, "lobby", time.Minute))
			synctest.Wait()
			release := w.stream.HoldCopies() // from now on this node is behind
			now := time.Now().UnixMilli()
			cleo := wire.User{ID: "u-cleo", Name: "cleo"} // on another node
			m := wire.Message{ID: id(2), User: cleo, Text: "x", At: now, Expires: now + 60_000}
			w.stream.Append("lobby", hub.NewMessage(m), func(hub.Receipt, error) {})
			ben := w.person("ben")
			go ben.Join(t.Context(), "join", wire.Join{Room: "lobby", Cursor: &wire.Cursor{Epoch: "memory", Seq: 2}})
			if frames := ben.take(); len(frames) > 0 {
				t.Errorf("while the node is behind, the join is answered with %+v", frames)
			}
			if late {
				time.Sleep(3 * time.Second)
			}
			release()
			synctest.Wait()
			ann.Post(post(3, "lobby", time.Minute))
			frames := ben.take()
			j, ok := frames[0].(wire.Joined)
			if !ok || j.Resumed == late || len(j.Messages) != map[bool]int{false: 0, true: 1}[late] {
				t.Errorf("late: %t: the join is answered with %+v", late, frames[0])
			}
			var seqs []int64
			for _, f := range frames {
				if p, ok := f.(wire.Posted); ok {
					seqs = append(seqs, p.Seq)
				}
			}
			if want := map[bool][]int64{false: {3}, true: {2, 3}}[late]; !slices.Equal(seqs, want) {
				t.Errorf("late: %t: posted %v, want %v", late, seqs, want)
			}
		})
	}
}
