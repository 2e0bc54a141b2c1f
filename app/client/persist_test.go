package client_test

import (
	"context"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/app/client"
	"mayfly/shared/wire"
)

// shelf is the storage of a device, in memory, for any number of tabs. It outlives them, as a disk does.
type shelf struct {
	slow sync.Mutex    // as long as it is locked, Load does not answer
	look time.Duration // static: how long Closed takes
	was  []string      // the tabs that a page was before it is loaded again; nil: all tabs so far

	mu    sync.Mutex // guards what follows
	kept  map[string]string
	open  map[string]bool
	fails error
	saves int
}

// tab is the Device of one tab.
type tab struct {
	*shelf
	name   string
	former []string
}

// tab opens a tab.
func (s *shelf) tab(name string) tab {
	s.setOpen(name, true)
	return tab{shelf: s, name: name}
}

func (s *shelf) setOpen(name string, open bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open == nil {
		s.open = map[string]bool{}
	}
	s.open[name] = open
}

// setFails makes each later Save fail with err. With nil, Save works again.
func (s *shelf) setFails(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fails = err
}

// stall makes Load wait until release is called. Only adoptions load.
func (s *shelf) stall() (release func()) {
	s.slow.Lock()
	return sync.OnceFunc(s.slow.Unlock)
}

func (s *shelf) Load() (map[string]string, error) {
	for !s.slow.TryLock() { // to synctest, a goroutine that waits for a mutex is not blocked
		time.Sleep(time.Millisecond)
	}
	s.slow.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.kept), nil
}

func (s *shelf) Save(changes map[string]string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.saveLocked(changes)
}

func (s *shelf) Update(decide func(map[string]string) map[string]string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if changes := decide(maps.Clone(s.kept)); len(changes) > 0 {
		return s.saveLocked(changes)
	}
	return nil
}

func (s *shelf) saveLocked(changes map[string]string) error {
	s.saves++
	if s.fails != nil {
		return s.fails
	}
	if s.kept == nil {
		s.kept = map[string]string{}
	}
	maps.Copy(s.kept, changes)
	maps.DeleteFunc(s.kept, func(_, value string) bool { return value == "" })
	return nil
}

// Note forgets the changes: the tabs of these tests end when everything is stored.
func (s *shelf) Note(map[string]string) {}

func (t tab) Tab() string { return t.name }

func (t tab) Former() []string { return t.former }

func (s *shelf) Closed(tabs []string) (closed []string, err error) {
	time.Sleep(s.look)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range tabs {
		if !s.open[name] {
			closed = append(closed, name)
		}
	}
	return closed, nil
}

// wantKept fails unless the device has that many entries (letters) and drafts.
func (s *shelf) wantKept(t *testing.T, letters, drafts int) {
	t.Helper()
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	n := map[bool]int{}
	for key := range s.kept {
		n[strings.HasPrefix(key, "letter/")]++
	}
	if n[true] != letters || n[false] != drafts {
		t.Fatalf("kept is %v, want %d letters and %d drafts", s.kept, letters, drafts)
	}
}

// page is a client in a tab, until the tab is closed.
type page struct {
	*tester
	tab   tab
	guest string // the guest's secret that the client gave to KeepGuest
	close func()
}

// open opens a tab with a client in lobby. guest is the guest's secret, "" as in a new tab.
func (s *script) open(shelf *shelf, name, guest string) *page {
	return s.openAs(nil, shelf, name, guest)
}

// openAs does what open does, for a user who is signed in. A user who is a guest already loads a page again, which was any
// of the tabs so far.
func (s *script) openAs(in client.TokenSource, shelf *shelf, name, guest string) *page {
	p := &page{tab: shelf.tab(name)}
	if guest != "" {
		p.tab.former = shelf.was
		if shelf.was == nil {
			p.tab.former = slices.Collect(maps.Keys(shelf.open))
		}
	}
	c := client.Config{Dial: s.dial, Guest: guest, Client: "test/1", Room: "lobby", Tokens: in, Device: p.tab,
		KeepGuest: func(secret string) { p.guest = secret }}
	p.tester = &tester{Client: client.New(c), t: s.t}
	ctx, cancel := context.WithCancel(s.t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = p.Run(ctx)
	}()
	p.Subscribe(func(v client.View) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.view = v
	})
	p.close = sync.OnceFunc(func() {
		cancel()
		<-ended
		shelf.setOpen(name, false)
	})
	s.t.Cleanup(p.close)
	return p
}

