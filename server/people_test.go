package server_test

import (
	"net/http"
	"reflect"
	"testing"
	"time"

	"mayfly/server/servertest"
	"mayfly/shared/wire"
)

// named is asGuest with the name that the guest would like.
func named(guest, name string, rooms ...string) wire.Hello {
	hello := asGuest(guest, rooms...)
	hello.Name = name
	return hello
}

// TestPeopleByWebSocketAndPolls: a signed-in user on a WebSocket and a guest who polls, on two nodes of one stream.
func TestPeopleByWebSocketAndPolls(t *testing.T) {
	bubble(t, nil, func(t *testing.T, h *house) {
		other := servertest.StartInMemory(t, servertest.Options{Stream: h.stream})
		defer other.Stop()
		time.Sleep(16 * second) // from now on the nodes send presence
		ada := h.in(t, h.issuer.Issue("ada", time.Hour), "")
		time.Sleep(2 * second)
		ada.takeAll()
		p := h.poller(t, home)
		p.http.Transport.(*http.Transport).DialContext = other.Dialer(home)
		w := frame[wire.Welcome](p.poll(waiting(named(annS, " Ad\u0430!", "lobby"), 0)))
		if w.User.Name != "Ad\u0430! 2" || !w.User.Anonymous {
			t.Errorf("welcome names %+v, want Ad\u0430! 2", w.User)
		}
		time.Sleep(second)
		want := wire.Presence{Room: "lobby", People: 2, Came: []wire.User{w.User}}
		wantFrames(t, ada.takeAll(), want)

		// Names: kept from poll to poll, changed in one, and lost to a signed-in user.
		if again := frame[wire.Welcome](p.poll(waiting(named(annS, w.User.Name, "lobby"), 0))); again.User != w.User {
			t.Errorf("welcome names %+v, want %+v again", again.User, w.User)
		}
		a := frame[wire.Authed](p.poll(waiting(named(annS, w.User.Name, "lobby"), 0), wire.Rename{Name: "Eve"}))
		if a.User.Name != "Eve" || a.User.ID != w.User.ID || a.AuthExpires != 0 {
			t.Errorf("authed %+v, want Eve", a)
		}
		time.Sleep(second)
		wantFrames(t, ada.takeAll(), wire.Presence{Room: "lobby", People: 2, Came: []wire.User{a.User}})
		eve := h.in(t, h.issuer.Issue("eve", time.Hour), "")
		people := frame[wire.People](p.poll(waiting(named(annS, "Eve", "lobby"), 0), wire.Who{Room: "lobby"}))
		if people.Total != 3 || len(people.Users) != 3 || people.Users[0].Name != "Eve 2" ||
			people.Users[1].ID != "u-ada" || people.Users[2].ID != "u-eve" {
			t.Errorf("people %+v, want Eve 2, ada, eve", people)
		}

		// Typing, which a poll says and the end of the poll does not end.
		ada.takeAll()
		p.poll(waiting(named(annS, "Eve", "lobby"), 0), wire.Typing{Room: "lobby"})
		time.Sleep(time.Millisecond)
		wantFrames(t, ada.take(), wire.Typing{Room: "lobby", User: &people.Users[0], On: new(true)})
		answers := p.start(resumed(named(annS, "Eve", "lobby"), 0))
		time.Sleep(500 * time.Millisecond)
		eve.send(wire.Typing{Room: "lobby"})
		if f := frame[wire.Typing](<-answers); f.User.ID != "u-eve" || !*f.On {
			t.Errorf("typing %+v, want eve", f)
		}
		time.Sleep(29 * second)
		ada.takeAll()
		ada.send(wire.Who{Room: "lobby"})
		if f := got[wire.People](ada); f.Total != 3 {
			t.Errorf("people %+v, want 3: the last poll ended 29 s ago", f)
		}
		time.Sleep(3 * second)
		wantFrames(t, ada.takeAll(), wire.Presence{Room: "lobby", People: 2, Went: []string{w.User.ID}})
	})
}

func wantFrames(t *testing.T, got []wire.Frame, want ...wire.Frame) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
