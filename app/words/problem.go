package words

import (
	"mayfly/app/client"
	"mayfly/app/pkce"
	"mayfly/shared/wire"
)

// Problem returns the sentence for a problem of the client. If the problem's code has no sentence here, it returns the
// server's own sentence. A code has none here if a newer server made it, if the server has several sentences for it, or if
// its sentence contains a number.
func Problem(p client.Problem) string {
	if k, ok := problems[p.Code]; ok {
		return Of(k)
	}
	return p.Message
}

// Refused returns the sentence that says why the server has refused what the user did.
func Refused(n *client.Notice) string {
	if n.Re == wire.Kind(wire.Rename{}) && n.Problem.Code == client.Code(wire.CodeForbidden) {
		return Of(OnlyGuests)
	}
	return Problem(n.Problem)
}

// problems holds the key of the sentence for each code. The codes of refused sign-ins are not in it: for refused sign-ins
// the page shows the server's sentence.
var problems = map[client.Code]Key{
	client.NoAnswer:      NoAnswerYet,
	client.NoConnection:  NoConnection,
	client.TooBig:        TooBig,
	client.OtherAuthor:   OtherAuthor,
	client.NoRoom:        NoRoom,
	client.GuestsRead:    GuestsRead,
	client.ReadOnly:      ReadOnly,
	client.TooLong:       TooLong,
	client.Gone:          AnsweredGone,
	client.WrongLife:     WrongLife,
	client.WrongEmoji:    WrongEmoji,
	client.NameTooLong:   NameTooLong,
	client.OnlyGuests:    OnlyGuests,
	client.SignInOver:    SignInOver,
	client.EndedByServer: EndedByServer,

	client.Code(wire.CodeForbidden): WriteSignedIn,
	client.Code(wire.CodeFull):      RoomFull,
}

// SignInProblem returns the sentence about what went wrong with signing in, or with staying signed in; "" for no cause.
func SignInProblem(c pkce.Cause) string {
	if k, ok := causes[c]; ok {
		return Of(k)
	}
	return ""
}

// causes holds the key of the sentence for each cause.
var causes = map[pkce.Cause]Key{
	pkce.Cancelled:     CauseCancelled,
	pkce.NotAssigned:   CauseNotAssigned,
	pkce.Misconfigured: CauseMisconfigured,
	pkce.ExpiredLink:   CauseExpiredLink,
	pkce.TooSlow:       CauseTooSlow,
	pkce.Unverified:    CauseUnverified,
	pkce.Unreachable:   CauseUnreachable,
	pkce.SignInEnded:   CauseSignInEnded,
	pkce.WasSignedOut:  CauseWasSignedOut,
	pkce.NotAllowed:    CauseNotAllowed,
	pkce.NoStorage:     CauseNoStorage,
	pkce.EndsSoon:      CauseEndsSoon,
	pkce.Looping:       CauseLooping,
	pkce.NewerRecord:   CauseNewerRecord,
	pkce.OnlyHere:      CauseOnlyHere,
	pkce.Foreign:       CauseForeign,
}
