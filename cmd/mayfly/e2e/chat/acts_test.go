package chat_test

import (
	"slices"
	"testing"

	"mayfly/app/client"
	"mayfly/app/client/transport"
	"mayfly/cmd/mayfly/e2e/rig"
)

// TestReactAnswerAndTakeBack has two people in the lobby, one of whom polls: each sees what the other does to a message.
func TestReactAnswerAndTakeBack(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	polls := transport.DialPolls(transport.PostTo(server.PollURL()), nil)
	ann := rig.NewPerson(t, "ann", server.SocketURL())
	ben := rig.NewPersonBy(t, "ben", polls, nil)
	ann.Until("online", rig.Online)
	ben.Until("online", rig.Online)
	ann.Say("lunch?")
	lunch := func(v client.View) *client.Message {
		i := slices.IndexFunc(v.Messages, func(m client.Message) bool { return m.Text == "lunch?" && m.Seq != 0 })
		if i < 0 {
			return nil
		}
		return &v.Messages[i]
	}
	has := func(by int, mine bool) func(client.View) bool {
		return func(v client.View) bool {
			m := lunch(v)
			if m == nil || m.Extras == nil || len(m.Extras.Reactions) == 0 {
				return m != nil && by == 0
			}
			r := m.Extras.Reactions[0]
			return len(m.Extras.Reactions) == 1 && len(r.By) == by && r.Mine == mine
		}
	}
	react := func(p *rig.Person, on bool) {
		t.Helper()
		v := p.Now()
		if problem := p.React(lunch(v).Key, v.Emoji[0], on); problem != (client.Problem{}) {
			t.Fatalf("%s: %+v", p.Name, problem)
		}
	}
	ann.Until("has sent", has(0, false))
	ben.Until("sees the message", has(0, false))
	react(ben, true)
	ann.Until("sees Ben's reaction", has(1, false))
	react(ann, true)
	ben.Until("sees both reactions", has(2, true))
	react(ben, false)
	ann.Until("sees only the own one", has(1, true))
	ben.Until("sees only Ann's", has(1, false))

	if problem := ben.Send(client.Composed{Text: "yes", ReplyTo: lunch(ben.Now()).Key}); problem != (client.Problem{}) {
		t.Fatal(problem)
	}
	ann.Until("sees the answer", func(v client.View) bool {
		return slices.ContainsFunc(v.Messages, func(m client.Message) bool { return m.Text == "yes" && m.Answers(lunch(v)) })
	})
	ann.Remove(lunch(ann.Now()).Key)
	ann.Until("does not see the message", func(v client.View) bool { return lunch(v) == nil })
	ann.Flush()
	ben.Until("does not see the message", func(v client.View) bool { return lunch(v) == nil })
	for _, p := range []*rig.Person{ann, ben} {
		if v := p.Now(); !slices.Equal(rig.Texts(v), []string{"yes"}) || v.Notice.N != 0 {
			t.Errorf("%s sees %q, with the notice %+v", p.Name, rig.Texts(v), v.Notice)
		}
	}
}
