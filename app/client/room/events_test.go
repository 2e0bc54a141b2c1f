package room_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"mayfly/app/client/room"
	"mayfly/shared/wire"
)

var ben = wire.User{ID: "g-ben", Name: "Ben", Anonymous: true}

// reacted says that u gives an emoji to a message, or takes it away if the emoji begins with "-".
func reacted(seq, to int64, u wire.User, emoji string) wire.Reacted {
	plain, off := strings.CutPrefix(emoji, "-")
	return wire.Reacted{Room: "lobby", To: to, User: u, Emoji: plain, On: !off, Seq: seq}
}

// takenBack says that the author has taken a message back; seq 0 is a repeat.
func takenBack(seq, message int64) wire.Removed {
	return wire.Removed{Room: "lobby", Seqs: []int64{message}, Why: wire.WhyAuthor, Seq: seq, Repeat: seq == 0}
}

// with returns m with reactions, each written as "emoji id id".
func with(m wire.Message, reactions ...string) wire.Message {
	m.Reactions = wireReactions(reactions...)
	return m
}

func wireReactions(reactions ...string) (list []wire.Reaction) {
	list = []wire.Reaction{}
	for _, r := range reactions {
		words := strings.Fields(r)
		list = append(list, wire.Reaction{Emoji: words[0], By: words[1:]})
	}
	return list
}

// shows returns what r shows of each message: "text: emoji=id+id emoji*=id", with a star behind the user's own.
func shows(r room.Room) (list []string) {
	for _, m := range r.Messages {
		line := m.Text + ":"
		if m.Extras != nil {
			for _, reaction := range m.Extras.Reactions {
				mark := ""
				if reaction.Mine {
					mark = "*"
				}
				line += " " + reaction.Emoji + mark + "=" + strings.Join(reaction.By, "+")
			}
		}
		list = append(list, line)
	}
	return list
}

// lobby is a room with two messages, as the user me sees it.
func lobby(frames ...wire.Frame) room.Room {
	r := room.New("lobby", wire.User{}).Apply(wire.Welcome{User: me}, t0)
	r = r.Apply(snapshot("e1", 4, false, nil, at(3, ann, "one"), at(4, me, "two")), t0)
	for _, f := range frames {
		r = r.Apply(f, t0)
	}
	return r
}