func TestUnsentOutlivesTheProgram(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, shelf := newScript(t), &shelf{}
		s.setDown(true)
		a := s.open(shelf, "a", "")
		a.now()
		a.Send("one")
		a.wantLast(client.Waiting, client.Problem{})
		a.Send("two")
		shelf.wantKept(t, 2, 0)
		a.close()
		time.Sleep(4 * time.Minute)
		b := s.open(shelf, "b", "")
		b.wantTexts("one", "two")
		for _, m := range b.now().Messages {
			if m.State != client.Waiting || !m.Mine {
				t.Errorf("%+v does not wait", m)
			}
		}
		if a.guest == "" || b.guest != a.guest {
			t.Errorf("the second is guest %q, the first was %q: its message could be posted twice", b.guest, a.guest)
		}
		if v := b.now(); v.Unsent != 2 {
			t.Errorf("%d are unsent, want 2", v.Unsent)
		}
		s.setDown(false)
		b.Retry()
		p := s.next()
		if hello := hear[wire.Hello](p); *hello.Guest != a.guest {
			t.Errorf("hello is of guest %q, want %q", *hello.Guest, a.guest)
		}
		p.say(welcome(), joined(0))
		one, two := hear[wire.Post](p), hear[wire.Post](p)
		if one.Text != "one" || two.Text != "two" {
			t.Errorf("sent were %q, %q", one.Text, two.Text)
		}
		p.say(accept(one, 1, time.Minute))
		shelf.wantKept(t, 1, 0)
		p.say(accept(two, 2, time.Minute))
		shelf.wantKept(t, 0, 0)
		b.wantTexts("one", "two")
	})
}

// TestSentUnderTheSameIDAfterACrash: the server has the message already, so it must not be posted twice.
func TestSentUnderTheSameIDAfterACrash(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, shelf := newScript(t), &shelf{}
		a := s.open(shelf, "a", guest)
		p := s.online()
		a.Send("mine")
		post := hear[wire.Post](p)
		shelf.wantKept(t, 1, 0)
		a.close() // before the answer has come
		b := s.open(shelf, "b", "")
		p = s.next()
		if hello := hear[wire.Hello](p); *hello.Guest != guest {
			t.Errorf("hello is of guest %q", *hello.Guest)
		}
		p.say(welcome(), joined(0))
		if again := hear[wire.Post](p); !reflect.DeepEqual(again, post) {
			t.Errorf("sent again: %+v, want %+v", again, post)
		}
		p.say(accept(post, 1, time.Minute))
		b.wantLast(client.Sent, client.Problem{})
		shelf.wantKept(t, 0, 0)
	})
}

func TestWaitingOnlyOnceItIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, shelf := newScript(t), &shelf{}
		shelf.setFails(errors.New("full"))
		s.setDown(true)
		a := s.open(shelf, "a", guest)
		time.Sleep(time.Second)
		a.Send("mine")
		a.wantLast(client.Sending, client.Problem{})
		time.Sleep(5 * time.Second)
		if shelf.saves != 1 {
			t.Errorf("it was tried %d times in 5 s", shelf.saves)
		}
		shelf.setFails(nil)
		time.Sleep(6 * time.Second)
		a.wantLast(client.Waiting, client.Problem{})
	})
}

func TestOpenTabKeepsItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, shelf := newScript(t), &shelf{}
		s.setDown(true)
		a := s.open(shelf, "a", "")
		a.now()
		a.Send("a's")
		a.Draft("lobby", "a's draft", 0)
		shelf.wantKept(t, 1, 1)
		b := s.open(shelf, "b", "")
		b.wantTexts()
		if b.guest == a.guest || len(b.now().Drafts) > 0 {
			t.Errorf("b is guest %q, with %+v, as if a were gone", b.guest, b.now().Drafts)
		}
	})
}

