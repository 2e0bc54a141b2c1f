package server_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/server"
	"mayfly/server/hub"
	"mayfly/server/servertest"
	"mayfly/server/stream/streamtest"
	"mayfly/shared/wire"
)

// moderateSteps are what the people send one after the other, and what all of them are told for it. Ids in a frame are names
// in angle brackets. Note 1 is Gus's, note 2 Ann's.
var moderateSteps = []struct {
	who, send string
	want      []string
}{
	// The checks in their order: frame, room, forbidden, repeat, rate, unavailable.
	{"mod", `{"type":"moderate","room":"lobby","act":"mute","user":"<gus>","for_ms":59999}`,
		[]string{"mod: refused moderate lobby frame"}},
	{"ann", `{"type":"moderate","room":"tea","act":"kick","user":"<gus>","for_ms":60000}`,
		[]string{"ann: refused moderate tea frame"}},
	{"mod", `{"type":"moderate","room":"tea","act":"ttl","for_ms":999}`, []string{"mod: refused moderate tea frame"}},
	{"mod", `{"type":"moderate","room":"tea","act":"clear"}`, []string{"mod: refused moderate tea room"}},
	{"ann", `{"type":"moderate","room":"tea","act":"clear"}`, []string{"ann: refused moderate tea room"}},
	{"ann", `{"type":"moderate","act":"clear"}`, []string{"ann: refused moderate  room"}},
	{"ann", `{"type":"moderate","room":"lobby","act":"clear"}`, []string{"ann: refused moderate lobby forbidden"}},
	{"gus", `{"type":"moderate","room":"lobby","act":"lift","user":"<gus>"}`,
		[]string{"gus: refused moderate lobby forbidden"}},
	{"mod", `{"type":"moderate","room":"lobby","act":"mute","user":"<mod>","for_ms":60000}`,
		[]string{"mod: refused moderate lobby forbidden"}},
	{"mod", `{"type":"moderate","room":"lobby","act":"lift","user":"<mod>"}`,
		[]string{"mod: moderated lift mod/mod repeat"}},
	{"mod", `{"type":"moderate","room":"lobby","act":"lift","user":"<gus>","for_ms":-1}`,
		[]string{"mod: moderated lift gus/gus repeat"}},
	{"mod", `{"type":"moderate","room":"lobby","act":"slow","for_ms":0}`, []string{"mod: moderated slow every 0 repeat"}},
	{"mod", `{"type":"moderate","room":"lobby","act":"ttl","for_ms":0}`, []string{"mod: moderated ttl life 300000 repeat"}},
	{"mod", `{"type":"moderate","room":"lobby","act":"ttl","for_ms":300000}`,
		[]string{"mod: moderated ttl life 300000 repeat"}},

	// A mute.
	{"mod", `{"type":"moderate","room":"lobby","act":"mute","user":"<gus>","for_ms":600000}`,
		everyone("mod ann gus gil far", "moderated mute gus/gus for 600000 seq 3")},
	{"gus", `{"type":"post","id":"0190a8f0-0000-7000-8000-000000000009","room":"lobby","text":"x"}`,
		[]string{"gus: refused post lobby forbidden in 600000"}},
	{"gus", `{"type":"post","id":"0190a8f0-0000-7000-8000-000000000009","room":"lobby","text":"","ttl_ms":1}`,
		[]string{"gus: refused post lobby forbidden in 600000"}},
	{"gus", `{"type":"post","id":"0190a8f0-0000-7000-8000-000000000001","room":"lobby","text":"again"}`,
		[]string{"gus: accepted 1, repeat"}},
	{"gus", `{"type":"react","room":"lobby","seq":99,"emoji":"👍"}`,
		[]string{"gus: refused react lobby forbidden in 600000"}},
	{"gus", `{"type":"typing","room":"lobby"}`, []string{"gus: refused typing lobby forbidden in 600000"}},
	{"gus", `{"type":"remove","room":"lobby","seq":1}`, everyone("mod ann gus gil far", "removed [1] author, seq 4")},
	{"gil", `{"type":"react","room":"lobby","seq":2,"emoji":"👍"}`,
		everyone("mod ann gus gil far", "reacted to 2: 👍 true, seq 5")},
	{"mod", `{"type":"moderate","room":"lobby","act":"mute","user":"<gus>","for_ms":60000}`,
		everyone("mod ann gus gil far", "moderated mute gus/gus for 60000 seq 6")},
	{"gus", `{"type":"react","room":"lobby","seq":2,"emoji":"👍"}`, []string{"gus: refused react lobby forbidden in 60000"}},
	{"mod", `{"type":"moderate","room":"lobby","act":"lift","user":"<gus>"}`,
		everyone("mod ann gus gil far", "moderated lift gus/gus seq 7")},
	{"gus", `{"type":"react","room":"lobby","seq":2,"emoji":"🎉"}`,
		everyone("mod ann gus gil far", "reacted to 2: 🎉 true, seq 8")},
	{"mod", `{"type":"moderate","room":"lobby","act":"mute","user":"x-nobody","for_ms":60000}`,
		everyone("mod ann gus gil far", "moderated mute / for 60000 seq 9")},

	// A moderator takes back what others have written.
	{"gil", `{"type":"remove","room":"lobby","seq":2}`, []string{"gil: refused remove lobby forbidden"}},
	{"mod", `{"type":"remove","room":"lobby","seq":2}`, everyone("mod ann gus gil far", "removed [2] moderator, seq 10")},
	{"mod", `{"type":"remove","room":"lobby","seq":2}`, []string{"mod: removed [2] moderator, repeat"}},
	{"ann", `{"type":"remove","room":"lobby","seq":2}`, []string{"ann: refused remove lobby gone"}},
	{"mod", `{"type":"moderate","room":"lobby","act":"clear"}`, []string{"mod: moderated clear repeat"}},

	// The life of messages, and clear.
	{"mod", `{"type":"moderate","room":"lobby","act":"ttl","for_ms":86400000}`,
		everyone("mod ann gus gil far", "moderated ttl life 86400000 seq 11")},
	{"mod", `{"type":"moderate","room":"lobby","act":"ttl","for_ms":2000}`,
		everyone("mod ann gus gil far", "moderated ttl life 2000 seq 12")},
	{"mod", `{"type":"moderate","room":"lobby","act":"ttl","for_ms":2000}`,
		[]string{"mod: moderated ttl life 2000 repeat"}},
	{"ann", `{"type":"post","id":"0190a8f0-0000-7000-8000-000000000003","room":"lobby","text":"x","ttl_ms":2001}`,
		[]string{"ann: refused post lobby ttl"}},
	{"mod", `{"type":"moderate","room":"lobby","act":"ttl","for_ms":0}`,
		everyone("mod ann gus gil far", "moderated ttl life 300000 seq 13")},
	{"ann", `{"type":"post","id":"0190a8f0-0000-7000-8000-000000000003","room":"lobby","text":"x"}`,
		append([]string{"mod: posted 14, reply to 0, mentions []", "ann: accepted 14 | posted 14, reply to 0, mentions []"},
			everyone("gus gil far", "posted 14, reply to 0, mentions []")...)},
	{"gil", `{"type":"post","id":"0190a8f0-0000-7000-8000-000000000004","room":"lobby","text":"x","reply_to":14}`,
		append(append(everyone("mod ann gus", "posted 15, reply to 14, mentions []"),
			"gil: accepted 15 | posted 15, reply to 14, mentions []"), "far: posted 15, reply to 14, mentions []")},
	{"mod", `{"type":"moderate","room":"lobby","act":"clear","user":"","for_ms":7}`,
		everyone("mod ann gus gil far", "moderated clear seq 16 | removed [14 15] moderator, seq 17")},
	{"ann", `{"type":"post","id":"0190a8f0-0000-7000-8000-000000000003","room":"lobby","text":"x"}`,
		[]string{"ann: accepted 14, repeat"}},
	{"mod", `{"type":"remove","room":"lobby","seq":14}`, []string{"mod: removed [14] moderator, repeat"}},
	{"ann", `{"type":"remove","room":"lobby","seq":14}`, []string{"ann: refused remove lobby gone"}},
	{"mod", `{"type":"moderate","room":"lobby","act":"clear"}`, []string{"mod: moderated clear repeat"}},

	// A ban of a guest: everybody from that address goes, but who is signed in.
	{"mod", `{"type":"moderate","room":"lobby","act":"ban","user":"<gus>","for_ms":120000}`, []string{
		"mod: moderated ban gus/gus for 120000 seq 18", "ann: moderated ban gus/gus for 120000 seq 18",
		"gus: refused join lobby forbidden in 120000", "gil: refused join lobby forbidden in 120000",
		"far: moderated ban gus/gus for 120000 seq 18"}},
	{"gus", `{"type":"join","room":"lobby"}`, []string{"gus: refused join lobby forbidden in 120000"}},
	{"gil", `{"type":"join","room":"lobby"}`, []string{"gil: refused join lobby forbidden in 120000"}},
	{"gil", `{"type":"post","id":"0190a8f0-0000-7000-8000-000000000008","room":"lobby","text":"x"}`,
		[]string{"gil: refused post lobby forbidden in 120000"}},
	{"gil", `{"type":"leave","room":"lobby"}`, []string{"gil: refused leave lobby room"}},
	{"gil", `{"type":"who","room":"lobby"}`, []string{"gil: refused who lobby room"}},
	{"gil", `{"type":"join","room":"tea"}`, []string{"gil: joined 0: 0, removed [], life 300000, every 0"}},
	{"mod", `{"type":"moderate","room":"lobby","act":"lift","user":"<gil>"}`,
		[]string{"mod: moderated lift gil/gil repeat"}},
	{"mod", `{"type":"moderate","room":"lobby","act":"lift","user":"<gus>"}`,
		everyone("mod ann far", "moderated lift gus/gus seq 19")},
	{"gil", `{"type":"join","room":"lobby"}`, []string{"gil: joined 19: 0, removed [], life 300000, every 0"}},

	// A ban of a signed-in user who has the same address as the moderator: only that user must leave.
	{"mod", `{"type":"moderate","room":"lobby","act":"ban","user":"<ann>","for_ms":60000}`, []string{
		"mod: moderated ban ann/ann for 60000 seq 20", "ann: refused join lobby forbidden in 60000",
		"gil: moderated ban ann/ann for 60000 seq 20", "far: moderated ban ann/ann for 60000 seq 20"}},
}