func TestApplyEvents(t *testing.T) {
	resumes := snapshot("e1", 9, true, nil)
	resumes.Reacted = []wire.MessageReactions{{Seq: 3, Reactions: wireReactions("👍 g-ben u-me", "🎉 u-ann")}, {Seq: 4},
		{Seq: 99}}
	older := resumes
	older.Head = 2
	for _, tt := range []struct {
		name   string
		frames []wire.Frame
		want   []string
		seq    int64
	}{
		{"given", []wire.Frame{reacted(5, 3, ann, "👍")}, []string{"one: 👍=u-ann", "two:"}, 5},
		{"given by the user", []wire.Frame{reacted(5, 3, me, "👍")}, []string{"one: 👍*=u-me", "two:"}, 5},
		{"in the order in which they come", []wire.Frame{reacted(5, 3, ann, "👍"), reacted(6, 3, ben, "🎉"),
			reacted(7, 3, me, "👍")},
			[]string{"one: 👍*=u-ann+u-me 🎉=g-ben", "two:"}, 7},
		{"twice", []wire.Frame{reacted(5, 3, ann, "👍"), reacted(6, 3, ann, "👍")}, []string{"one: 👍=u-ann", "two:"}, 6},
		{"taken away", []wire.Frame{reacted(5, 3, ann, "👍"), reacted(6, 3, me, "👍"), reacted(7, 3, me, "-👍")},
			[]string{"one: 👍=u-ann", "two:"}, 7},
		{"the last taken away", []wire.Frame{reacted(5, 3, ann, "👍"), reacted(6, 3, ann, "-👍")},
			[]string{"one:", "two:"}, 6},
		{"anew, behind the others", []wire.Frame{reacted(5, 3, ann, "👍"), reacted(6, 3, me, "🎉"),
			reacted(7, 3, ann, "-👍"), reacted(8, 3, ann, "👍")},
			[]string{"one: 🎉*=u-me 👍=u-ann", "two:"}, 8},
		{"taken away that was not there", []wire.Frame{reacted(5, 3, ann, "-👍")}, []string{"one:", "two:"}, 5},
		{"of a message that is not there", []wire.Frame{reacted(5, 99, ann, "👍")}, []string{"one:", "two:"}, 5},
		{"at the cursor", []wire.Frame{reacted(4, 3, ann, "👍"), reacted(1, 3, ann, "👍")}, []string{"one:", "two:"}, 4},
		{"a repeat changes nothing", []wire.Frame{reacted(0, 3, me, "👍")}, []string{"one:", "two:"}, 4},
		{"in another room", []wire.Frame{wire.Reacted{Room: "tea", To: 3, User: ann, Emoji: "👍", On: true, Seq: 9}},
			[]string{"one:", "two:"}, 4},
		{"goes with its message", []wire.Frame{reacted(5, 3, ann, "👍"), takenBack(6, 3)}, []string{"two:"}, 6},
		{"taken back", []wire.Frame{takenBack(5, 4)}, []string{"one:"}, 5},
		{"taken back, a repeat", []wire.Frame{takenBack(0, 4)}, []string{"one:"}, 4},
		{"taken back, at the cursor", []wire.Frame{takenBack(4, 4)}, []string{"one:", "two:"}, 4},
		{"what comes after a removal", []wire.Frame{takenBack(9, 4), newMessage(8, ann, "late"), newMessage(10, ann, "new")},
			[]string{"one:", "new:"}, 10},
		{"in a snapshot", []wire.Frame{snapshot("e1", 9, false, nil, with(at(3, ann, "one"), "👍 u-me g-ben"),
			at(4, me, "two"))},
			[]string{"one: 👍*=u-me+g-ben", "two:"}, 9},
		{"whole, in one that resumes", []wire.Frame{reacted(5, 4, ann, "👍"), resumes},
			[]string{"one: 👍*=g-ben+u-me 🎉=u-ann", "two:"}, 9},
		{"whole, of another epoch's message",
			[]wire.Frame{snapshot("e2", 1, false, nil, at(1, ann, "new")),
				wire.Joined{Room: "lobby", Epoch: "e2", Head: 9,
					Resumed: true, Reacted: resumes.Reacted}}, []string{"one:", "two:", "new:"}, 9},
		{"of another epoch's message", []wire.Frame{snapshot("e2", 1, false, nil), reacted(5, 3, ann, "👍")},
			[]string{"one:", "two:"}, 5},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := lobby(tt.frames...)
			if got := shows(r); !slices.Equal(got, tt.want) {
				t.Errorf("the room shows %q, want %q", got, tt.want)
			}
			if _, seq := r.Cursor(); seq != tt.seq {
				t.Errorf("the cursor is %d, want %d", seq, tt.seq)
			}
		})
	}
	wantTexts(t, room.New("lobby", me).Apply(reacted(5, 3, ann, "👍"), t0)) // not joined
}

// TestReactionChangesTheMessage: a message with a new reaction is not equal to the message before, so that code that
// compares them sees the reaction. The old list stays as it was.
func TestReactionChangesTheMessage(t *testing.T) {
	before := lobby(reacted(5, 3, ann, "👍"))
	after := before.Apply(reacted(6, 3, ben, "👍"), t0)
	if before.Messages[0] == after.Messages[0] || before.Messages[1] != after.Messages[1] {
		t.Error("want the first message changed, and no other")
	}
	if got := shows(before); got[0] != "one: 👍=u-ann" {
		t.Errorf("the old list shows %q", got)
	}
	gone := after.Apply(reacted(7, 3, ann, "-👍"), t0).Apply(reacted(8, 3, ben, "-👍"), t0)
	if gone.Messages[0].Extras != nil {
		t.Error("a message without reactions has extras")
	}
}

// TestReactionsBelongToTheUser: who signs in as another has given other reactions.
func TestReactionsBelongToTheUser(t *testing.T) {
	r := lobby(reacted(5, 3, ann, "👍"), reacted(6, 3, me, "🎉"), wire.Welcome{User: ann})
	if got := shows(r); got[0] != "one: 👍*=u-ann 🎉=u-me" {
		t.Errorf("Ann sees %q", got)
	}
}

func TestHeadStaysWhileJoined(t *testing.T) {
	r := lobby(snapshot("e1", 9, true, nil, at(9, ann, "lost on the way")))
	if r.Head != 4 {
		t.Errorf("head = %d after a rejoin, want 4", r.Head)
	}
	r.Joined = false // the connection was lost
	if r = r.Apply(snapshot("e1", 12, true, nil), t0); r.Head != 12 {
		t.Errorf("head = %d after a reconnect, want 12", r.Head)
	}
	if r = r.Apply(snapshot("e1", 20, false, nil), t0); r.Head != 20 {
		t.Errorf("head = %d after a snapshot that replaces all, want 20", r.Head)
	}
}

