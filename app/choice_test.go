package app_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"mayfly/app"
	"mayfly/app/client"
	"mayfly/app/client/room"
	"mayfly/app/pkce"
	"mayfly/shared/wire"
)

// TestFind has texts that a user types into the palette.
func TestFind(t *testing.T) {
	rooms := []string{"steam-team", "lobby", "team", "tea", "help-desk"}
	people := []string{"Ada Lovelace", "Tea Lover", "Émile"}
	actions := []string{"Invite people", "Help", "Settings"}
	for _, tt := range []struct {
		name, text string
		want       []string
	}{
		{"everything at first", "", []string{
			"#steam-team", "#lobby", "#team", "#tea", "#help-desk", "@Ada Lovelace", "@Tea Lover",
			"@Émile", "Invite people", "Help", "Settings"}},
		{"the same name, then the beginning, a later word, the inside", "tea",
			[]string{"#tea", "#team", "@Tea Lover", "#steam-team"}},
		{"a later word", "love", []string{"@Ada Lovelace", "@Tea Lover", "+love"}},
		{"capital letters", "TEAM", []string{"#team", "#steam-team"}},
		{"other capital letters", "éMI", []string{"@Émile"}},
		{"white space", " lob ", []string{"#lobby", "+lob"}},
		{"rooms before people before actions", "l",
			[]string{"#lobby", "@Ada Lovelace", "@Tea Lover", "#help-desk", "@Émile", "Invite people", "Help", "+l"}},
		{"the name of an action before the beginning of a room", "help", []string{"Help", "#help-desk", "+help"}},
		{"rooms alone", "#te", []string{"#team", "#tea", "#steam-team", "+te"}},
		{"all rooms", "#", []string{"#steam-team", "#lobby", "#team", "#tea", "#help-desk"}},
		{"people alone", "@te", []string{"@Tea Lover"}},
		{"all people", "@", []string{"@Ada Lovelace", "@Tea Lover", "@Émile"}},
		{"another room", "Garden-2", []string{"+garden-2"}},
		{"the address of a room", "https://chat.example.com/r/garden", []string{"+garden"}},
		{"the address of a known room", "https://chat.example.com/r/tea", []string{"+tea"}},
		{"two words", "two words", nil},
		{"nobody has that name", "@zoe", nil},
		{"no room can have that name", "-", []string{"#steam-team", "#help-desk"}},
	} {
		if got := app.Find(rooms, people, actions, tt.text); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q finds %q, want %q", tt.name, tt.text, got, tt.want)
		}
	}
	words := []string{"steam", "my-team"}
	if got, want := app.Find(words, nil, nil, "team"), []string{"#my-team", "#steam", "+team"}; !slices.Equal(got, want) {
		t.Errorf("of %q it finds %q, want %q: a hyphen separates words", words, got, want)
	}
}

func TestFindListsSomePeople(t *testing.T) {
	var people []string
	for i := range 2 * app.MaxFoundPeople {
		people = append(people, "Ada "+strconv.Itoa(i))
	}
	got := app.Find([]string{"adas"}, people, []string{"Add"}, "ad")
	if n := len(got); n != app.MaxFoundPeople+3 || got[1] != "@Ada 0" || got[n-2] != "Add" || got[n-1] != "+ad" {
		t.Errorf("of %d people it finds %q, want %d", len(people), got, app.MaxFoundPeople)
	}
}

// TestPalette draws the palette for users in different states.
func TestPalette(t *testing.T) {
	me, ben := wire.User{ID: "me", Name: "Ada"}, wire.User{ID: "g", Name: "Anonymous Heron", Anonymous: true}
	in := app.Preview{View: client.View{Room: "lobby", Me: me, Company: room.Company{People: 2, Users: []wire.User{me, ben}},
		Rooms: []client.News{{Visited: client.Visited{Room: "lobby"}}, {Visited: client.Visited{Room: "tea"}, Unread: 2}}},
		SignIn: pkce.State{Status: pkce.SignedOut}}
	signedIn, off, noRoom := in, in, in
	signedIn.SignIn = pkce.State{Status: pkce.SignedIn, SignInID: "s", Name: "Ada"}
	off.SignIn.Off = true
	noRoom.NoRoom = true
	for _, tt := range []struct {
		name  string
		state app.Preview
		want  string
	}{
		{"a guest", in, "Invite people, Help, Settings, Show people, Sign in"},
		{"signed in", signedIn, "Invite people, Help, Settings, Show people, Sign out"},
		{"no provider", off, "Invite people, Help, Settings, Show people"},
		{"no such room", noRoom, "Help, Settings, Sign in"},
	} {
		if _, got := app.Palette(&tt.state, ""); strings.Join(got, ", ") != tt.want {
			t.Errorf("%s: the actions are %q, want %s", tt.name, got, tt.want)
		}
	}
	html, _ := app.Palette(&in, "")
	for _, want := range []string{
		`<span class="suggestion-emoji palette-sign">#</span>`, ">lobby</bdi>", ">tea</bdi>", ">2 unread</span>",
		">Heron</bdi>", ">guest</span>", "8 results", `aria-activedescendant="palette-list-0"`} {
		if !strings.Contains(html, want) {
			t.Errorf("the palette has no %s:\n%s", want, html)
		}
	}
	if strings.Contains(html, ">Ada</bdi>") {
		t.Error("the palette offers to address the user")
	}
	if html, _ := app.Palette(&noRoom, "heron"); strings.Contains(html, "guest") {
		t.Errorf("without a room, the palette offers people:\n%s", html)
	}
	html, _ = app.Palette(&in, "?")
	if !strings.Contains(html, "Nothing here has that name") || !strings.Contains(html, `aria-expanded="false"`) ||
		strings.Contains(html, "aria-activedescendant") {
		t.Errorf("a palette that finds nothing:\n%s", html)
	}
}
