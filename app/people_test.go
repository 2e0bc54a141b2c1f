package app_test

import (
	"regexp"
	"strings"
	"testing"

	"mayfly/app"
	"mayfly/app/client"
	"mayfly/app/client/room"
	"mayfly/shared/wire"
)

func TestPeople(t *testing.T) {
	ada := wire.User{ID: "u-ada", Name: "Ada"}
	zoe := wire.User{ID: "g-zoe", Name: "Zoë <b>", Anonymous: true}
	view := func(n int, users ...wire.User) client.View {
		return client.View{Room: "lobby", Me: ada, Company: room.Company{People: n, Users: users}}
	}
	typing := view(2, ada, zoe)
	typing.Typing = []room.Typist{{User: zoe}}
	guest := view(2, zoe, ada)
	guest.Me = zoe
	for _, tt := range []struct {
		name      string
		v         client.View
		typingOff bool
		count     string // the accessible name of the button in the header, "" if there is no button
		people    string // what the panel lists
		more      string // what follows the list
		form      bool   // the user can choose a name
	}{
		{"not joined yet", view(0), false, "", "", "", false},
		{"not known yet", view(12), false, "12 people", "", "", false},
		{"alone", view(1, ada), false, "1 person", "Ada: you", "", false},
		{"two", view(2, ada, zoe), false, "2 people", "Ada: you, Zoë &lt;b&gt;: guest", "", false},
		{"one types", typing, false, "2 people", "Ada: you, Zoë &lt;b&gt;: guest · typing…", "", false},
		{"one types, which the user does not want to see", typing, true, "2 people",
			"Ada: you, Zoë &lt;b&gt;: guest", "", false},
		{"a guest", guest, false, "2 people", "Zoë &lt;b&gt;: you · guest, Ada: ", "", true},
		{"more than are listed", view(1240, ada, zoe), false, "1,240 people",
			"Ada: you, Zoë &lt;b&gt;: guest", "and 1,238 more", false},
	} {
		closed, none := app.People(tt.v, false, tt.typingOff)
		header, panel := app.People(tt.v, true, tt.typingOff)
		if none != "" {
			t.Errorf("%s: a panel that is closed is drawn: %s", tt.name, none)
		}
		for expanded, html := range map[bool]string{false: closed, true: header} {
			button := regexp.MustCompile(`<button[^>]*people-count[^>]*>`).FindString(html)
			if (button != "") != (tt.count != "") || button != "" &&
				(!strings.Contains(button, `aria-label="`+tt.count+`"`) ||
					strings.Contains(button, `aria-expanded="false"`) == expanded) {
				t.Errorf("%s: the button is %q, want it to be called %q, expanded: %t", tt.name, button, tt.count, expanded)
			}
		}
		var people []string
		person := regexp.MustCompile(`(?s)<bdi[^>]*person-name[^>]*>(.*?)</bdi>.*?person-note[^>]*>(.*?)</span>`)
		for _, m := range person.FindAllStringSubmatch(panel, -1) {
			people = append(people, strings.TrimSpace(m[1])+": "+strings.TrimSpace(m[2]))
		}
		if got := strings.Join(people, ", "); got != tt.people {
			t.Errorf("%s: the panel lists %q, want %q", tt.name, got, tt.people)
		}
		if got := regexp.MustCompile(`and [\d,]+ more`).FindString(panel); got != tt.more {
			t.Errorf("%s: the list is followed by %q, want %q", tt.name, got, tt.more)
		}
		if strings.Contains(panel, ">0 people") {
			t.Errorf("%s: the panel says that there is nobody: %s", tt.name, panel)
		}
		if strings.Contains(panel, "guest-name") != tt.form {
			t.Errorf("%s: the form for a name is there: %t, want %t", tt.name, !tt.form, tt.form)
		}
	}
}