// TestRejoinThatBringsNothing leaves the list as it is, so that the page draws nothing: while the client polls, each poll
// brings such a snapshot.
func TestRejoinThatBringsNothing(t *testing.T) {
	before := lobby(reacted(5, 3, ann, "👍"))
	after := before.Apply(snapshot("e1", 9, true, []int64{99}), t0)
	if &before.Messages[0] != &after.Messages[0] {
		t.Error("the list is another although nothing has changed")
	}
	if _, seq := after.Cursor(); seq != 9 {
		t.Errorf("the cursor is %d, want 9", seq)
	}
	more := before.Apply(snapshot("e1", 9, true, nil, at(9, ann, "news")), t0)
	wantTexts(t, more, "one", "two", "news")
	wantTexts(t, before, "one", "two")
}

func TestActs(t *testing.T) {
	on := func(seq int64, emoji string) room.Act { return room.Act{Seq: seq, Emoji: emoji, On: true} }
	off := func(seq int64, emoji string) room.Act { return room.Act{Seq: seq, Emoji: emoji} }
	remove := func(seq int64) room.Act { return room.Act{Seq: seq} }
	for _, tt := range []struct {
		name   string
		acts   []room.Act
		frames []wire.Frame
		want   []string // with the acts
		truth  []string // once they are over
	}{
		{"given", []room.Act{on(3, "👍")}, nil, []string{"one: 👍*=u-me", "two:"}, []string{"one:", "two:"}},
		{"given, and confirmed", []room.Act{on(3, "👍")}, []wire.Frame{reacted(5, 3, me, "👍")},
			[]string{"one: 👍*=u-me", "two:"}, []string{"one: 👍*=u-me", "two:"}},
		{"given beside another's", []room.Act{on(3, "👍")}, []wire.Frame{reacted(5, 3, ann, "👍")},
			[]string{"one: 👍*=u-ann+u-me", "two:"}, []string{"one: 👍=u-ann", "two:"}},
		{"taken away", []room.Act{off(3, "👍")}, []wire.Frame{reacted(5, 3, me, "👍")}, []string{"one:", "two:"},
			[]string{"one: 👍*=u-me", "two:"}},
		{"two on one message", []room.Act{on(3, "👍"), on(3, "🎉")}, nil, []string{"one: 👍*=u-me 🎉*=u-me", "two:"},
			[]string{"one:", "two:"}},
		{"taken back", []room.Act{remove(4)}, nil, []string{"one:"}, []string{"one:", "two:"}},
		{"the first taken back", []room.Act{remove(3)}, nil, []string{"two:"}, []string{"one:", "two:"}},
		{"taken back, with a reaction", []room.Act{remove(4), on(4, "👍")}, []wire.Frame{reacted(5, 4, ann, "🎉")},
			[]string{"one:"}, []string{"one:", "two: 🎉=u-ann"}},
		{"taken back, and confirmed", []room.Act{remove(4)}, []wire.Frame{takenBack(5, 4)}, []string{"one:"},
			[]string{"one:"}},
		{"taken back, and in a snapshot", []room.Act{remove(4)},
			[]wire.Frame{snapshot("e1", 9, false, nil, at(3, ann, "one"), with(at(4, me, "two"), "👍 u-ann"))},
			[]string{"one:"}, []string{"one:", "two: 👍=u-ann"}},
		{"taken back, and in none", []room.Act{remove(4)},
			[]wire.Frame{snapshot("e1", 9, false, nil, at(3, ann, "one"))}, []string{"one:"}, []string{"one:"}},
		{"another epoch", []room.Act{remove(4), on(3, "👍")},
			[]wire.Frame{snapshot("e2", 4, false, nil, at(3, ann, "three"), at(4, me, "four"))},
			[]string{"one:", "three:", "four:"}, []string{"one:", "three:", "four:"}},
		{"of what is not there", []room.Act{remove(99), on(0, "👍")}, nil, []string{"one:", "two:"},
			[]string{"one:", "two:"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := lobby()
			r.SetActs(tt.acts)
			held, before := r, shows(r)
			for _, f := range tt.frames {
				r = r.Apply(f, t0)
			}
			if got := shows(r); !slices.Equal(got, tt.want) {
				t.Errorf("with the acts the room shows %q, want %q", got, tt.want)
			}
			r.SetActs(nil)
			if got := shows(r); !slices.Equal(got, tt.truth) {
				t.Errorf("then the room shows %q, want %q", got, tt.truth)
			}
			if got := shows(held); !slices.Equal(got, before) {
				t.Errorf("the old room shows %q, want %q", got, before)
			}
		})
	}
}

