package hub_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/server/hub"
	"mayfly/shared/wire"
)

// TestClientFromANodeThatIsAhead: a client comes from a node that has more of the room than this node. It keeps what it has,
// gets everything that follows, and is told to try again what it cannot do yet.
func TestClientFromANodeThatIsAhead(t *testing.T) {
	bubble(t, testConfig, func(t *testing.T, w world) {
		ann := w.in(t, "ann", "lobby")
		ann.Post(post(1, "lobby", time.Minute))
		release := w.stream.HoldCopies() // from now on this node is behind
		now := time.Now().UnixMilli()
		cleo := wire.User{ID: "u-cleo", Name: "cleo"} // on another node
		w.stream.Append("lobby", hub.NewMessage(wire.Message{ID: id(2), User: cleo, Text: "x", At: now, Expires: now + 60_000}),
			func(hub.Receipt, error) {})
		ben := w.person("ben")
		j := ben.join(t, "lobby", &wire.Cursor{Epoch: "memory", Seq: 2}) // another node has brought him message 2
		if !j.Resumed || j.Head != 2 || len(j.Messages) != 0 {
			t.Errorf("joined %+v, want resumed with nothing, and the cursor as the head", j)
		}
		ben.React(react(2, "👍"))
		synctest.Wait()
		if f, ok := ben.frames[len(ben.frames)-1].(wire.Refused); !ok || f.Code != wire.CodeUnavailable || f.RetryMS == 0 {
			t.Errorf("a reaction to message 2 got %+v, want it to be tried again", ben.frames[len(ben.frames)-1])
		}
		ben.React(react(3, "👍"))
		synctest.Wait()
		if f, ok := ben.frames[len(ben.frames)-1].(wire.Refused); !ok || f.Code != wire.CodeGone {
			t.Errorf("a reaction to a message that nobody has got %+v, want gone", ben.frames[len(ben.frames)-1])
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