func TestModerationByWebSocket(t *testing.T) {
	moderated(t, nil, func(t *testing.T, p *parlour) {
		p.all()
		p.posts("gus", 1)
		p.posts("ann", 2)
		p.heard()
		for _, step := range moderateSteps {
			p.says(step.who, step.send)
			p.wantHeard(step.who+" says "+step.send, step.want...)
			if strings.Contains(step.want[0], " frame") {
				time.Sleep(10 * time.Second) // the third bad frame in this time would end the connection
			}
		}
	})
}

// times matches the times in what people are told, which pass while a poll gathers its answer.
var times = regexp.MustCompile(` (for|in) [0-9]+`)

// TestModerationByPolls: the same steps, in which the moderator polls.
func TestModerationByPolls(t *testing.T) {
	moderated(t, nil, func(t *testing.T, p *parlour) {
		p.all()
		p.posts("gus", 1)
		p.posts("ann", 2)
		p.heard()
		mod := p.poller(t, home)
		token := p.issuer.Issue("mod", time.Hour)
		hello := waiting(wire.Hello{Token: &token, Rooms: []wire.Join{{Room: "lobby"}}}, 0)
		for _, step := range moderateSteps {
			send, want := step.send, times.ReplaceAllString(strings.Join(step.want, "\n"), "")
			if step.who != "mod" {
				p.says(step.who, send)
				if got := times.ReplaceAllString(p.heard(), ""); got != want {
					t.Fatalf("%s says %s:\n%s\nwant:\n%s", step.who, send, got, want)
				}
				continue
			}
			for who, id := range p.ids {
				send = strings.ReplaceAll(send, "<"+who+">", id)
			}
			a := mod.send(string(wire.Encode(hello)) + "\n" + send)
			want, _, _ = strings.Cut(strings.TrimPrefix(want, "mod: "), "\n")
			if got := times.ReplaceAllString(p.told(a.frames[min(2, len(a.frames)):]), ""); got != want {
				t.Fatalf("%s: got %q, want %q", send, got, want)
			}
			p.heard()
		}
	})
}

