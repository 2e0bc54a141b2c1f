package measure_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"mayfly/app/client"
	"mayfly/cmd/mayfly/e2e/rig"
	"mayfly/server/hub"
	"mayfly/shared/wire"
)

// talker is a person in the lobby who posts and reacts.
type talker struct {
	*rig.Raw
	id string
}

func newTalker(t *testing.T, server *rig.Server) talker {
	p := talker{Raw: rig.Dial(t, server)}
	p.Hello(client.NewGuest(), wire.Join{Room: wire.DefaultRoom})
	p.id = rig.Next[wire.Welcome](p.Raw).User.ID
	rig.Next[wire.Joined](p.Raw)
	return p
}

// styled returns a text with Markdown; every tenth has a quote, a list and code.
func styled(name string, i int) string {
	text := fmt.Sprintf("**%s** %d: *see* `x_%[2]d` and ~~not~~ https://example.com/%[2]d", name, i)
	if i%10 == 0 {
		text += "\n> as was said\n\n- one\n- two\n\n```go\nreturn nil\n```"
	}
	return text
}

// says posts a message with Markdown, which lives for life, or as long as the others if life is 0. It returns the seq.
func (p talker) says(name string, i int, life time.Duration) int64 {
	p.Send(wire.Post{ID: uuid.NewString(), Room: wire.DefaultRoom, Text: styled(name, i), TTL: life.Milliseconds()})
	return rig.Next[wire.Accepted](p.Raw).Seq
}

// reacts gives a reaction, or takes it away, and waits for the answer, or for the end of the connection.
func (p talker) reacts(to int64, emoji string, on bool) {
	p.Send(wire.React{Room: wire.DefaultRoom, Seq: to, Emoji: emoji, On: &on})
	for f := rig.Next[wire.Reacted](p.Raw); f.To != 0 && (f.User.ID != p.id || f.To != to || f.Emoji != emoji); {
		f = rig.Next[wire.Reacted](p.Raw)
	}
}

// fillWithReactions lets the two fill the room by turns. Every fourth message, at the beginning of a turn or within, lives
// for the time that life returns for its number among these; the others outlive the test. It returns the seqs of the others.
func fillWithReactions(two [2]talker, life func(i int) time.Duration) (seqs []int64) {
	for i := range rig.Mounted {
		short := time.Duration(0)
		if i%4 == i/4%4 {
			short = life(i / 4)
		}
		seq := two[i/4%2].says("first", i, short)
		two[0].reacts(seq, hub.Emoji[0], true)
		two[1].reacts(seq, hub.Emoji[i%2], true)
		if short == 0 {
			seqs = append(seqs, seq)
		}
	}
	return seqs
}

// TestCostOfActs measures, as TestCostOfOneMessage does, what a message, an expiry and a reaction cost the main thread while
// 400 rows are mounted that have Markdown and reactions, and beside that what the browser alone needs for a like change. Two
// people write by turns, four messages each time.
func TestCostOfActs(t *testing.T) {
	const (
		times = 100
		pace  = 100 * time.Millisecond
		full  = 25 * time.Second // by then the room is filled; then one goes and one comes by turns
	)
	server := rig.Serve(t, "-rate", "100000/1s", "-ttl", "1h")
	tab := rig.WholeBrowser(t).Tab(server.URL).Ready()
	two := [2]talker{newTalker(t, server), newTalker(t, server)}
	start := time.Now()
	seqs := fillWithReactions(two, func(i int) time.Duration { return full + time.Duration(i)*2*pace - time.Since(start) })
	if time.Since(start) > full {
		t.Fatalf("to fill the room took %s: the machine is too busy to measure", time.Since(start))
	}
	tab.Until(fmt.Sprintf(`%s.length === %d && document.querySelectorAll('.reaction').length === %d`, rig.Rows, rig.Mounted,
		rig.Mounted*3/2))
	tab.Do(watch)
	changes := func() int { return rig.Eval[int](tab, "changes") }
	tick := time.NewTicker(pace)
	defer tick.Stop()
	phase := func(do func(i int)) (from, to int) {
		from = changes()
		for i := range times {
			<-tick.C
			do(i)
		}
		<-tick.C
		<-tick.C
		return from, changes()
	}
	stop := tab.Trace()
	tab.Until(fmt.Sprintf(`Date.now() > %d`, start.Add(full-pace).UnixMilli()))
	tick.Reset(pace) // so a message comes in the middle between two expiries
	turn, turnOver := phase(func(i int) {
		<-tick.C
		seqs = append(seqs, two[i/4%2].says("turn", i, 0))
	})
	given, givenOver := phase(func(i int) { // fifty, which then are taken away
		k := i % (times / 2)
		two[k/5%2].reacts(seqs[len(seqs)-1-k%5], hub.Emoji[1+k/10], i == k)
	})
	far, farOver := phase(func(i int) { two[i%2].reacts(seqs[i/2], hub.Emoji[5], true) })
	tab.Until(rig.Rows + `.length === ` + fmt.Sprint(rig.Mounted))
	in, inOver := phase(func(i int) { two[i/4%2].says("in", i, 0) })
	floor := changes()
	alone(tab, times, pace, oneInOneOut)
	floorPills := changes()
	alone(tab, times, pace, `{
		const pill = [...document.querySelectorAll('.reaction')].at(-1);
		if (floor % 2) pill.remove(); else pill.after(pill.cloneNode(true));
	}`)
	floorOver := changes()
	c := costs{t: t, trace: stop(), grew: rig.Eval[[]int](tab, "grew"), of: times}
	c.log("one out of 400", turn, turnOver, -1)
	c.log("one in to 400", turn, turnOver, 1)
	c.log("one in to 400 as the first gives up its row", in, inOver, 0)
	c.log("a reaction near the end, given or taken away", given, givenOver, 0)
	c.log("a reaction out of sight, given", far, farOver, 0)
	c.log("the floor of a message: a copy of the last row in, the first out, by a line of JavaScript", floor, floorPills, 0)
	c.log("the floor of a reaction: a copy of a pill in or out, by a line of JavaScript", floorPills, floorOver, 0)
}