// TestTakenBackMessageExpires: a message that is hidden does not come back after its time.
func TestTakenBackMessageExpires(t *testing.T) {
	r := lobby()
	r.SetActs([]room.Act{{Seq: 4}})
	if !r.Has(4) {
		t.Error("the hidden message is not there")
	}
	r = r.Prune(t0.Add(time.Minute))
	r.SetActs(nil)
	wantTexts(t, r)
}

func TestExtras(t *testing.T) {
	m := at(5, ann, "short")
	m.ReplyTo, m.Mentions, m.Expires = 3, []string{"u-me"}, m.At+10_000
	r := lobby(wire.Posted{Room: "lobby", Message: m})
	x := r.Messages[2].Extras
	if x == nil || x.ReplyTo != 3 || len(x.Mentions) != 1 || x.Life != 10*time.Second {
		t.Fatalf("extras = %+v", x)
	}
	if !x.ForMe {
		t.Error("the message does not mention the user")
	}
	if next := r.Apply(wire.Welcome{User: wire.User{ID: "u-other"}}, t0).Messages[2].Extras; next.ForMe {
		t.Error("the message mentions another user, after the user has changed")
	}
	reacted := r.Apply(wire.Reacted{Room: "lobby", Seq: 6, To: 5, Emoji: "👍", User: ann, On: true}, t0)
	if x := reacted.Messages[2].Extras; !x.ForMe || len(x.Reactions) != 1 {
		t.Errorf("after a reaction, the extras are %+v", x)
	}
	if r.Messages[0].Extras != nil || r.Messages[1].Extras != nil {
		t.Error("a plain message has extras")
	}
	if reply := &r.Messages[2]; !reply.Answers(&r.Messages[0]) || reply.Answers(&r.Messages[1]) ||
		r.Messages[0].Answers(reply) {
		t.Error("want the third message to answer the first, and no others")
	}
	other := r.Apply(snapshot("e2", 3, false, nil, at(3, ann, "another life")), t0)
	if reply := &other.Messages[2]; reply.Answers(&other.Messages[3]) || !reply.Answers(&other.Messages[0]) {
		t.Error("a reply answers a message of another epoch")
	}
}

// people is what the room says of its users and of those who type: "5: Ann Ben; Cleo".
func people(r room.Room) string {
	line := fmt.Sprint(r.People, ":")
	for _, u := range r.Users {
		line += " " + u.Name
	}
	for i, typist := range r.Typing {
		line += []string{"; ", " "}[min(i, 1)] + typist.User.Name
	}
	return line
}

