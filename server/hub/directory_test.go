package hub_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"mayfly/server/hub"
	"mayfly/shared/wire"
)

// guest returns a connection of a guest to w who would like that name, and who has joined the lobby. r.user is the guest
// as welcome names it.
func (w world) guest(t *testing.T, id, name string) *recorder {
	t.Helper()
	r := &recorder{}
	r.Client = w.NewGuest(r, wire.User{ID: "g-" + id, Name: "Anonymous " + id, Anonymous: true}, name, "", hub.Writer,
		func(u wire.User) { r.user = u })
	r.join(t, "lobby", nil)
	return r
}

func (r *recorder) wantName(t *testing.T, want string) {
	t.Helper()
	if r.user.Name != want {
		t.Errorf("welcome names the guest %q, want %q", r.user.Name, want)
	}
}

// wantAuthed wants one authed with that name and nothing else.
func (r *recorder) wantAuthed(t *testing.T, name string) {
	t.Helper()
	if f := next[wire.Authed](t, r); f.User.Name != name || f.User.ID != r.user.ID || f.AuthExpires != 0 ||
		f.Now != time.Now().UnixMilli() {
		t.Errorf("authed %+v, want the name %q", f, name)
	}
}

func TestGuestsNames(t *testing.T) {
	for _, tt := range []struct{ name, wanted, want string }{
		{"as wanted", "Ada", "Ada"},
		{"none", "", "Anonymous Heron"},
		{"nothing left", " \u200b\u202e\x07 ", "Anonymous Heron"},
		{"cleaned", "  Ada \t of\u202e  Mayfly ", "Ada of Mayfly"},
		{"40 characters", strings.Repeat("é", 41), strings.Repeat("é", 40)},
		{"the pseudonym", "Anonymous Heron", "Anonymous Heron"},
		{"a guest's", "Ben", "Ben 2"},
		{"a guest's, in another case", "bEN", "bEN 2"},
		{"a guest's, with punctuation", "B.e.n!", "B.e.n! 2"},
		{"a guest's, with letters that look alike", "\u0412en", "\u0412en 2"},
		{"a signed-in user's", "Cleo King", "Cleo King 2"},
		{"a signed-in user's, with an I for the l", "CIeo King", "CIeo King 2"},
		{"another guest's pseudonym", "anonymous otter", "anonymous otter 2"},
		{"part of a guest's", "Benny", "Benny"},
		{"long and taken", strings.Repeat("x", 40), strings.Repeat("x", 38) + " 2"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, testConfig, func(t *testing.T, w world) {
				w.guest(t, "Ben", "Ben")
				w.guest(t, "Otter", "")
				w.guest(t, "Long", strings.Repeat("x", 40))
				w.in(t, "Cleo King", "lobby")
				g := w.guest(t, "Heron", tt.wanted)
				g.wantName(t, tt.want)
				again := w.guest(t, "Heron", tt.want) // what welcome said, as clients do
				again.wantName(t, tt.want)
				g.want(t)
				g.Post(post(1, "lobby", 0))
				if p := g.take()[1].(wire.Posted); p.User.Name != tt.want {
					t.Errorf("posted as %q, want %q", p.User.Name, tt.want)
				}
			})
		})
	}
}

// TestNameIsThePersons: the last hello or rename sets it for all connections of the guest, and the others learn it.
func TestNameIsThePersons(t *testing.T) {
	bubble(t, testConfig, func(t *testing.T, w world) {
		other, stop := w.node(t)
		defer stop()
		time.Sleep(young)
		one, ben := w.guest(t, "Heron", "Ada"), w.in(t, "ben", "lobby")
		time.Sleep(2 * tick)
		two, there := w.guest(t, "Heron", "Ada"), other.guest(t, "Heron", "Ada")
		time.Sleep(2 * tick)
		ben.news()
		one.Rename(wire.Rename{Name: "  Eve\u202e "})
		for _, r := range []*recorder{one, two, there} {
			r.wantAuthed(t, "Eve")
		}
		time.Sleep(tick)
		eve := wire.User{ID: "g-Heron", Name: "Eve", Anonymous: true}
		ben.wantNews(t, wire.Presence{Room: "lobby", People: 2, Came: []wire.User{eve}})
		there.wantWho(t, "2 Eve ben")
		one.Rename(wire.Rename{Name: "Eve"}) // no change, but an answer
		one.wantAuthed(t, "Eve")
		two.want(t)
		other.guest(t, "Heron", "") // a hello without a name
		for _, r := range []*recorder{one, two, there} {
			r.wantAuthed(t, "Anonymous Heron")
		}
		time.Sleep(tick)
		ben.wantWho(t, "2 ben Anonymous Heron")
	})
}

