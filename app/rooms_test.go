package app_test

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app"
	"mayfly/app/client"
	"mayfly/app/unread"
	"mayfly/app/words"
	"mayfly/shared/wire"
)

// TestRoomsOnTheDevice: what the device has stored may be of another version, or nonsense.
func TestRoomsOnTheDevice(t *testing.T) {
	var many []string
	for i := range client.MaxRooms + 3 {
		many = append(many, `{"room":"r`+strconv.Itoa(i)+`"}`)
	}
	const lobby = `{"room":"lobby","pinned":true,"muted":true,"read":{"epoch":"e1","seq":7}}`
	const tea = `{"room":"tea","read":{"epoch":"","seq":0}}`
	for _, tt := range []struct {
		name, stored, want string
	}{
		{"nothing", "", ""},
		{"nonsense", "[{", ""},
		{"two rooms", "[" + lobby + "," + tea + "]", "[" + lobby + "," + tea + "]"},
		{"a room twice", "[" + lobby + `,{"room":"lobby"}]`, "[" + lobby + "]"},
		{"a name that no room can have", `[{"room":"../x"},{"room":""},` + tea + "]", "[" + tea + "]"},
		{"what a newer version has stored", `[{"room":"tea","colour":"red"}]`, "[" + tea + "]"},
	} {
		if got := app.StoredAgain(tt.stored); got != tt.want {
			t.Errorf("%s: %s becomes %s, want %s", tt.name, tt.stored, got, tt.want)
		}
	}
	if n := strings.Count(app.StoredAgain("["+strings.Join(many, ",")+"]"), `"room"`); n != client.MaxRooms {
		t.Errorf("%d rooms are kept, want %d", n, client.MaxRooms)
	}
}

