package session

import (
	"time"

	"mayfly/server/conn"
	"mayfly/server/hub"
	"mayfly/shared/wire"
)

const (
	// A client that sends badFrames unreadable frames in a time of badFramesPer does not follow the protocol, so its
	// connection ends.
	badFrames    = 3
	badFramesPer = 10 * time.Second

	badSecret = "A guest secret, and a session, has 22 to 86 base64url characters."
)

// welcome sends a welcome frame. The client sets its clock by the frame's field Now, so Now must be the time at which the
// frame is written, not the time at which it is queued: the answer to a poll may wait for news in between. So the frame is
// made when it is written (hub.NewTimelyFrame). authExpires is when the token expires, in Unix milliseconds; 0 for a guest.
func (s *Session) welcome(user wire.User, role hub.Role, authExpires int64) {
	w := wire.Welcome{
		Conn: s.conn.ID, User: user, MayPost: role >= hub.Writer, TTL: s.shared.TTL, AuthExpires: authExpires,
		Limits: wire.Limits{Text: wire.MaxText, Message: wire.MaxMessage, Rooms: wire.MaxRooms,
			Posts: int64(s.shared.Posts), Acts: int64(s.shared.Acts), PerMS: s.shared.Per.Milliseconds()},
		Reactions: hub.Emoji[:], BeatMS: wire.BeatEvery.Milliseconds(),
	}
	s.conn.Send(hub.NewTimelyFrame(func(now int64) wire.Frame {
		w.Now = now
		return w
	}))
}

// refuse answers an unreadable frame with a refused frame and returns nil. But if badFrames unreadable frames have come
// within badFramesPer, refuse instead returns a Bye, which ends the connection.
func (s *Session) refuse(bad *wire.FrameError) error {
	if s.bad.Add(time.Now(), badFramesPer) >= badFrames {
		return conn.Bye(wire.Bye{Code: wire.CodeProtocol,
			Message: "Too many bad frames; the last one: " + bad.Problem + "."})
	}
	s.client.Load().Refuse(wire.Refused{Re: bad.Re, Room: bad.Room, ID: bad.ID, Seq: bad.Seq, Code: wire.CodeFrame,
		Message: "This frame could not be read: " + bad.Problem + "."}, 0)
	return nil
}