func TestCompany(t *testing.T) {
	types := func(u wire.User) wire.Typing { return wire.Typing{Room: "lobby", User: &u} }
	stops := types(ann)
	stops.On = new(bool)
	presence := func(n int64, came []wire.User, went ...string) wire.Presence {
		return wire.Presence{Room: "lobby", People: n, Came: came, Went: went}
	}
	are := func(users ...wire.User) wire.People {
		return wire.People{Room: "lobby", Total: int64(len(users)), Users: users}
	}
	users := func(users ...wire.User) []wire.User { return users }
	anna := ann
	anna.Name = "Anna"
	rejoin := snapshot("e1", 4, true, nil)
	rejoin.People = 2
	more := rejoin
	more.People = 3
	for _, tt := range []struct {
		name   string
		frames []wire.Frame
		want   string
		asks   bool // the room needs to ask who is there
	}{
		{"nothing is known", nil, "0:", true},
		{"asked", []wire.Frame{are(me, ann)}, "2: Anonymous Heron Ann", false},
		{"somebody comes", []wire.Frame{are(me), presence(2, users(ann))}, "2: Anonymous Heron Ann", false},
		{"somebody goes", []wire.Frame{are(me, ann, ben), presence(2, nil, "u-ann")}, "2: Anonymous Heron Ben", false},
		{"comes and goes", []wire.Frame{are(me, ann), presence(2, users(ben), "u-ann")}, "2: Anonymous Heron Ben", false},
		{"the user comes", []wire.Frame{are(me, ann), presence(2, users(me))}, "2: Anonymous Heron Ann", false},
		{"the user goes, on another node", []wire.Frame{are(me, ann), presence(2, nil, "u-me")},
			"2: Anonymous Heron Ann", false},
		{"another name", []wire.Frame{are(me, ann, ben), presence(3, users(anna))}, "3: Anonymous Heron Anna Ben", false},
		{"the user's other name", []wire.Frame{are(me, ann), wire.Authed{User: wire.User{ID: "u-me", Name: "Egret"}}},
			"2: Egret Ann", false},
		{"before the answer", []wire.Frame{presence(2, users(ann))}, "2:", true},
		{"too many at once", []wire.Frame{are(me, ann), presence(50, nil)}, "50: Anonymous Heron Ann", true},
		{"as many as before", []wire.Frame{are(me, ann), presence(2, nil)}, "2: Anonymous Heron Ann", false},
		{"some got lost", []wire.Frame{are(me, ann), presence(4, users(ben))}, "4: Anonymous Heron Ann Ben", true},
		{"in another room", []wire.Frame{are(me, ann), wire.Presence{Room: "tea", People: 9},
			wire.People{Room: "tea", Total: 9},
			wire.Typing{Room: "tea", User: &ann}}, "2: Anonymous Heron Ann", false},
		{"a rejoin", []wire.Frame{are(me, ann), rejoin}, "2: Anonymous Heron Ann", false},
		{"a rejoin that counts more", []wire.Frame{are(me, ann), more}, "3: Anonymous Heron Ann", true},
		{"types", []wire.Frame{are(me, ann, ben), types(ann), types(ben), types(ann)},
			"3: Anonymous Heron Ann Ben; Ann Ben", false},
		{"stops", []wire.Frame{are(me, ann), types(ann), stops}, "2: Anonymous Heron Ann", false},
		{"the user types elsewhere", []wire.Frame{are(me), types(me), wire.Typing{Room: "lobby"}}, "1: Anonymous Heron",
			false},
		{"writes", []wire.Frame{are(me, ann), types(ann), newMessage(5, ann, "there")}, "2: Anonymous Heron Ann", false},
		{"another writes", []wire.Frame{are(me, ann), types(ann), newMessage(5, ben, "there")},
			"2: Anonymous Heron Ann; Ann", false},
		{"types and goes", []wire.Frame{are(me, ann), types(ann), presence(1, nil, "u-ann")}, "1: Anonymous Heron", false},
		{"types and is gone", []wire.Frame{are(me, ann), types(ann), are(me)}, "1: Anonymous Heron", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := lobby(tt.frames...)
			if got := people(r); got != tt.want || r.Outdated() != tt.asks {
				t.Errorf("the room has %q, and needs to ask: %v; want %q, %v", got, r.Outdated(), tt.want, tt.asks)
			}
		})
	}
}

func TestTypingIsOverAfterSixSeconds(t *testing.T) {
	r := lobby(wire.Typing{Room: "lobby", User: &ann})
	if got := r.NextExpiry(); got != t0.Add(6*time.Second) {
		t.Errorf("something ends after %v, want 6s", got.Sub(t0))
	}
	r = r.Apply(wire.Typing{Room: "lobby", User: &ann}, t0.Add(5*time.Second))
	held := r
	if r = r.Prune(t0.Add(11*time.Second - 1)); people(r) != "0:; Ann" {
		t.Errorf("before the time is up: %q", people(r))
	}
	if r = r.Prune(t0.Add(11 * time.Second)); people(r) != "0:" || people(held) != "0:; Ann" {
		t.Errorf("afterwards: %q, and %q in the old room", people(r), people(held))
	}
}

