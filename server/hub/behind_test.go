package hub_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/shared/wire"
)

// TestClientFromANodeThatIsAhead: a client comes from a node that has more of the room than this node. It keeps what it has,
// and gets everything that follows.
func TestClientFromANodeThatIsAhead(t *testing.T) {
	bubble(t, testConfig, func(t *testing.T, w world) {
		ann := w.in(t, "ann", "lobby")
		ann.Post(post(1, "lobby", time.Minute))
		release := w.stream.HoldCopies() // from now on this node is behind
		ann.Post(post(2, "lobby", time.Minute))
		ben := w.person("ben")
		j := ben.join(t, "lobby", &wire.Cursor{Epoch: "memory", Seq: 2}) // another node has brought him message 2
		if !j.Resumed || j.Head != 2 || len(j.Messages) != 0 {
			t.Errorf("joined %+v, want resumed with nothing, and the cursor as the head", j)
		}
		release()
		ann.Post(post(3, "lobby", time.Minute))
		synctest.Wait()
		var seqs []int64
		for _, f := range ben.frames {
			if p, ok := f.(wire.Posted); ok {
				seqs = append(seqs, p.Seq)
			}
		}
		if !slices.Equal(seqs, []int64{2, 3}) {
			t.Errorf("posted %v, want 2 and 3", seqs)
		}
	})
}