// TestTabsAdoptAtTheSameTime: each record becomes the record of one tab, and stays with it.
func TestTabsAdoptAtTheSameTime(t *testing.T) {
	for _, tt := range []struct {
		name   string
		guests []string // of the tabs that adopt
	}{
		{"two tabs of the guest", []string{guest, guest}},
		{"five tabs of the guest", []string{guest, guest, guest, guest, guest}},
		{"two new tabs", []string{"", ""}},
		{"a new tab and one of another guest", []string{"", "another-guest-with-a-secret"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, shelf := newScript(t), &shelf{look: time.Millisecond}
				s.setDown(true)
				a := s.open(shelf, "a", guest)
				time.Sleep(time.Second)
				a.Send("one")
				a.Draft("lobby", "half", 0)
				shelf.wantKept(t, 1, 1)
				a.close()
				var pages []*page
				for i, guest := range tt.guests { // all of them look before one of them has adopted
					pages = append(pages, s.open(shelf, string(rune('b'+i)), guest))
				}
				for range 2 {
					time.Sleep(time.Second)
					entries, drafts, guests := 0, 0, 0
					for _, p := range pages {
						v := p.now()
						entries, drafts = entries+len(v.Messages), drafts+len(v.Drafts)
						if p.guest == guest {
							guests++
						}
					}
					if entries != 1 || drafts != 1 || guests > 1 {
						t.Errorf("the tabs have %d entries and %d drafts, want 1 and 1; %d have become the guest",
							entries, drafts, guests)
					}
					shelf.wantKept(t, 1, 1)
					for _, p := range pages {
						p.Wake()
					}
				}
			})
		})
	}
}

// TestPageThatIsLoadedAgainComesFirst: for some seconds a tab looks closed while its page is loaded. The other tabs leave
// what it has, and take it only if the tab does not come back.
func TestPageThatIsLoadedAgainComesFirst(t *testing.T) {
	first := []string{"the first page"}
	for _, tt := range []struct {
		name  string
		age   time.Duration // of another tab
		away  time.Duration // how long the tab is closed
		other string        // the guest of the other tab
		was   []string      // the tabs that the other tab was before
		look  func(other *page)
		taken bool // by the other tab
	}{
		{"another tab wakes", time.Minute, 10 * time.Second, "another-guest-with-a-secret", first,
			func(o *page) { o.Wake() }, false},
		{"another tab enters a room and comes back", time.Minute, 10 * time.Second, "another-guest-with-a-secret", first,
			func(o *page) {
				o.Enter("tea")
				o.now()
				o.Enter("lobby")
			}, false},
		{"a duplicate wakes", time.Minute, 10 * time.Second, guest, first, func(o *page) { o.Wake() }, false},
		{"a duplicate wakes, which has the tab's former names", time.Minute, 10 * time.Second, guest, []string{"a"},
			func(o *page) { o.Wake() }, false},
		{"another tab looks again and again", time.Minute, 19 * time.Second, guest, first, func(o *page) {
			for range 18 {
				o.Wake()
				time.Sleep(time.Second)
			}
		}, false},
		{"another tab has just been opened", time.Second, 10 * time.Second, "", first, func(o *page) { o.Wake() }, false},
		{"another tab has just been loaded", time.Second, 10 * time.Second, guest, first, func(o *page) { o.Wake() }, false},
		{"the tab is gone", time.Minute, 22 * time.Second, guest, first, func(o *page) { o.Wake() }, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, shelf := newScript(t), &shelf{was: tt.was}
				s.setDown(true)
				other := s.open(shelf, "other", tt.other)
				time.Sleep(tt.age)
				a := s.open(shelf, "a", guest)
				a.now()
				a.Send("one")
				a.Draft("lobby", "half", 0)
				shelf.wantKept(t, 1, 1)
				a.close()
				closed := time.Now()
				tt.look(other)
				time.Sleep(tt.away - time.Since(closed))
				shelf.was = nil
				again := s.open(shelf, "again", guest)
				has := map[bool]*page{true: other, false: again}
				shelf.wantKept(t, 1, 1)
				has[tt.taken].wantTexts("one")
				has[!tt.taken].wantTexts()
				if got := has[tt.taken].now().Drafts; len(got) != 1 || got[0].Text != "half" {
					t.Errorf("given back is %+v", got)
				}
				has[!tt.taken].wantDrafts()
			})
		})
	}
}

// TestNewTabWaitsForNobody: the browser may have been killed, and the user becomes known late.
func TestNewTabWaitsForNobody(t *testing.T) {
	for _, late := range []time.Duration{0, time.Second, 4 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			s, shelf := newScript(t), &shelf{}
			s.setDown(true)
			in := &signIn{session: adas, version: 1}
			a := s.openAs(in, shelf, "a", "")
			a.Identify(client.Identity{SignInID: adas, Version: 1})
			a.now()
			a.Send("one")
			a.Draft("lobby", "half", 0)
			shelf.wantKept(t, 1, 1)
			a.close()
			b := s.openAs(&signIn{slow: time.Hour}, shelf, "b", "")
			time.Sleep(late)
			if got := b.now().Drafts; len(got) != 1 {
				t.Errorf("given back is %+v", got)
			}
			b.Identify(client.Identity{SignInID: adas, Version: 1})
			b.wantTexts("one")
			shelf.wantKept(t, 1, 1)
		})
	}
}

