package hub

import "time"

// people counts the distinct users in one room. A user who is away and will come back stays counted for a while. people
// has no lock of its own: room.mu guards it.
type people struct {
	counts map[string]int       // by user id: the user's connections in the room, plus one if the user is in away
	away   map[string]time.Time // by user id: the time until which a user who is away stays counted
}

func newPeople() people { return people{map[string]int{}, map[string]time.Time{}} }

func (p *people) count() int { return len(p.counts) }

func (p *people) add(user string) { p.counts[user]++ }

func (p *people) remove(user string) {
	if p.counts[user]--; p.counts[user] == 0 {
		delete(p.counts, user)
	}
}

// keepUntil counts user as away, so that the user stays in the count until the time deadline.
func (p *people) keepUntil(user string, deadline time.Time) {
	if _, away := p.away[user]; !away {
		p.add(user)
	}
	p.away[user] = deadline
}

// forgetAway stops counting the users in away whose time has passed at the time now.
func (p *people) forgetAway(now time.Time) {
	for user, until := range p.away {
		if !until.After(now) {
			delete(p.away, user)
			p.remove(user)
		}
	}
}