// TestModerationEndsAPollsWait: a waiting poll of Gil ends as soon as a moderator acts in the room. If the act removes
// messages, the answer says so, too. If the act bans Gil, or a guest with the same address, the answer is a refusal, and so
// is the answer to Gil's next poll.
func TestModerationEndsAPollsWait(t *testing.T) {
	for _, tt := range []struct {
		act, kinds, later string
		seq               int64
	}{
		{`"act":"slow","for_ms":5000`, "welcome joined moderated", "welcome joined", 2},
		{`"act":"clear"`, "welcome joined moderated removed", "welcome joined", 3},
		{`"act":"ban","user":"<gil>","for_ms":60000`, "welcome joined refused:forbidden", "welcome refused:forbidden", 2},
		{`"act":"ban","user":"<gus>","for_ms":60000`, "welcome joined refused:forbidden", "welcome refused:forbidden", 2},
		{`"act":"ban","user":"<far>","for_ms":60000`, "welcome joined moderated", "welcome joined", 2},
	} {
		moderated(t, nil, func(t *testing.T, p *parlour) {
			p.all()
			p.posts("ann", 1)
			p.heard()
			gil := p.poller(t, there)
			waits := gil.start(resumed(asGuest(gilS, "lobby"), 1))
			synctest.Wait()
			time.Sleep(second)
			p.says("mod", `{"type":"moderate","room":"lobby",`+tt.act+`}`)
			(<-waits).want(tt.kinds, second+moment)
			took := time.Duration(0) // there is no news
			if strings.Contains(tt.later, "refused") {
				took = moment
			}
			gil.poll(waiting(resumed(asGuest(gilS, "lobby"), tt.seq), 0)).want(tt.later, took)
		})
	}
}

