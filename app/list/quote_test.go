package list_test

import (
	"testing"
	"time"

	"mayfly/app/client"
	"mayfly/app/client/outbox"
	"mayfly/app/client/room"
	"mayfly/app/list"
)

func reply(key string, seq, to int64, epoch string) client.Message {
	return client.Message{Key: key, Seq: seq, Extras: &room.Extras{Details: outbox.Details{ReplyTo: to, ReplyEpoch: epoch}}}
}

func TestAnswered(t *testing.T) {
	plain := client.Message{Key: "plain", Seq: 1}
	if got := list.Answered([]client.Message{plain}, []client.Message{plain}); got != nil {
		t.Errorf("without replies: %v", got)
	}
	all := []client.Message{plain, reply("first", 2, 1, ""), reply("second", 3, 2, ""), reply("gone", 4, 9, ""),
		reply("other epoch", 5, 1, "e")}
	got := list.Answered(all, all[1:]) // what is answered needs no row
	want := map[string]string{"first": "plain", "second": "first", "gone": "", "other epoch": ""}
	if len(got) != len(want) {
		t.Errorf("found %d replies, want %d", len(got), len(want))
	}
	for key, to := range want {
		target, ok := got[key]
		if !ok || target == nil && to != "" || target != nil && target.Key != to {
			t.Errorf("%q answers %+v, want %q", key, target, to)
		}
	}
}

func TestQuoteSaysWhatBecameOfTheMessage(t *testing.T) {
	now := time.Now()
	target := client.Message{Key: "k", Seq: 1, Text: "Lunch?", Expires: now.Add(time.Minute)}
	target.User.Name = "Ada"
	const (
		quoted    = "In reply to Ada: Lunch?"
		expired   = "In reply to a message that has expired"
		takenBack = "In reply to a message that was taken back"
	)
	type look struct {
		at   time.Duration // after now
		gone bool
		want string
	}
	for name, looks := range map[string][]look{
		"it lives":          {{0, false, quoted}, {time.Second, false, quoted}},
		"it expires":        {{0, false, quoted}, {time.Minute, true, expired}},
		"it was never seen": {{0, true, expired}},
		"it is taken back":  {{0, false, quoted}, {time.Second, true, takenBack}},
		"taken back stays, when it is old": {{0, false, quoted}, {time.Second, true, takenBack},
			{time.Hour, true, takenBack}},
		"it comes back by undo": {{0, false, quoted}, {time.Second, true, takenBack},
			{2 * time.Second, false, quoted}},
	} {
		t.Run(name, func(t *testing.T) {
			var is list.Cited
			for _, l := range looks {
				to := &target
				if l.gone {
					to = nil
				}
				is = list.Cite(is, to, now.Add(l.at))
				if got := is.Shown(); got != l.want {
					t.Errorf("after %s the quote says %q, want %q", l.at, got, l.want)
				}
			}
		})
	}
}
