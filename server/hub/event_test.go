package hub_test

import (
	"testing"
	"testing/synctest"
	"time"

	"mayfly/server/hub"
	"mayfly/shared/wire"
)

// TestUnknownEventsArePassedOver: a newer node stores events that this node does not know. No member gets them, but their
// seqs count.
func TestUnknownEventsArePassedOver(t *testing.T) {
	bubble(t, testConfig, func(t *testing.T, w world) {
		now := time.Now().UnixMilli()
		unknown := []hub.Event{
			{Kind: "wink", User: "u-eve", ID: "1", At: now, Expires: now + 60_000, Body: []byte(`{"at":"ben"}`)},
			{User: "u-eve", ID: "2"}, // an event of a newer version
			{Kind: hub.KindMessage, User: "u-eve", ID: "3", At: now, Expires: now + 60_000, Body: []byte("damaged")},
		}
		ann := w.in(t, "ann", "lobby")
		for _, e := range unknown {
			w.stream.Append("lobby", e, func(hub.Receipt, error) {})
		}
		synctest.Wait()
		if got := ann.take(); len(got) != 0 {
			t.Errorf("ann got %+v, want nothing", got)
		}
		if joined := w.person("ben").join(t, "lobby", nil); joined.Head != 3 || len(joined.Messages) != 0 {
			t.Errorf("joined = %+v, want head 3 and no message", joined)
		}
		ann.Post(post(1, "lobby", 0))
		for _, f := range ann.take() {
			switch f := f.(type) {
			case wire.Accepted:
				if f.Seq != 4 {
					t.Errorf("accepted with seq %d, want 4", f.Seq)
				}
			case wire.Posted:
				if f.Message.Seq != 4 {
					t.Errorf("posted with seq %d, want 4", f.Message.Seq)
				}
			default:
				t.Errorf("ann got %+v", f)
			}
		}
	})
}