// TestNames: the room knows who was there, who has written and who has given a reaction, by the newest name.
func TestNames(t *testing.T) {
	anna, bert := ann, ben
	anna.Name, bert.Name = "Anna", "Bert"
	r := lobby(wire.People{Room: "lobby", Total: 1, Users: []wire.User{me}})
	for _, tt := range []struct {
		frame wire.Frame
		id    string
		want  string
	}{
		{snapshot("e1", 4, true, nil), "u-ann", "Ann"}, // she wrote
		{wire.Presence{Room: "lobby", People: 2, Came: []wire.User{anna}}, "u-ann", "Anna"},
		{snapshot("e1", 4, false, nil, at(3, ann, "one")), "u-ann", "Anna"}, // what was posted before keeps the old name
		{wire.Presence{Room: "lobby", People: 1, Went: []string{"u-ann"}}, "u-ann", "Anna"},
		{reacted(5, 3, ben, "👍"), "g-ben", "Ben"},
		{wire.Typing{Room: "lobby", User: &bert}, "g-ben", "Bert"},
		{newMessage(6, ben, "hello"), "g-ben", "Ben"},
		{wire.Authed{User: wire.User{ID: "u-me", Name: "Egret"}}, "u-me", "Egret"},
		{wire.Beat{}, "u-nobody", ""},
	} {
		if r = r.Apply(tt.frame, t0); r.Known(tt.id).Name != tt.want {
			t.Errorf("after %+v %s is called %q, want %q", tt.frame, tt.id, r.Known(tt.id).Name, tt.want)
		}
	}
	for i := range 1200 { // strangers who come and write once
		u := wire.User{ID: fmt.Sprint("u-", i), Name: fmt.Sprint("No. ", i)}
		r = r.Apply(newMessage(int64(7+i), u, "x"), t0).Apply(takenBack(0, int64(7+i)), t0)
	}
	if r.Known("u-me").Name != "Egret" || r.Known("u-1199").Name != "No. 1199" || r.Known("u-1").Name != "" {
		t.Errorf("names = %q, %q, %q", r.Known("u-me").Name, r.Known("u-1199").Name, r.Known("u-1").Name)
	}
}

// TestReplyKnowsThatItsTargetWasTakenBack: a reply says whether the message that it answers was taken back or has expired,
// also when the page shows the reply only later.
func TestReplyKnowsThatItsTargetWasTakenBack(t *testing.T) {
	const to = 4
	answer := at(5, ann, "an answer")
	answer.ReplyTo, answer.Expires = to, t0.Add(time.Hour).UnixMilli()
	expired := takenBack(0, 4)
	expired.Why, expired.Repeat = wire.WhyExpired, false
	resumes := snapshot("e1", 9, true, nil)
	resumes.Removed = []int64{4}
	anew := snapshot("e1", 9, false, nil, at(3, ann, "one"), answer)
	apply := func(f wire.Frame, wait time.Duration) func(room.Room) room.Room {
		return func(r room.Room) room.Room { return r.Apply(f, t0.Add(wait)) }
	}
	acts := func(list ...room.Act) func(room.Room) room.Room {
		return func(r room.Room) room.Room { r.SetActs(list); return r }
	}
	for _, tt := range []struct {
		name  string
		steps []func(room.Room) room.Room
		want  bool
	}{
		{"it lives", nil, false},
		{"taken back", []func(room.Room) room.Room{apply(takenBack(6, 4), 0)}, true},
		{"the reply gets a reaction later", []func(room.Room) room.Room{apply(takenBack(6, 4), 0),
			apply(reacted(7, 5, ben, "👍"), 0)}, true},
		{"another is taken back", []func(room.Room) room.Room{apply(takenBack(6, 3), 0)}, false},
		{"expired", []func(room.Room) room.Room{apply(expired, time.Minute)}, false},
		{"taken back while the user was away", []func(room.Room) room.Room{apply(resumes, 0)}, true},
		{"no longer listed", []func(room.Room) room.Room{apply(anew, 0)}, true},
		{"no longer listed, because it has expired", []func(room.Room) room.Room{apply(anew, time.Minute)}, false},
		{"by the user", []func(room.Room) room.Room{acts(room.Act{Seq: 4})}, true},
		{"by the user, with the reply, both undone", []func(room.Room) room.Room{acts(room.Act{Seq: 4}, room.Act{Seq: 5}),
			acts()}, false},
		{"by the user, then the reply, both undone", []func(room.Room) room.Room{acts(room.Act{Seq: 4}),
			acts(room.Act{Seq: 4}, room.Act{Seq: 5}), acts(room.Act{Seq: 5}), acts()}, false},
		{"while the user takes back the reply, undone", []func(room.Room) room.Room{acts(room.Act{Seq: 5}),
			apply(takenBack(6, 4), 0), acts()}, true},
		{"by the user, undone", []func(room.Room) room.Room{acts(room.Act{Seq: 4}), acts()}, false},
	} {
		r := lobby(wire.Posted{Room: "lobby", Message: answer})
		before := r
		for _, step := range tt.steps {
			r = step(r)
		}
		i := slices.IndexFunc(r.Messages, func(m room.Message) bool { return m.Text == answer.Text })
		if i < 0 || r.Messages[i].Extras.Unmade != tt.want {
			t.Errorf("%s: the target was taken back: %t, want %t", tt.name, !tt.want, tt.want)
		}
		if before.Messages[2].Extras.Unmade {
			t.Errorf("%s: the room before has changed, too", tt.name)
		}
	}
}