// TestBanHoldsForGuests: over reconnects, names, rooms, polls, new secrets and other addresses.
func TestBanHoldsForGuests(t *testing.T) {
	moderated(t, nil, func(t *testing.T, p *parlour) {
		p.all()
		lobby := wire.Join{Room: "lobby"}
		const wide, same64, third = "[2001:db8:1:2::3]", "[2001:db8:1:2:ffff::9]", "[2001:db8:1:3::3]"
		p.says("mod", `{"type":"moderate","room":"lobby","act":"ban","user":"<gus>","for_ms":3600000}`)
		p.heard()
		banned := func(what, told string, in bool) {
			t.Helper()
			if strings.Contains(told, "joined") != in || strings.Contains(told, "forbidden in ") == in {
				t.Errorf("%s: %s", what, told)
			}
		}
		banned("the same secret", p.told(p.guest("gus", gusS, there, lobby)), false)
		banned("another name", p.told(p.guest("Somebody", gusS, there, lobby)), false)
		banned("a new secret, the same address", p.told(p.guest("new", newS, there, lobby)), false)
		banned("no secret", p.told(p.come("new", there, wire.Hello{Rooms: []wire.Join{lobby}})), false)
		banned("another room", p.told(p.guest("new", newS, there, wire.Join{Room: "tea"})), true)
		banned("another address", p.told(p.guest("new", newS, wide, lobby)), true)
		banned("the banned guest from there", p.told(p.guest("gus", gusS, wide, lobby)), false)
		if told := p.told(p.people["new"].take()); !strings.Contains(told, "refused join lobby forbidden in") {
			t.Errorf("a guest who is at that address is told %q", told)
		}
		banned("a new secret from there", p.told(p.guest("new", "new2new2new2new2new2new2", wide, lobby)), false)
		banned("a new secret from the same /64", p.told(p.guest("new", newS, same64, lobby)), false)
		banned("a new secret from another /64", p.told(p.guest("new", newS, third, lobby)), true)
		token := p.issuer.Issue("ben", time.Hour)
		banned("somebody who is signed in", p.told(p.come("ben", wide,
			wire.Hello{Token: &token, Rooms: []wire.Join{lobby}})), true)
		a := p.poller(t, there).poll(waiting(asGuest("pollpollpollpollpollpoll", "lobby"), 0), post(9, "lobby"))
		a.want("welcome refused:forbidden refused:forbidden", moment)
		if f, ok := a.frames[1].(wire.Refused); !ok || f.Re != "hello" || f.RetryMS == 0 || f.Room != "lobby" {
			t.Errorf("the poll is told %+v", a.frames[1])
		}
		time.Sleep(time.Hour)
		banned("after the ban", p.told(p.guest("gus", gusS, there, lobby)), true)
	})
}

