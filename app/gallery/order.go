package gallery

import (
	"time"

	"mayfly/app"
	"mayfly/app/client"
	"mayfly/app/client/room"
	"mayfly/shared/wire"
)

// moderated returns the view that the user me has of the lobby after these acts, all by the user moderator. The gallery has
// no server, and so no server's time: an act that ends at ends(d) still holds for d.
func moderated(me wire.User, acts ...wire.Moderated) client.View {
	r := room.New("lobby", me).Apply(wire.Joined{Room: "lobby", Epoch: "e", TTL: online.TTL.Milliseconds()}, time.Time{})
	for i, f := range acts {
		f.Room, f.Seq, f.By = "lobby", int64(i+1), moderator
		r = r.Apply(f, time.Time{})
	}
	v := online
	v.Me, v.Order, v.TTL, v.People, v.Users = me, r.Order, r.TTL, 3, []wire.User{moderator, ben, heron}
	v.Lives = wire.TTL{Min: 1000, Default: online.TTL.Milliseconds(), Max: (24 * time.Hour).Milliseconds()}
	return v
}

func ends(d time.Duration) int64 { return time.Time{}.Add(d).UnixMilli() }

var moderator = wire.User{ID: ada.ID, Name: ada.Name, Role: wire.RoleModerator}

// order returns the states of the parts that moderators use, and of what others see of their acts.
func order(messages []client.Message) []state {
	halfMinute, whom, guest := (30 * time.Second).Milliseconds(), ben.Known(), heron.Known()
	slow := wire.Moderated{Act: wire.ActSlow, For: &halfMinute}
	mute := wire.Moderated{Act: wire.ActMute, User: &guest, Until: ends(10 * time.Minute)}
	ban := wire.Moderated{Act: wire.ActBan, User: &whom, Until: ends(30 * 24 * time.Hour)}
	with := func(v client.View) client.View {
		v.Messages = messages
		return v
	}
	muted, slowed, banned := with(moderated(heron)), with(moderated(heron, slow)), moderated(heron)
	muted.MutedUntil, slowed.Posted = time.Now().Add(10*time.Minute), time.Now()
	banned.BannedUntil, banned.Refused = time.Now().Add(24*time.Hour), client.Problem{Code: client.Banned}
	return []state{
		{"The people, seen by a moderator", theMain, app.Preview{View: moderated(moderator), People: true}},
		{"The actions of a message, seen by a moderator", theMain,
			app.Preview{View: with(moderated(moderator)), Actions: true}},
		{"The dialog about a person", 0, app.Preview{View: moderated(moderator), MuteOrBan: heron}},
		{"The dialog about the room", 0, app.Preview{View: moderated(moderator, slow, mute, ban), ModerateRoom: true}},
		{"The dialog about the room, before it is cleared", 0,
			app.Preview{View: moderated(moderator), ModerateRoom: true, ClearRoom: true}},
		{"A moderator can undo a mute", theMain, app.Preview{View: with(moderated(moderator, mute))}},
		{"What moderators have done", theMain, app.Preview{View: with(moderated(ben, slow, mute))}},
		{"Slow mode", theHeader | theMain, app.Preview{View: slowed}},
		{"A muted user", theMain, app.Preview{View: muted}},
		{"A banned user", theMain, app.Preview{View: banned}},
	}
}
