package list_test

import (
	"testing"

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
	target := client.Message{Key: "k", Seq: 1, Text: "Lunch?"}
	target.User.Name = "Ada"
	answer, unmade := reply("r", 2, 1, ""), reply("r", 2, 1, "")
	unmade.Extras.Unmade = true
	for _, tt := range []struct {
		name          string
		reply, target *client.Message
		want          string
	}{
		{"it lives", &answer, &target, "In reply to Ada: Lunch?"},
		{"it has expired", &answer, nil, "In reply to a message that has expired"},
		{"it was taken back", &unmade, nil, "In reply to a message that was taken back"},
	} {
		if got := list.Cite(tt.reply, tt.target).Shown(); got != tt.want {
			t.Errorf("%s: the quote says %q, want %q", tt.name, got, tt.want)
		}
	}
}