// TestBanKnowsWhereTheGuestWas: a guest who has left is banned; the address is known for a day.
func TestBanKnowsWhereTheGuestWas(t *testing.T) {
	for _, tt := range []struct {
		after time.Duration
		told  string
	}{{23 * time.Hour, "refused hello lobby forbidden in 3600000"}, {25 * time.Hour, "joined"}} {
		moderated(t, nil, func(t *testing.T, p *parlour) {
			lobby := wire.Join{Room: "lobby"}
			p.guest("gus", gusS, there, lobby)
			p.people["gus"].ws.CloseNow()
			delete(p.people, "gus")
			time.Sleep(tt.after)
			p.signIn("mod", lobby)
			p.says("mod", `{"type":"moderate","room":"lobby","act":"ban","user":"<gus>","for_ms":3600000}`)
			p.heard()
			if told := p.told(p.guest("new", newS, there, lobby)); !strings.Contains(told, tt.told) {
				t.Errorf("after %s a guest from that address is told %s, want %s", tt.after, told, tt.told)
			}
		})
	}
}

// TestBannedAreGoneAtOnce: without the time for which others who leave count as present.
func TestBannedAreGoneAtOnce(t *testing.T) {
	moderated(t, nil, func(t *testing.T, p *parlour) {
		time.Sleep(20 * time.Second) // the node tells who comes and goes from now on
		p.all()
		p.poller(t, there).poll(waiting(asGuest("pollpollpollpollpollpoll", "lobby"), 0)) // present for 30 s
		time.Sleep(2 * time.Second)
		p.people["mod"].takeAll()
		p.says("mod", `{"type":"moderate","room":"lobby","act":"ban","user":"<gil>","for_ms":60000}`)
		time.Sleep(2 * time.Second)
		var went []string
		people := int64(0)
		for _, f := range p.people["mod"].takeAll() {
			if f, ok := f.(wire.Presence); ok {
				went, people = append(went, f.Went...), f.People
			}
		}
		if len(went) != 3 || people != 3 {
			t.Errorf("%v went, and %d people are left, want Gus, Gil and the one who polls gone", went, people)
		}
	})
}

// TestSlowMode: each person may post once, counted from the last post, also before slow mode began.
func TestSlowMode(t *testing.T) {
	moderated(t, nil, func(t *testing.T, p *parlour) {
		p.all()
		p.posts("gus", 1)
		p.heard()
		time.Sleep(5 * time.Second)
		p.says("mod", `{"type":"moderate","room":"lobby","act":"slow","for_ms":30000}`)
		p.wantHeard("slow", everyone("mod ann gus gil far", "moderated slow every 30000 seq 2")...)
		p.says("mod", `{"type":"moderate","room":"lobby","act":"slow","for_ms":30000}`)
		p.wantHeard("slow again", "mod: moderated slow every 30000 repeat")
		p.posts("gus", 2)
		p.wantHeard("too soon", "gus: refused post lobby rate in 25000")
		p.posts("gus", 1)
		p.wantHeard("a repeat", "gus: accepted 1, repeat")
		p.people["mod"].send(post(3, "lobby"), post(4, "lobby"))
		if told := p.told(p.people["mod"].take()); told != "accepted 3 | posted 3, reply to 0, mentions [] | "+
			"refused post lobby rate in 30000" && !strings.HasPrefix(told, "refused") {
			t.Errorf("a moderator who posts twice is told %s", told)
		}
		p.heard()
		p.guest("new", newS, elsewhere)
		p.says("new", `{"type":"join","room":"lobby"}`)
		if told := p.heard(); !strings.Contains(told, "new: joined 3: 2, removed [], life 300000, every 30000") {
			t.Errorf("a newcomer is told %s", told)
		}
		time.Sleep(25 * time.Second)
		p.posts("gus", 2)
		if told := p.heard(); !strings.Contains(told, "gus: accepted 4") {
			t.Errorf("when the time is up: %s", told)
		}
		p.says("mod", `{"type":"moderate","room":"lobby","act":"slow","for_ms":0}`)
		p.heard()
		p.posts("gus", 5)
		if told := p.heard(); !strings.Contains(told, "gus: accepted 6") {
			t.Errorf("when slow mode has ended: %s", told)
		}
	})
}