// TestTabThatOpensWhileAnotherLooks is not taken for closed.
func TestTabThatOpensWhileAnotherLooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, shelf := newScript(t), &shelf{look: time.Second}
		s.setDown(true)
		a := s.open(shelf, "a", guest)
		a.now()
		a.Send("left")
		shelf.wantKept(t, 1, 0)
		a.close()
		b := s.open(shelf, "b", guest)
		b.now()
		c := s.open(shelf, "c", "another-guest-with-a-secret")
		c.Draft("lobby", "c's", 0)
		shelf.wantKept(t, 1, 1)
		time.Sleep(time.Second)
		b.wantTexts("left")
		b.wantDrafts()
	})
}

// TestFrozenTabLosesWhatAnotherFound: tab a is in the browser's cache. It holds no Web Lock there, so it counts as closed,
// and tab b adopts the entry of a. When a wakes, a must give up that entry: otherwise both tabs would send it.
func TestFrozenTabLosesWhatAnotherFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, shelf := newScript(t), &shelf{}
		s.setDown(true)
		a := s.open(shelf, "a", guest)
		a.now()
		a.Send("one")
		shelf.wantKept(t, 1, 0)
		shelf.setOpen("a", false)
		b := s.open(shelf, "b", guest)
		b.wantTexts("one")
		shelf.setOpen("a", true)
		a.Send("two")
		a.Wake()
		a.wantTexts("two")
		b.Wake()
		b.wantTexts("one")
		shelf.wantKept(t, 2, 0)
	})
}

// TestLooksBeforeItGoesOn: a page that comes back from the browser's cache connects at once, but sends nothing until it
// knows which entries another tab has adopted.
func TestLooksBeforeItGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, shelf := newScript(t), &shelf{}
		s.setDown(true)
		a := s.open(shelf, "a", guest)
		a.now()
		a.Send("one")
		shelf.wantKept(t, 1, 0)
		shelf.setOpen("a", false)
		b := s.open(shelf, "b", guest)
		b.wantTexts("one")
		b.close()
		shelf.setOpen("b", true)
		shelf.setOpen("a", true)
		a.Send("two")
		a.now()
		s.setDown(false)
		release := shelf.stall()
		defer release()
		a.Wake()
		p := s.online()
		p.wantSilence()
		release()
		if post := hear[wire.Post](p); post.Text != "two" {
			t.Errorf("sent is %q, which another tab has", post.Text)
		}
		release = shelf.stall()
		a.Wake()
		a.Send("three")
		if post := hear[wire.Post](p); post.Text != "three" {
			t.Errorf("sent is %q", post.Text)
		}
		release()
	})
}

// TestLapsesOnlyWhatIsStillItsOwn: another tab has adopted and sent an entry, so this tab must not turn that entry into a
// draft.
func TestLapsesOnlyWhatIsStillItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, shelf := newScript(t), &shelf{}
		s.setDown(true)
		of := client.New(client.Config{Dial: s.dial, Guest: guest, Room: "lobby", Device: shelf.tab("a")})
		ahead := client.Skew(of)
		a := startClient(t, of)
		a.now()
		a.Send("one")
		shelf.wantKept(t, 1, 0)
		shelf.setOpen("a", false)
		s.setDown(false)
		b := s.open(shelf, "b", guest)
		p := s.online()
		p.say(accept(hear[wire.Post](p), 1, time.Minute))
		shelf.wantKept(t, 0, 0)
		b.close()
		s.setDown(true)
		shelf.setOpen("a", true)
		ahead(10 * time.Minute)
		a.Wake()
		a.wantTexts()
		a.wantDrafts()
	})
}

// TestDraftThatAnotherFoundIsNotThereTwice: a page comes back from the browser's cache with the draft still in its field.
// Meanwhile another tab has adopted that draft.
func TestDraftThatAnotherFoundIsNotThereTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, shelf := newScript(t), &shelf{}
		s.setDown(true)
		a := s.open(shelf, "a", guest)
		a.Draft("lobby", "half", 0)
		shelf.wantKept(t, 0, 1)
		shelf.setOpen("a", false)
		b := s.open(shelf, "b", guest)
		b.Draft("lobby", "half", b.now().Drafts[0].N)
		b.now()
		shelf.setOpen("a", true)
		a.Wake()
		a.now()
		b.close()
		a.Wake()
		time.Sleep(22 * time.Second)
		if given := a.now().Drafts; len(given) > 0 {
			t.Errorf("given back is %+v, which is there already", given)
		}
		shelf.wantKept(t, 0, 1)
	})
}

