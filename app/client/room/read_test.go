package room_test

import (
	"testing"
	"time"

	"mayfly/app/client/room"
	"mayfly/shared/wire"
)

func upTo(epoch string, seq int64) wire.Cursor { return wire.Cursor{Epoch: epoch, Seq: seq} }

// TestUnread: a message counts from the time it is posted until it is read or gone, and the user's own never count.
func TestUnread(t *testing.T) {
	const minute = time.Minute
	forMe, answer, old := at(5, ann, "for me"), at(6, ann, "answer"), at(2, ann, "short")
	forMe.Mentions = []string{me.ID}
	answer.ReplyTo = 1
	old.Expires = t0.Add(time.Second).UnixMilli()
	three := snapshot("e1", 3, false, nil, at(1, me, "mine"), old, at(3, ann, "three"))
	takenBack := wire.Removed{Room: "lobby", Seqs: []int64{3}, Seq: 4}
	mention, reply := wire.Posted{Room: "lobby", Message: forMe}, wire.Posted{Room: "lobby", Message: answer}
	for _, tt := range []struct {
		name   string
		read   wire.Cursor
		frames []wire.Frame
		after  time.Duration // since t0
		want   int
		forMe  bool
	}{
		{"nothing is known", wire.Cursor{}, nil, 0, 0, false},
		{"all that was there", wire.Cursor{}, []wire.Frame{three}, 0, 2, false},
		{"what came since", upTo("e1", 2), []wire.Frame{three}, 0, 1, false},
		{"all is read", upTo("e1", 3), []wire.Frame{three}, 0, 0, false},
		{"another user posts a message", upTo("e1", 3), []wire.Frame{three, newMessage(4, ann, "four")}, 0, 1, false},
		{"one's own is posted", upTo("e1", 3), []wire.Frame{three, newMessage(4, me, "four")}, 0, 0, false},
		{"one expires", wire.Cursor{}, []wire.Frame{three}, time.Second, 1, false},
		{"all expire", wire.Cursor{}, []wire.Frame{three}, minute, 0, false},
		{"a message is taken back", wire.Cursor{}, []wire.Frame{three, takenBack}, 0, 1, false},
		{"taken back while away", wire.Cursor{}, []wire.Frame{three, snapshot("e1", 4, true, []int64{3})}, 0, 1, false},
		{"resumed", upTo("e1", 3), []wire.Frame{three, snapshot("e1", 9, true, nil, at(8, ann, "eight"))}, 0, 1, false},
		{"a snapshot with a gap", upTo("e1", 2),
			[]wire.Frame{three, snapshot("e1", 90, false, nil, at(80, ann, "80"), at(90, ann, "90"))}, 0, 2, false},
		{"another epoch", upTo("e1", 2),
			[]wire.Frame{three, snapshot("e2", 1, false, nil, at(1, ann, "new"))}, 0, 2, false},
		{"another epoch of which all is read", upTo("e2", 1),
			[]wire.Frame{snapshot("e2", 1, false, nil, at(1, ann, "new"))}, 0, 0, false},
		{"the epoch that was read is over", upTo("e0", 99), []wire.Frame{three}, 0, 2, false},
		{"a mention", upTo("e1", 3), []wire.Frame{three, mention}, 0, 1, true},
		{"an answer", upTo("e1", 3), []wire.Frame{three, reply}, 0, 1, true},
		{"an answer in a snapshot", wire.Cursor{},
			[]wire.Frame{snapshot("e1", 6, false, nil, at(1, me, "mine"), answer)}, 0, 1, true},
		{"a mention that is read", upTo("e1", 5),
			[]wire.Frame{three, mention, newMessage(6, ann, "six")}, 0, 1, false},
		{"a mention that expires", upTo("e1", 3), []wire.Frame{three, mention}, minute, 0, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := room.New("lobby", wire.User{}).Apply(wire.Welcome{User: me, MayPost: true}, t0)
			r.SeeUpTo(tt.read)
			for _, f := range tt.frames {
				r = r.Apply(f, t0)
			}
			r = r.Prune(t0.Add(tt.after))
			n, latest, forMe := r.Unread()
			if n != tt.want || (forMe != nil) != tt.forMe || (latest != nil) != (tt.want > 0) {
				t.Errorf("%d unread, the latest %v, for the user %v, want %d, for the user: %v", n, latest, forMe, tt.want,
					tt.forMe)
			}
			if j := r.Join(); j.Cursor != nil {
				r.SeeUpTo(*j.Cursor)
			}
			if n, _, _ := r.Unread(); n != 0 {
				t.Errorf("%d unread after the user has seen all", n)
			}
		})
	}
}

// TestSeeUpTo: an older mark, or one of an epoch that is over, does not make messages unread again.
func TestSeeUpTo(t *testing.T) {
	for _, tt := range []struct {
		name           string
		is, says, want wire.Cursor
	}{
		{"further", upTo("e1", 2), upTo("e1", 3), upTo("e1", 3)},
		{"less far", upTo("e1", 2), upTo("e1", 1), upTo("e1", 2)},
		{"nothing", upTo("e1", 2), wire.Cursor{}, upTo("e1", 2)},
		{"an epoch that is over", upTo("e1", 2), upTo("e0", 9), upTo("e1", 2)},
		{"the present epoch", upTo("e0", 9), upTo("e1", 1), upTo("e1", 1)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := room.New("lobby", me).Apply(snapshot("e1", 3, false, nil), t0)
			r.Read = tt.is
			if r.SeeUpTo(tt.says); r.Read != tt.want {
				t.Errorf("the user has read up to %+v, want %+v", r.Read, tt.want)
			}
		})
	}
}