// TestTimesOfMutesPass: a mute ends by itself, and one ends with the last that replaces it.
func TestTimesOfMutesPass(t *testing.T) {
	moderated(t, nil, func(t *testing.T, p *parlour) {
		p.all()
		p.says("mod", `{"type":"moderate","room":"lobby","act":"mute","user":"<gus>","for_ms":86400000}`)
		p.says("mod", `{"type":"moderate","room":"lobby","act":"mute","user":"<gus>","for_ms":60000}`)
		p.heard()
		time.Sleep(59_999 * time.Millisecond)
		p.posts("gus", 1)
		p.wantHeard("a moment before", "gus: refused post lobby forbidden in 1")
		time.Sleep(time.Millisecond)
		p.posts("gus", 1)
		if told := p.heard(); !strings.Contains(told, "gus: accepted") {
			t.Errorf("when the time is up: %s", told)
		}
	})
}

// TestActsInARowBeforeTheyAreStored: a moderator sends five acts without waiting for answers. They are carried out in the
// order in which they were sent. While nothing is stored, the connection waits 2 s after each act before it reads the next
// act. So the last act begins 8 s after the first act, the mute, and only then are the members told of the mute.
func TestActsInARowBeforeTheyAreStored(t *testing.T) {
	moderated(t, nil, func(t *testing.T, p *parlour) {
		p.all()
		release := p.stream.Hold()
		for _, act := range []string{`"act":"mute","user":"<gus>","for_ms":60000`, `"act":"lift","user":"<gus>"`,
			`"act":"lift","user":"<gus>"`, `"act":"slow","for_ms":5`, `"act":"slow","for_ms":0`} {
			p.says("mod", `{"type":"moderate","room":"lobby",`+act+`}`)
		}
		p.wantHeard("nothing is stored")
		release()
		want := "moderated mute gus/gus for 52000 seq 1 | moderated lift gus/gus seq 2 | %smoderated slow every 5 seq 4 | " +
			"moderated slow every 0 seq 5"
		p.wantHeard("everything is stored", append([]string{"mod: " + fmt.Sprintf(want, "moderated lift gus/gus repeat | ")},
			everyone("ann gus gil far", fmt.Sprintf(want, ""))...)...)
	})
}

// TestActsOfModeratorsCount: towards the limit of acts, but for repeats and refusals. What cannot be stored is unavailable.
func TestActsOfModeratorsCount(t *testing.T) {
	moderated(t, func(c *server.Config) { c.Acts = 3 }, func(t *testing.T, p *parlour) {
		p.all()
		mute := `{"type":"moderate","room":"lobby","act":"mute","user":"<gus>","for_ms":60000}`
		p.stream.FailAppends(fmt.Errorf("down"))
		p.says("mod", mute)
		p.wantHeard("the stream fails", "mod: refused moderate lobby unavailable in 2000")
		p.stream.FailAppends(nil)
		for range 3 {
			p.says("mod", mute)
			p.says("mod", `{"type":"moderate","room":"lobby","act":"slow","for_ms":0}`)
			p.heard()
		}
		p.says("mod", mute)
		p.wantHeard("one more", "mod: refused moderate lobby rate in 10000")
	})
}

