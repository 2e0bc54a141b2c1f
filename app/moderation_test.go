package app_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app"
	"mayfly/app/client"
	"mayfly/app/client/room"
	"mayfly/app/pkce"
	"mayfly/shared/wire"
)

var (
	chief = wire.User{ID: "u-chief", Name: "Chief", Role: wire.RoleModerator}
	other = wire.User{ID: "u-other", Name: "Other", Role: wire.RoleModerator}
	guest = wire.User{ID: "g-guest", Name: "Zoë", Anonymous: true}
)

// ordered is the lobby as me sees it, with slow mode.
func ordered(me wire.User) client.View {
	return client.View{Status: client.Online, Room: "lobby", Joined: true, Me: me, MayPost: true, TTL: 5 * time.Minute,
		Rules:   client.Rules{Lives: wire.TTL{Min: 60_000, Default: 300_000, Max: 3_600_000}},
		Order:   room.Order{Slow: 45 * time.Second},
		Company: room.Company{People: 3, Users: []wire.User{chief, other, guest}}}
}

func TestOnlyModeratorsModerate(t *testing.T) {
	for _, tt := range []struct {
		me      wire.User
		buttons int  // in the panel with the people
		offers  bool // the palette offers the dialog about the room
	}{{chief, 1, true}, {other, 1, true}, {guest, 0, false}} {
		v := ordered(tt.me)
		_, panel := app.People(v, true, false)
		if n := strings.Count(panel, "data-user="); n != tt.buttons || n > 0 &&
			!strings.Contains(panel, `data-user="g-guest"`) {
			t.Errorf("%s: %d people can be muted, want %d: %s", tt.me.Name, n, tt.buttons, panel)
		}
		if n := strings.Count(panel, "moderator"); n != 2 {
			t.Errorf("%s sees %d moderators, want 2", tt.me.Name, n)
		}
		_, actions := app.Palette(&app.Preview{View: v}, "")
		if got := slices.Contains(actions, "Moderate #lobby"); got != tt.offers {
			t.Errorf("%s: the palette offers %q", tt.me.Name, actions)
		}
		v.Rooms = []client.News{{Visited: client.Visited{Room: "lobby"}}, {Visited: client.Visited{Room: "tea"}}}
		nav, _, _ := app.Rooms(v, "", "")
		if n := strings.Count(nav, `data-do="order"`); n != tt.buttons {
			t.Errorf("%s: the menus of %d rooms offer the dialog, want %d", tt.me.Name, n, tt.buttons)
		}
	}
}

// TestSlowModeIsShown holds that the header says that a room has slow mode, to everybody.
func TestSlowModeIsShown(t *testing.T) {
	v := ordered(guest)
	const says = "Slow mode: one message in 45 seconds"
	if header := app.Header(pkce.State{}, v); !strings.Contains(header, says) || !strings.Contains(header, "45 s") {
		t.Errorf("the header does not say %q: %s", says, header)
	}
	v.Slow = 0
	if header := app.Header(pkce.State{}, v); strings.Contains(header, "Slow mode") {
		t.Errorf("the header of a room without slow mode: %s", header)
	}
}

// TestModeratorsChooseWhatTheServerAllows looks at the fields of the dialogs: what they offer, and what is chosen.
func TestModeratorsChooseWhatTheServerAllows(t *testing.T) {
	dialog := func(s app.Preview) string {
		s.View = ordered(chief)
		return goapp.HTMLString(s.Dialog())
	}
	fields := func(html string) (all []string) {
		option := regexp.MustCompile(`(?s)<option([^>]*)value="(\d+)"([^>]*)>`)
		for _, field := range strings.Split(html, "</select>") {
			var values []string
			for _, m := range option.FindAllStringSubmatch(field, -1) {
				if strings.Contains(m[1]+m[3], "selected") && !strings.Contains(m[1]+m[3], `selected="false"`) {
					m[2] += "*"
				}
				values = append(values, m[2])
			}
			if values != nil {
				all = append(all, strings.Join(values, " "))
			}
		}
		return all
	}
	got := fields(dialog(app.Preview{ModerateRoom: true}))
	want := []string{"0 10000 30000 45000* 60000 300000 3600000", "60000 300000* 3600000"}
	if !slices.Equal(got, want) {
		t.Errorf("the dialog about the room offers %q, want %q", got, want)
	}
	about := dialog(app.Preview{MuteOrBan: guest})
	if got := fields(about); !slices.Equal(got, []string{"600000 3600000 86400000 2592000000"}) {
		t.Errorf("the dialog about a person offers %q", got)
	}
	for _, act := range []string{wire.ActMute, wire.ActBan, wire.ActLift} {
		if !strings.Contains(about, `data-do="`+act+`"`) {
			t.Errorf("the dialog about a person has no %s", act)
		}
	}
	const act = `data-do="` + wire.ActClear
	asks, clears := dialog(app.Preview{ModerateRoom: true}), dialog(app.Preview{ModerateRoom: true, ClearRoom: true})
	if strings.Contains(asks, act) || !strings.Contains(clears, act) ||
		!strings.Contains(clears, "Nothing brings them back") {
		t.Error("the room is cleared without a question")
	}
}

func TestUndoOfActs(t *testing.T) {
	was := ordered(chief)
	user := guest.Known()
	for _, tt := range []struct {
		f    wire.Moderated
		act  string // what undoes f, "" if nothing does
		user string
		ms   int64
	}{
		{wire.Moderated{Act: wire.ActMute, User: &user}, wire.ActLift, guest.ID, 0},
		{wire.Moderated{Act: wire.ActBan, User: &user}, wire.ActLift, guest.ID, 0},
		{wire.Moderated{Act: wire.ActLift, User: &user}, "", "", 0},
		{wire.Moderated{Act: wire.ActClear}, "", "", 0},
		{wire.Moderated{Act: wire.ActSlow}, wire.ActSlow, "", 45_000},
		{wire.Moderated{Act: wire.ActTTL}, wire.ActTTL, "", 300_000},
	} {
		u := app.UndoOf(&tt.f, &was)
		switch {
		case u == nil && tt.act == "":
		case u == nil || u.Act != tt.act || u.User != tt.user || tt.ms != 0 && (u.For == nil || *u.For != tt.ms):
			t.Errorf("%s is undone by %+v, want %s of %q for %d", tt.f.Act, u, tt.act, tt.user, tt.ms)
		}
	}
}