// TestRestoredOnceTheDeviceHasAnswered: View.Restored becomes true when the device has answered, again for each room that
// the user enters. Only then does the page move the focus to the composer.
func TestRestoredOnceTheDeviceHasAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, shelf := newScript(t), &shelf{}
		s.setDown(true)
		want := func(p *page, room string, restored bool) {
			t.Helper()
			synctest.Wait()
			if v := p.now(); v.Room != room || v.Restored != restored {
				t.Fatalf("in room %q: restored is %t, want %t in %q", v.Room, v.Restored, restored, room)
			}
		}
		release := shelf.stall() // the device is slow
		a := s.open(shelf, "a", guest)
		want(a, "lobby", false)
		release()
		time.Sleep(time.Second)
		want(a, "lobby", true)
		release = shelf.stall()
		a.Enter("tea")
		want(a, "tea", false)
		release()
		time.Sleep(time.Second)
		want(a, "tea", true)
		shelf.setFails(errors.New("full"))
		a.Draft("tea", "half", 0)
		a.Enter("lobby") // a device that fails will not bring a draft, so Restored is true
		time.Sleep(time.Second)
		want(a, "lobby", true)
		without := startClient(t, client.New(client.Config{Dial: s.dial, Guest: guest, Room: "lobby"}))
		if v := without.now(); !v.Restored {
			t.Error("without a device the page waits for one")
		}
	})
}

// TestDraftFoundWhileTheUserWrites: the device answers late. The client stores the draft from the device below the text
// that the user writes, until the page says that the field holds it.
func TestDraftFoundWhileTheUserWrites(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, shelf := newScript(t), &shelf{}
		s.setDown(true)
		wantBack := func(p *page, texts ...string) {
			t.Helper()
			time.Sleep(time.Second)
			var got []string
			for _, d := range p.now().Drafts {
				got = append(got, d.Text)
			}
			if !slices.Equal(got, texts) {
				t.Fatalf("given back is %q, want %q", got, texts)
			}
		}
		a := s.open(shelf, "a", guest)
		a.Draft("lobby", "half", 0)
		shelf.wantKept(t, 0, 1)
		a.close()
		release := shelf.stall()
		b := s.open(shelf, "b", guest)
		b.Draft("lobby", "mine", 0)
		shelf.wantKept(t, 0, 2)
		wantBack(b)
		release()
		wantBack(b, "half")
		b.Draft("lobby", "mine too", 0)
		wantBack(b, "half")
		shelf.wantKept(t, 0, 1)
		b.Enter("tea")
		wantBack(b)
		b.Enter("lobby")
		wantBack(b, "half", "mine too")
		b.close()
		c := s.open(shelf, "c", guest)
		wantBack(c, "half\nmine too")
		shelf.wantKept(t, 0, 1)
	})
}

func TestTooOldIsADraftAfterTheStart(t *testing.T) {
	for _, tt := range []struct {
		name string
		wait time.Duration
		give bool
	}{
		{"within its time", 5*time.Minute - time.Second, false},
		{"past it", 5 * time.Minute, true},
		{"long past it", time.Hour, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, shelf := newScript(t), &shelf{}
				s.setDown(true)
				a := s.open(shelf, "a", guest)
				a.now()
				a.Send("one")
				a.Send("two")
				shelf.wantKept(t, 2, 0)
				a.close()
				time.Sleep(tt.wait)
				b := s.open(shelf, "b", "another-guest-with-a-secret")
				b.wantTexts()
				if !tt.give {
					b.wantDrafts()
					shelf.wantKept(t, 2, 0)
					return
				}
				b.wantDrafts("one", "two")
				shelf.wantKept(t, 0, 1) // at any time the text is an entry or a draft
				b.Draft("lobby", "one\ntwo", b.now().Drafts[1].N)
				b.wantDrafts()
				shelf.wantKept(t, 0, 1)
				b.Draft("lobby", "", 0)
				shelf.wantKept(t, 0, 0)
			})
		})
	}
}

// TestOutThenTooOld: an entry that the server may have posted is not sent again once the message would have expired, even
// if its life is short.
func TestOutThenTooOld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, shelf := newScript(t), &shelf{}
		a := s.open(shelf, "a", guest)
		p := s.online() // the room's messages live a minute
		a.Send("mine")
		hear[wire.Post](p)
		shelf.wantKept(t, 1, 0)
		a.close()
		time.Sleep(time.Minute)
		b := s.open(shelf, "b", guest)
		p = s.online()
		p.wantSilence()
		b.wantTexts()
		b.wantDrafts("mine")
	})
}

func TestDraftsAreOfTheirRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, shelf := newScript(t), &shelf{}
		s.setDown(true)
		a := s.open(shelf, "a", guest)
		given := func(p *page, texts ...string) int {
			t.Helper()
			last, drafts := 0, p.now().Drafts
			if len(drafts) != len(texts) {
				t.Fatalf("given back is %+v, want %q", drafts, texts)
			}
			for i, d := range drafts {
				if last = d.N; d.Text != texts[i] || d.Lapsed {
					t.Fatalf("given back is %+v, want %q", drafts, texts)
				}
			}
			return last
		}
		a.Draft("lobby", "to the lobby", 0)
		a.Enter("tea")
		given(a)
		a.Draft("tea", "to tea", 0)
		a.Enter("lobby")
		taken := given(a, "to the lobby")
		a.Draft("lobby", "to the lobby, more", taken)
		given(a)
		shelf.wantKept(t, 0, 2)
		a.close()

		b := s.open(shelf, "b", guest)
		given(b, "to the lobby, more")
		shelf.wantKept(t, 0, 2)
		b.close() // before the page has put the draft into the field
		c := s.open(shelf, "c", guest)
		given(c, "to the lobby, more")
		c.Enter("tea")
		given(c, "to tea")
		c.close()
		time.Sleep(time.Hour)
		d := s.open(shelf, "d", guest)
		given(d)
		shelf.wantKept(t, 0, 0)
	})
}

func TestDraftIsForgottenAfterAnHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, shelf := newScript(t), &shelf{}
		s.setDown(true)
		a := s.open(shelf, "a", guest)
		a.Draft("lobby", "half", 0)
		time.Sleep(30 * time.Minute)
		a.Draft("lobby", "half written", 0)
		time.Sleep(time.Hour - time.Second)
		shelf.wantKept(t, 0, 1)
		time.Sleep(2 * time.Second)
		shelf.wantKept(t, 0, 0)
	})
}

func TestOtherRoomsGetWhatWaitsForThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, shelf := newScript(t), &shelf{}
		s.setDown(true)
		a := s.open(shelf, "a", guest)
		a.now()
		a.Send("to the lobby")
		a.Enter("tea")
		s.setDown(false)
		a.Retry()
		p := s.next()
		if hello := hear[wire.Hello](p); len(hello.Rooms) != 1 || hello.Rooms[0].Room != "tea" {
			t.Fatalf("hello = %+v", hello)
		}
		p.say(welcome(), wire.Joined{Room: "tea", Epoch: "e1", TTL: 60_000})
		if join := hear[wire.Join](p); join.Room != "lobby" {
			t.Fatalf("join = %+v", join)
		}
		p.say(wire.Refused{Re: "join", Room: "lobby", Code: wire.CodeRate, Message: "Slow down.", RetryMS: 20_000})
		p.wantSilence()
		time.Sleep(20 * time.Second)
		hear[wire.Join](p)
		p.say(joined(1, message(1, ann, "x", "hers", time.Minute)))
		post := hear[wire.Post](p)
		if post.Room != "lobby" || post.Text != "to the lobby" {
			t.Errorf("post = %+v", post)
		}
		if leave := hear[wire.Leave](p); leave.Room != "lobby" {
			t.Errorf("leave = %+v", leave)
		}
		p.say(posted(2, ann, "late, for lobby", time.Minute), accept(post, 3, time.Minute))
		a.wantTexts()
		if v := a.now(); v.Unsent != 0 || v.Room != "tea" || !v.Joined || v.TTL != time.Minute {
			t.Errorf("view = %+v", v)
		}
		shelf.wantKept(t, 0, 0)
		p.wantSilence()
	})
}

// TestSignOutForgetsAll: a sign-out also deletes the records that closed tabs have left.
func TestSignOutForgetsAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, shelf := newScript(t), &shelf{}
		s.setDown(true)
		other := s.open(shelf, "other", guest)
		other.now()
		other.Send("a guest's")
		for _, name := range []string{"gone", "here"} {
			p := s.openAs(&signIn{session: adas, version: 1}, shelf, name, "")
			p.Identify(client.Identity{SignInID: adas, Version: 1})
			p.now()
			p.Send("unsent")
			p.Draft("lobby", "half", 0)
			if name == "gone" {
				p.Enter("tea")
				p.Draft("tea", "half", 0)
				p.now()
				p.close()
				continue
			}
			shelf.wantKept(t, 3, 2)         // a draft that a closed tab left in this room is added below the one of this tab
			p.wantTexts("unsent", "unsent") // one user has one outbox
			p.Identify(client.Identity{Version: 2})
			p.wantTexts()
			p.wantDrafts()
		}
		shelf.wantKept(t, 1, 0)
	})
}