// TestWhoSignsInKeepsTheName: a guest who has it gets the pseudonym back, on whatever node.
func TestWhoSignsInKeepsTheName(t *testing.T) {
	bubble(t, testConfig, func(t *testing.T, w world) {
		other, stop := w.node(t)
		defer stop()
		time.Sleep(young)
		here, there := w.guest(t, "Heron", "Cleo"), other.guest(t, "Otter", "Clea")
		dan := w.in(t, "dan", "lobby")
		time.Sleep(2 * tick)
		dan.news()
		w.in(t, "cleo", "lobby")
		here.wantAuthed(t, "Anonymous Heron")
		dan.ShowAs("CLEA", "")
		there.wantAuthed(t, "Anonymous Otter")
		time.Sleep(tick)
		if got := dan.news(); len(got) != 1 || len(got[0].Came) != 4 || got[0].People != 4 {
			t.Errorf("told %+v, want all four", got)
		}
		here.Rename(wire.Rename{Name: "Cléo"})
		here.wantAuthed(t, "Cléo 2")
	})
}

// TestTwoNodesTwoGuestsOneName: whoever came first keeps the name, on both nodes.
func TestTwoNodesTwoGuestsOneName(t *testing.T) {
	bubble(t, testConfig, func(t *testing.T, w world) {
		other, stop := w.node(t)
		defer stop()
		time.Sleep(young)
		w.stream.LoseSignals(true) // the nodes do not hear of each other's guests
		first := w.guest(t, "Heron", "Ada")
		time.Sleep(time.Second)
		second := other.guest(t, "Otter", "Ada")
		second.wantName(t, "Ada")
		w.stream.LoseSignals(false)
		time.Sleep(12 * time.Second)
		first.want(t)
		if f := next[wire.Authed](t, second); f.User.Name != "Ada 2" {
			t.Errorf("authed %+v, want Ada 2", f)
		}
		first.wantWho(t, "2 Ada Ada 2")
		second.wantWho(t, "2 Ada 2 Ada")
	})
}

// TestNameIsKeptForAWhile: as long as the guest counts as present; then another guest can have it.
func TestNameIsKeptForAWhile(t *testing.T) {
	for name, end := range map[string]func(*recorder) time.Duration{
		"connection": func(r *recorder) time.Duration { r.Close(); return 15 * time.Second },
		"poll":       func(r *recorder) time.Duration { r.CloseFor(30 * time.Second); return 30 * time.Second },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, testConfig, func(t *testing.T, w world) {
				kept := end(w.guest(t, "Heron", "Ada"))
				time.Sleep(kept - time.Millisecond)
				w.guest(t, "Otter", "Ada").wantName(t, "Ada 2")
				w.guest(t, "Heron", "Ada").wantName(t, "Ada")
				end(w.guest(t, "Heron", "Ada"))
				time.Sleep(2 * time.Minute)
				w.guest(t, "Badger", "Ada").wantName(t, "Ada 3") // the guest has another connection still
			})
		})
	}
	bubble(t, testConfig, func(t *testing.T, w world) {
		w.guest(t, "Heron", "Ada").Close()
		time.Sleep(16 * time.Second)
		w.guest(t, "Otter", "Ada").wantName(t, "Ada")
	})
}

func TestRenameIsRefused(t *testing.T) {
	bubble(t, testConfig, func(t *testing.T, w world) {
		ben, g := w.in(t, "ben", "lobby"), w.guest(t, "Heron", "")
		ben.Rename(wire.Rename{Name: "Ada"})
		if f := next[wire.Refused](t, ben); f.Re != "rename" || f.Code != wire.CodeForbidden || f.RetryMS != 0 {
			t.Errorf("refused %+v, want forbidden", f)
		}
		again := w.guest(t, "Heron", "")
		for i, r := range []*recorder{g, again, g, again} {
			r.Rename(wire.Rename{Name: fmt.Sprint("Ada ", i)})
		}
		g.Rename(wire.Rename{})
		g.take()
		time.Sleep(time.Second)
		g.Rename(wire.Rename{Name: "Eve"})
		if f := next[wire.Refused](t, g); f.Code != wire.CodeRate || f.RetryMS != 59_000 {
			t.Errorf("refused %+v, want rate for 59 s", f)
		}
		time.Sleep(59 * time.Second)
		g.Rename(wire.Rename{Name: "Eve"})
		g.wantAuthed(t, "Eve")
	})
}

// TestManyGuestsWantOneName: all names differ, and the search for one stays short.
func TestManyGuestsWantOneName(t *testing.T) {
	bubble(t, testConfig, func(t *testing.T, w world) {
		seen := map[string]bool{}
		for i := range 2000 {
			r := &recorder{}
			w.NewGuest(r, wire.User{ID: fmt.Sprint("g-", i), Name: "Anonymous Heron", Anonymous: true}, "Ada", "",
				hub.Writer,
				func(u wire.User) { r.user = u })
			if seen[r.user.Name] || !strings.HasPrefix(r.user.Name, "Ada") {
				t.Fatalf("guest %d is %q", i, r.user.Name)
			}
			seen[r.user.Name] = true
		}
	})
}