// TestRoleComesAndGoes with the token: by a renewal, and told to the others like a coming.
func TestRoleComesAndGoes(t *testing.T) {
	moderated(t, nil, func(t *testing.T, p *parlour) {
		time.Sleep(20 * time.Second)
		p.all()
		time.Sleep(2 * time.Second)
		p.heard()
		renew := func(moderator bool) {
			t.Helper()
			p.issuer.SetModerator("ann", moderator)
			p.people["ann"].send(wire.Auth{Token: p.issuer.Issue("ann", 2*time.Hour)})
			if f := got[wire.Authed](p.people["ann"]); (f.User.Role == wire.RoleModerator) != moderator {
				t.Errorf("authed says %+v", f.User)
			}
			p.people["far"].takeAll()
			time.Sleep(2 * time.Second)
			told := false
			for _, f := range p.people["far"].takeAll() {
				if f, ok := f.(wire.Presence); ok && len(f.Came) == 1 && f.Came[0].ID == p.ids["ann"] {
					told = (f.Came[0].Role == wire.RoleModerator) == moderator
				}
			}
			if !told {
				t.Error("the others are not told of the role")
			}
			p.heard()
		}
		mute := `{"type":"moderate","room":"lobby","act":"mute","user":"<gus>","for_ms":60000}`
		p.says("ann", mute)
		p.wantHeard("before", "ann: refused moderate lobby forbidden")
		renew(true)
		p.says("mod", `{"type":"moderate","room":"lobby","act":"ban","user":"<ann>","for_ms":60000}`)
		p.wantHeard("a ban of a moderator", "mod: refused moderate lobby forbidden")
		p.says("ann", mute)
		if told := p.heard(); !strings.Contains(told, "ann: moderated mute gus/gus for 60000") {
			t.Errorf("as a moderator: %s", told)
		}
		renew(false)
		p.says("ann", mute)
		p.wantHeard("after", "ann: refused moderate lobby forbidden")
	})
}

// TestModerationOnTwoNodes: what a moderator does on one node holds on the other.
func TestModerationOnTwoNodes(t *testing.T) {
	bubble(t, nil, func(t *testing.T, h *house) {
		other := open(t, h.issuer, h.ledger, h.stream, nil)
		defer other.stop()
		here, far := newParlour(t, h), newParlour(t, other)
		lobby := wire.Join{Room: "lobby"}
		here.signIn("mod", lobby)
		here.guest("gil", gilS, elsewhere, lobby)
		far.guest("gus", gusS, there, lobby)
		far.guest("new", newS, there, lobby)
		far.signIn("ann", lobby)
		time.Sleep(time.Second) // the nodes tell each other whom they have
		here.ids["gus"], here.names[far.ids["gus"]] = far.ids["gus"], "gus"
		far.names[far.ids["gus"]], far.ids["mod"] = "gus", here.ids["mod"]
		here.heard()
		far.heard()
		here.says("mod", `{"type":"moderate","room":"lobby","act":"ban","user":"<gus>","for_ms":60000}`)
		here.wantHeard("here", everyone("mod gil", "moderated ban gus/gus for 60000 seq 1")...)
		far.wantHeard("there", "ann: moderated ban gus/gus for 60000 seq 1", "gus: refused join lobby forbidden in 60000",
			"new: refused join lobby forbidden in 60000")
		if told := here.told(here.guest("new", "new2new2new2new2new2new2", there, lobby)); !strings.Contains(told,
			"refused hello") {
			t.Errorf("a guest from that address on the moderator's node is told %s", told)
		}
		here.says("mod", `{"type":"moderate","room":"lobby","act":"slow","for_ms":60000}`)
		here.says("mod", `{"type":"moderate","room":"lobby","act":"ttl","for_ms":5000}`)
		here.heard()
		far.heard()
		far.posts("ann", 1)
		far.heard()
		far.posts("ann", 2)
		far.wantHeard("slow mode there", "ann: refused post lobby rate in 60000")
		here.heard()
		here.says("mod", `{"type":"moderate","room":"lobby","act":"clear"}`)
		// seq 5 is no message: it is the event (hub.KindPace) that stores when Ann last posted, for slow mode
		far.wantHeard("clear there", "ann: moderated clear seq 6 | removed [4] moderator, seq 7")
	})
}