// TestGuestsLetterIsNotSentByName: a guest's entry is not sent by a user who has signed in since, because it was written
// under another name.
func TestGuestsLetterIsNotSentByName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, shelf := newScript(t), &shelf{}
		s.setDown(true)
		a := s.open(shelf, "a", guest)
		a.Identify(client.Identity{Version: 1})
		a.now()
		a.Send("as a guest")
		shelf.wantKept(t, 1, 0)
		a.close()
		s.setDown(false)
		in := &signIn{session: adas, version: 1}
		b := s.openAs(in, shelf, "b", guest)
		b.Identify(client.Identity{SignInID: adas, Version: 1})
		p, _ := s.onlineAs(ada, "token-1")
		b.wantLast(client.Failed, client.Problem{Code: client.OtherAuthor})
		p.wantSilence()
	})
}

func TestClockSetBackMakesADraft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, shelf := newScript(t), &shelf{}
		s.setDown(true)
		a := s.open(shelf, "a", guest)
		a.now()
		a.Send("mine")
		a.Draft("tea", "half", 0)
		shelf.wantKept(t, 1, 1)
		a.close()
		for key, value := range shelf.kept { // as if the clock had been an hour ahead when the record was stored
			shelf.kept[key] = strings.Replace(value, `"written":946`, `"written":947`, 1)
		}
		b := s.open(shelf, "b", guest)
		b.wantTexts()
		b.wantDrafts("mine")
		shelf.wantKept(t, 0, 2)
	})
}

// TestWhatIsNotOursIsLeftAlone: a record that this version cannot read stays, because a newer version may have stored it.
func TestWhatIsNotOursIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		s.setDown(true)
		shelf := &shelf{kept: map[string]string{"letter/x": "no note", "draft/y": `{"id":"z","room":"lobby","text":"t"}`, "other": "%"}}
		a := s.open(shelf, "a", guest)
		a.wantTexts()
		if len(shelf.kept) != 3 {
			t.Errorf("left is %v", shelf.kept)
		}
	})
}

// TestWrittenBeforeTheGuestIsKnown: a text that is written before the tab knows its guest is sent as that guest's.
func TestWrittenBeforeTheGuestIsKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, shelf := newScript(t), &shelf{}
		release := shelf.stall()
		a := s.open(shelf, "a", "")
		a.Identify(client.Identity{Version: 1})
		a.Send("mine")
		a.now()
		release()
		p := s.online()
		if post := hear[wire.Post](p); post.Text != "mine" {
			t.Errorf("sent is %q", post.Text)
		}
	})
}

// TestNobodysLetter: a text that was written before the client knew the user is not lost when the tab is closed.
func TestNobodysLetter(t *testing.T) {
	for _, who := range []string{"", adas} {
		synctest.Test(t, func(t *testing.T) {
			s, shelf := newScript(t), &shelf{}
			in := &signIn{session: who, version: 1}
			b := s.openAs(in, shelf, "b", guest)
			b.Identify(in.set(func(*signIn) {}))
			p := s.online()
			leave := func() {
				a := s.openAs(&signIn{slow: time.Hour}, shelf, "a", guest)
				a.now()
				a.Send("mine")
				shelf.wantKept(t, 1, 0)
				a.close()
			}
			leave()
			b.Wake()
			post := hear[wire.Post](p)
			if post.Text != "mine" {
				t.Errorf("sent is %q", post.Text)
			}
			p.say(accept(post, 1, time.Minute))
			shelf.wantKept(t, 0, 0)
			if leave(); who != "" {
				b.Identify(client.Identity{Version: 2})
				shelf.wantKept(t, 0, 0)
			}
		})
	}
}

