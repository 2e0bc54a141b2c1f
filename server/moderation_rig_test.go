package server_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/server"
	"mayfly/server/audit"
	"mayfly/server/servertest"
	"mayfly/shared/wire"
)

// The guests of the tests of moderation. Gus and Gil come from one address.
const (
	gusS, gilS, farS, newS = "gusgusgusgusgusgusgusgus", "gilgilgilgilgilgilgilgil", "farfarfarfarfarfarfarfar",
		"newnewnewnewnewnewnewnew"
	there, elsewhere = "203.0.113.7", "203.0.113.8"
)

// parlour is a house with a moderator, Mod, and others in the lobby.
type parlour struct {
	*house
	t      *testing.T
	people map[string]*guest // by their names
	ids    map[string]string // their user ids
	names  map[string]string // by user id
}

// moderated runs test with a parlour. change, if not nil, changes the configuration.
func moderated(t *testing.T, change func(*server.Config), test func(t *testing.T, p *parlour)) {
	t.Helper()
	bubble(t, change, func(t *testing.T, h *house) { test(t, newParlour(t, h)) })
}

func newParlour(t *testing.T, h *house) *parlour {
	h.issuer.SetModerator("mod", true)
	return &parlour{h, t, map[string]*guest{}, map[string]string{}, map[string]string{}}
}

// signIn brings a user who is signed in, at home. It returns what the user is told at first.
func (p *parlour) signIn(name string, rooms ...wire.Join) []wire.Frame {
	p.t.Helper()
	token := p.issuer.Issue(name, time.Hour)
	return p.come(name, home, wire.Hello{Token: &token, Rooms: rooms})
}

// guest brings a guest from an address.
func (p *parlour) guest(name, guest, address string, rooms ...wire.Join) []wire.Frame {
	p.t.Helper()
	return p.come(name, address, wire.Hello{Guest: &guest, Name: name, Rooms: rooms})
}

func (p *parlour) come(name, address string, hello wire.Hello) []wire.Frame {
	p.t.Helper()
	g := p.dial(p.t, address)
	g.send(hello)
	frames := g.take()
	if len(frames) == 0 {
		p.t.Fatalf("%s gets no answer", name)
	}
	w, ok := frames[0].(wire.Welcome)
	if !ok {
		p.t.Fatalf("%s is told %+v", name, frames)
	}
	p.people[name], p.ids[name], p.names[w.User.ID] = g, w.User.ID, name
	return frames
}

// all brings Mod and Ann, who are signed in, and the guests Gus, Gil and Far, all into the lobby.
func (p *parlour) all() {
	p.t.Helper()
	lobby := wire.Join{Room: "lobby"}
	p.signIn("mod", lobby)
	p.signIn("ann", lobby)
	p.guest("gus", gusS, there, lobby)
	p.guest("gil", gilS, there, lobby)
	p.guest("far", farS, elsewhere, lobby)
	p.heard()
}

// says writes a frame in which <name> stands for the id of that person. The message n has the id that post gives it.
func (p *parlour) says(name, frame string) {
	p.t.Helper()
	for who, id := range p.ids {
		frame = strings.ReplaceAll(frame, "<"+who+">", id)
	}
	p.people[name].sendText(frame)
}

// posts makes the person post the message n in the lobby, and waits until the server has stored it.
func (p *parlour) posts(name string, n int) {
	p.people[name].send(post(n, "lobby"))
	synctest.Wait()
}

// heard returns what everybody was told since the last call, as lines "name: frame | frame", without presence.
func (p *parlour) heard() string {
	p.t.Helper()
	synctest.Wait()
	var lines []string
	for _, name := range []string{"mod", "ann", "gus", "gil", "far", "new"} {
		if g := p.people[name]; g != nil {
			if frames := g.take(); len(frames) > 0 {
				lines = append(lines, name+": "+p.told(frames))
			}
		}
	}
	return strings.Join(lines, "\n")
}

// told says what frames tell, with names in the place of ids.
func (p *parlour) told(frames []wire.Frame) string {
	var all []string
	for _, f := range frames {
		all = append(all, p.tell(f))
	}
	return strings.Join(all, " | ")
}

func (p *parlour) tell(f wire.Frame) string {
	now := time.Now().UnixMilli()
	switch f := f.(type) {
	case wire.Moderated:
		s := "moderated " + f.Act
		if f.User != nil {
			s += " " + p.names[f.User.ID] + "/" + f.User.Name
		}
		if f.Until != 0 {
			s += fmt.Sprintf(" for %d", f.Until-now)
		}
		if f.For != nil {
			s += fmt.Sprintf(" every %d", *f.For)
		}
		if f.TTL != 0 {
			s += fmt.Sprintf(" life %d", f.TTL)
		}
		if f.By.Role != wire.RoleModerator || f.By.ID != p.ids["mod"] {
			s += fmt.Sprintf(" by %+v", f.By)
		}
		if f.Repeat {
			return s + " repeat"
		}
		return s + fmt.Sprintf(" seq %d", f.Seq)
	case wire.Refused:
		s := fmt.Sprintf("refused %s %s %s", f.Re, f.Room, f.Code)
		if f.RetryMS > 0 {
			s += fmt.Sprintf(" in %d", f.RetryMS)
		}
		return s
	case wire.Joined:
		return fmt.Sprintf("joined %d: %d, removed %v, life %d, every %d", f.Head, len(f.Messages), f.Removed, f.TTL, f.Slow)
	}
	return told(f)
}

// wantHeard fails unless everybody was told exactly this.
func (p *parlour) wantHeard(what string, want ...string) {
	p.t.Helper()
	if got := p.heard(); got != strings.Join(want, "\n") {
		p.t.Fatalf("%s:\n%s\nwant:\n%s", what, got, strings.Join(want, "\n"))
	}
}

// everyone returns the line for each of the people who hear the same.
func everyone(names, told string) (lines []string) {
	for name := range strings.FieldsSeq(names) {
		lines = append(lines, name+": "+told)
	}
	return lines
}

// withAudit makes the server write an audit log to the returned buffer.
func withAudit(out *servertest.Log) func(*server.Config) {
	return func(c *server.Config) { c.Audit = audit.New(out, nil) }
}
