package rig

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/google/uuid"

	"mayfly/app/client"
	"mayfly/shared/wire"
)

// A Poster is a client that posts in several rooms. It computes which of its messages are unread for a user with one tab:
// all that are alive and in a room that the tab does not show.
type Poster struct {
	raw      *Raw
	accepted chan wire.Accepted // closed when the connection has ended
	rooms    []string
	random   *rand.Rand
	unread   map[string]map[int64]int64 // by room: when each unread message expires (Unix milliseconds), by its seq
	posted   int
}

// NewPoster joins n rooms on the server, called room-0, room-1 and so on. The first of them is the one that the tab shows.
func NewPoster(t *testing.T, server *Server, n int) *Poster {
	t.Helper()
	p := &Poster{raw: Dial(t, server), accepted: make(chan wire.Accepted, 1), random: rand.New(rand.NewPCG(1, 2)),
		unread: make(map[string]map[int64]int64)}
	var joins []wire.Join
	for i := range n {
		p.rooms = append(p.rooms, "room-"+strconv.Itoa(i))
		p.unread[p.rooms[i]] = make(map[int64]int64)
		joins = append(joins, wire.Join{Room: p.rooms[i]})
	}
	p.raw.Hello(client.NewGuest(), joins...)
	for range n {
		Next[wire.Joined](p.raw)
	}
	go func() { // reads all the time: the server ends a connection that is not read for long
		defer close(p.accepted)
		_ = p.raw.Each(func(f wire.Frame) {
			if a, ok := f.(wire.Accepted); ok {
				p.accepted <- a
			}
		})
	}()
	return p
}

// Visit makes tab enter all rooms of p, one after the other. The last room is p.rooms[0], which the tab then shows.
func (p *Poster) Visit(tab *Tab, url string) {
	tab.t.Helper()
	for _, room := range slices.Backward(p.rooms) {
		tab.Do(chromedp.Navigate(url + "/r/" + room))
		tab.Ready()
	}
	tab.Until(fmt.Sprintf(`document.querySelectorAll('nav li').length === %d`, len(p.rooms)))
}

// Post posts a message to a random room. life is how long the message lives. Post returns the room and the message's text.
func (p *Poster) Post(life time.Duration) (room, text string) {
	p.raw.t.Helper()
	p.posted++
	room, text = p.rooms[p.random.IntN(len(p.rooms))], FillText("news", p.posted)
	p.raw.Send(wire.Post{ID: uuid.NewString(), Room: room, Text: text, TTL: life.Milliseconds()})
	a, ok := <-p.accepted
	if !ok {
		p.raw.t.Fatal("the connection that posts has ended")
	}
	if room != p.rooms[0] {
		p.unread[room][a.Seq] = a.Expires
	}
	return room, text
}

// TakeBack takes back one message of each room that has an unread one.
func (p *Poster) TakeBack() {
	p.raw.t.Helper()
	for _, room := range p.rooms {
		if all := slices.Sorted(maps.Keys(p.unread[room])); len(all) > 0 {
			seq := all[p.random.IntN(len(all))]
			p.raw.Send(wire.Remove{Room: room, Seq: seq})
			delete(p.unread[room], seq)
		}
	}
}

// unreadJS is JavaScript: the number of unread messages that the list of rooms shows for room.
const unreadJS = `+(document.querySelector('nav li[data-room="' + room + '"] .rooms-count:not(.rooms-for-me)')
	?.textContent ?? 0)`

// Exact waits until the tab has shown, for each room, the right number of unread messages: how many messages in p.unread are
// alive. p must post nothing meanwhile. In the second after an expiry Exact does not compare, because then a number that the
// tab has not updated yet could be right by chance. If all messages of a room expire before its number was right, Exact
// returns what was wrong. Otherwise it returns "".
func (p *Poster) Exact(tab *Tab) (problem string) {
	tab.t.Helper()
	expiries := make(map[string][]int64)
	for _, room := range p.rooms {
		expiries[room] = slices.AppendSeq([]int64{}, maps.Values(p.unread[room]))
	}
	all, err := json.Marshal(expiries)
	if err != nil {
		tab.t.Fatal(err)
	}
	tab.Script(fmt.Sprintf(`window.expiries = %s, window.exact = new Set(), window.problem = window.saw = ''`, all))
	tab.Until(`Object.entries(expiries).map(([room, all]) => {
		const now = Date.now(), alive = all.filter(at => at > now).length, shown = ` + unreadJS + `;
		if (shown === alive && !all.some(at => at > now - 1000 && at <= now)) exact.add(room);
		if (alive && shown !== alive) window.saw = room + ' shows ' + shown + ' unread messages, want ' + alive;
		if (all.length && !alive && !exact.has(room)) window.problem = 'too late; before: ' + window.saw;
		return exact.has(room) || problem;
	}).every(done => done)`)
	return Eval[string](tab, `problem`)
}

// Read makes the tab show the room p.rooms[i], and then p.rooms[0] again. The page must have got all messages of the room:
// call Exact before.
func (p *Poster) Read(tab *Tab, i int) {
	tab.t.Helper()
	for _, room := range []string{p.rooms[i], p.rooms[0]} {
		tab.Script(fmt.Sprintf(`document.querySelector('nav li[data-room=%q] a').click()`, room))
		tab.Until(fmt.Sprintf(`(room => document.querySelector('h1').textContent === '#' + room && %s === 0)(%q)`,
			unreadJS, room))
	}
	clear(p.unread[p.rooms[i]])
}