// TestSignOutWhileItLooks: the user signs out while an adoption runs. The next user must not get the adopted records.
func TestSignOutWhileItLooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, shelf := newScript(t), &shelf{}
		s.setDown(true)
		open := func(name string) *page {
			p := s.openAs(&signIn{session: adas, version: 1}, shelf, name, guest)
			p.Identify(client.Identity{SignInID: adas, Version: 1})
			return p
		}
		gone := open("gone")
		gone.now()
		gone.Draft("lobby", "half", 0)
		gone.Send("unsent")
		shelf.wantKept(t, 1, 1)
		gone.close()
		release := shelf.stall()
		here := open("here")
		here.now()
		shown := 0
		defer here.Subscribe(func(v client.View) { shown += len(v.Drafts) + len(v.Messages) })()
		here.Identify(client.Identity{Version: 2})
		here.now()
		release()
		time.Sleep(time.Second)
		if shelf.wantKept(t, 0, 0); shown != 0 {
			t.Error("the next person was shown what was left")
		}
	})
}

// TestSignOutForgetsAllInTheEnd: a sign-out deletes the records, even if the device failed at first.
func TestSignOutForgetsAllInTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, shelf := newScript(t), &shelf{}
		in := &signIn{session: adas, version: 1}
		gone := s.openAs(in, shelf, "gone", guest)
		s.onlineAs(ada, "token-1")
		gone.Draft("tea", "half", 0)
		shelf.wantKept(t, 0, 1)
		gone.close()
		here := s.openAs(in, shelf, "here", guest)
		s.onlineAs(ada, "token-1")
		shelf.setFails(errors.New("busy"))
		here.Identify(in.set(func(in *signIn) { in.session = "" }))
		s.onlineAs(me, "")
		saves := shelf.saves
		time.Sleep(9 * time.Second)
		if shelf.saves != saves {
			t.Errorf("it was tried %d times in 9 s", shelf.saves-saves)
		}
		shelf.wantKept(t, 0, 1)
		shelf.setFails(nil)
		time.Sleep(2 * time.Second)
		shelf.wantKept(t, 0, 0)
	})
}

// hung is a device that never answers.
type hung struct {
	tab
	ended chan struct{}
}

func (h hung) Load() (map[string]string, error) {
	<-h.ended
	return nil, errors.New("the page is gone")
}

func TestDeviceThatHangsIsNotWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, shelf := newScript(t), &shelf{}
		device := hung{shelf.tab("a"), make(chan struct{})}
		defer close(device.ended)
		var kept string
		c := startClient(t, client.New(client.Config{Dial: s.dial, Room: "lobby", Device: device, KeepGuest: func(g string) { kept = g }}))
		s.wantNoDial(3*time.Second - time.Nanosecond)
		time.Sleep(time.Nanosecond)
		p := s.next()
		if hello := hear[wire.Hello](p); !wire.ValidSecret(kept) || *hello.Guest != kept {
			t.Errorf("hello = %+v, kept is %q", hello, kept)
		}
		p.say(welcome(), joined(0))
		c.Send("mine")
		hear[wire.Post](p)
		settled := make(chan struct{})
		c.Settled(func() { close(settled) })
		select {
		case <-settled:
		case <-time.After(10 * time.Second):
			t.Error("nobody can leave the page")
		}
	})
}

// TestWhatIsSentIsKeptAtOnce: an entry is stored at once, even while an adoption runs.
func TestWhatIsSentIsKeptAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, shelf := newScript(t), &shelf{}
		s.setDown(true)
		release := shelf.stall()
		a := s.open(shelf, "a", guest)
		a.now()
		a.Send("mine")
		shelf.wantKept(t, 1, 0)
		release()
		time.Sleep(time.Second)
		a.wantTexts("mine")
		a.wantLast(client.Waiting, client.Problem{})
		shelf.wantKept(t, 1, 0)
	})
}

// TestTabThatWasOpenUntilNow: after a reload, the page before it may count as open for a moment, so a second adoption
// must adopt its records.
func TestTabThatWasOpenUntilNow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, shelf := newScript(t), &shelf{}
		a := s.open(shelf, "a", guest)
		s.online()
		a.Send("mine")
		shelf.wantKept(t, 1, 0)
		a.close()
		shelf.setOpen("a", true)
		b := s.open(shelf, "b", guest)
		p := s.online()
		p.wantSilence()
		shelf.setOpen("a", false)
		time.Sleep(5 * time.Second)
		if post := hear[wire.Post](p); post.Text != "mine" {
			t.Errorf("sent %+v", post)
		}
		b.wantTexts("mine")
	})
}

func TestSettled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, shelf := newScript(t), &shelf{}
		s.setDown(true)
		a := s.open(shelf, "a", guest)
		a.now()
		a.Send("mine")
		a.Draft("lobby", "half", 0)
		settled := make(chan struct{})
		a.Settled(func() { close(settled) })
		<-settled
		if len(shelf.kept) != 2 {
			t.Errorf("settled with %v", shelf.kept)
		}
	})
}