// TestAnotherNodeSweeps: the node of the moderator stores the clear, and dies before it stores what is taken back.
func TestAnotherNodeSweeps(t *testing.T) {
	bubble(t, nil, func(t *testing.T, h *house) {
		h.stream.KeepErased(true)
		p := newParlour(t, h)
		p.all()
		p.posts("ann", 1)
		p.posts("ann", 2)
		p.heard()
		p.says("mod", `{"type":"moderate","room":"lobby","act":"clear"}`)
		p.heard()
		p.posts("ann", 3)
		p.heard()
		unswept := streamtest.NewMemory() // what is stored, without the sweep
		for _, e := range h.stream.Stored("lobby") {
			if e.Kind != hub.KindSweep {
				unswept.Append("lobby", e, func(hub.Receipt, error) {})
			}
		}
		other := open(t, h.issuer, h.ledger, unswept, nil)
		defer other.stop()
		q := newParlour(t, other)
		told := q.told(q.signIn("ann", wire.Join{Room: "lobby"}))
		time.Sleep(3 * time.Second)
		told += " | " + q.told(q.people["ann"].take())
		if !strings.Contains(told, "| removed [1 2] moderator, seq 5") {
			t.Errorf("on the other node Ann is told %s", told)
		}
		time.Sleep(time.Minute)
		q.wantHeard("later")
	})
}

// TestAuditLog has who did what, refused sign-ins and limits, and no text.
func TestAuditLog(t *testing.T) {
	out := &servertest.Log{}
	moderated(t, withAudit(out), func(t *testing.T, p *parlour) {
		p.all()
		p.posts("gus", 1)
		p.posts("ann", 2)
		p.heard()
		for _, send := range []string{
			`{"type":"moderate","room":"lobby","act":"mute","user":"<gus>","for_ms":60000}`,
			`{"type":"moderate","room":"lobby","act":"slow","for_ms":0}`,
			`{"type":"moderate","room":"lobby","act":"slow","for_ms":60000}`,
			`{"type":"remove","room":"lobby","seq":1}`,
			`{"type":"moderate","room":"lobby","act":"clear"}`,
			`{"type":"moderate","room":"lobby","act":"lift","user":"<gus>"}`,
		} {
			p.says("mod", send)
			p.heard()
		}
		p.posts("ann", 3)
		p.posts("ann", 4)
		p.heard()
		bad := p.issuer.Refused(wire.ReasonTokenSignature, true)
		p.dial(t, "198.51.100.1").send(wire.Hello{Token: &bad})
		synctest.Wait()
		id := func(name string) string { return p.ids[name] }
		want := []string{
			`"event":"moderate","room":"lobby","act":"mute","by":"u-mod","by_name":"mod","user":"` + id("gus") +
				`","for_ms":60000}`,
			`"event":"moderate","room":"lobby","act":"slow","by":"u-mod","by_name":"mod","for_ms":60000}`,
			`"event":"moderate","room":"lobby","act":"remove","by":"u-mod","by_name":"mod","user":"` + id("gus") +
				`","seq":1}`,
			`"event":"moderate","room":"lobby","act":"clear","by":"u-mod","by_name":"mod"}`,
			`"event":"moderate","room":"lobby","act":"lift","by":"u-mod","by_name":"mod","user":"` + id("gus") + `"}`,
			`"event":"limit","room":"lobby","user":"u-ann","limit":"post"}`,
			`"event":"signin","address":"198.51.100.1","reason":"token_signature"}`,
		}
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		if len(lines) != len(want) {
			t.Fatalf("the log has\n%s", out.String())
		}
		for i, line := range lines {
			if !strings.HasPrefix(line, `{"time":"2000-01-01T00:00:`) || !strings.HasSuffix(line, want[i]) {
				t.Errorf("line %d is\n%s, want\n%s", i, line, want[i])
			}
		}
	})
}