func TestOrderOfRooms(t *testing.T) {
	at := func(room string, minute int) client.News {
		return client.News{Visited: client.Visited{Room: room}, Newest: time.UnixMilli(int64(minute) * 60_000)}
	}
	const stored = `[{"room":"lobby"},{"room":"tea"},{"room":"sea","pinned":true},{"room":"new"}]`
	for _, tt := range []struct {
		name   string
		before []string // the order on the page while the user points at it
		news   []client.News
		want   string
	}{
		{"nothing is known", nil, nil, "sea lobby tea new"},
		{"by activity", nil, []client.News{at("lobby", 1), at("tea", 2), at("sea", 0)}, "sea tea lobby new"},
		{"no row moves", []string{"tea", "lobby", "sea", "new"}, []client.News{at("lobby", 3)}, "tea lobby sea new"},
		{"a room is left, and one comes", []string{"gone", "tea", "lobby", "sea"}, nil, "tea lobby sea new"},
	} {
		if got := strings.Join(app.OrderOf(stored, tt.before, tt.news), " "); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestRoomAfterLeaving(t *testing.T) {
	for _, tt := range []struct {
		order      []string
		left, want string
	}{
		{[]string{"lobby", "tea", "sea"}, "tea", "sea"},
		{[]string{"lobby", "tea", "sea"}, "sea", "tea"},
		{[]string{"tea"}, "tea", wire.DefaultRoom},
		{nil, "tea", wire.DefaultRoom},
	} {
		if got := app.AfterLeaving(slices.Clone(tt.order), tt.left); got != tt.want {
			t.Errorf("after leaving %s of %v comes %s, want %s", tt.left, tt.order, got, tt.want)
		}
	}
}

// TestReadMarks: this tab's marks are stored, and another tab's list does not undo them.
func TestReadMarks(t *testing.T) {
	mark := func(room, epoch string, seq int64) client.News {
		return client.News{Visited: client.Visited{Room: room, Read: wire.Cursor{Epoch: epoch, Seq: seq}}}
	}
	const tea = `[{"room":"tea","read":{"epoch":"e1","seq":5}}]`
	for _, tt := range []struct {
		name  string
		news  []client.News
		other string // what another tab has stored
		want  string
	}{
		{"read on", []client.News{mark("tea", "e1", 6), mark("elsewhere", "e1", 9)}, "",
			`[{"room":"tea","read":{"epoch":"e1","seq":6}}]`},
		{"not joined yet", []client.News{mark("tea", "", 0)}, "", tea},
		{"the other tab has read less", nil, `[{"room":"tea","pinned":true,"read":{"epoch":"e1","seq":4}}]`,
			`[{"room":"tea","pinned":true,"read":{"epoch":"e1","seq":5}}]`},
		{"the other tab has read more", nil, `[{"room":"tea","read":{"epoch":"e1","seq":7}}]`,
			`[{"room":"tea","read":{"epoch":"e1","seq":7}}]`},
		{"the other tab has left the room", nil, `[{"room":"sea","read":{"epoch":"","seq":0}}]`,
			`[{"room":"sea","read":{"epoch":"","seq":0}}]`},
	} {
		if got := app.Marked(tea, tt.news, tt.other); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

// TestNotificationsOfARoom: of which messages the browser tells the user, and what the menu of the room offers.
func TestNotificationsOfARoom(t *testing.T) {
	for _, tt := range []struct {
		stored string
		want   unread.Scope
	}{
		{`[{"room":"tea"}]`, unread.ForMe},
		{`[{"room":"tea","notify":"all"}]`, unread.Everything},
		{`[{"room":"tea","notify":"none"}]`, unread.Nothing},
		{`[{"room":"tea","notify":"a newer choice"}]`, unread.ForMe},
		{`[{"room":"tea","notify":"all","muted":true}]`, unread.Nothing},
		{`[{"room":"elsewhere","notify":"all"}]`, unread.ForMe},
	} {
		if got := app.ScopeOf(tt.stored, "tea"); got != tt.want {
			t.Errorf("with %s stored the scope is %d, want %d", tt.stored, got, tt.want)
		}
	}
	for _, tt := range []struct {
		on    bool
		muted string
		want  int
	}{{false, "", 0}, {true, "", 1}, {true, "tea", 0}} {
		v := client.View{Room: "tea", Rooms: []client.News{{Visited: client.Visited{Room: "tea"}}}}
		s := app.Preview{View: v, Notifies: tt.on, Muted: tt.muted}
		html := goapp.HTMLString(s.Rooms())
		for key, pressed := range map[words.Key]string{words.NotifyForMe: "", words.NotifyEverything: `="false"`,
			words.NotifyNothing: `="false"`} { // go-app draws the value true by the name of the attribute alone
			button := regexp.MustCompile(`<button[^>]* aria-pressed` + pressed + `[ >][^>]*>?\s*` + words.Of(key))
			if n := len(button.FindAllString(html, -1)); n != tt.want {
				t.Errorf("on: %v, muted: %q: %d buttons %q, want %d", tt.on, tt.muted, n, words.Of(key), tt.want)
			}
		}
	}
}

// TestRoomsAreDrawn: the rows say what is new, and the title and the button do not count muted rooms.
func TestRoomsAreDrawn(t *testing.T) {
	news := func(room string, unread int, forMe *client.Message) client.News {
		return client.News{Visited: client.Visited{Room: room}, TTL: 5 * time.Minute, Unread: unread, ForMe: forMe}
	}
	v := client.View{Status: client.Online, Room: "lobby", Joined: true, Messages: []client.Message{{Key: "a", Seq: 1}},
		Rooms: []client.News{news("lobby", 1, nil), news("tea", 2, &client.Message{}), news("noise", 40, nil)}}
	nav, header, total := app.Rooms(v, "tea", "noise")
	for _, want := range []string{`aria-label="#tea, 2 unread, mentions you, pinned. Messages vanish after 5 minutes"`,
		`aria-label="#noise, 40 unread, muted. Messages vanish after 5 minutes"`, `aria-current="page"`,
		"Unpin", "Unmute", "Leave"} {
		if !strings.Contains(nav, want) {
			t.Errorf("the list lacks %s:\n%s", want, nav)
		}
	}
	if first := strings.Index(nav, `data-room="tea"`); first > strings.Index(nav, `data-room="lobby"`) {
		t.Error("the pinned room is not on top")
	}
	if want := `aria-label="Rooms, 2 unread, mentions you"`; !strings.Contains(header, want) {
		t.Errorf("the button lacks %s:\n%s", want, header)
	}
	if total != 3 {
		t.Errorf("the title counts %d unread messages, want 3", total)
	}
}
