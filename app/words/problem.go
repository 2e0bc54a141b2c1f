package words

import (
	"mayfly/app/client"
	"mayfly/app/pkce"
	"mayfly/shared/wire"
)

// Problem returns the sentence about a problem. For a code that has none here it is the server's own: the code is newer, or
// the server has several sentences for it, or one with a number in it.
func Problem(p client.Problem) string {
	if k, ok := problems[p.Code]; ok {
		return Of(k)
	}
	return p.Message
}

// problems holds the keys of the sentences by code. Why a sign-in is not accepted is always the server's sentence.
var problems = map[client.Code]Key{
	client.NoAnswer:      NoAnswerYet,
	client.NoConnection:  NoConnection,
	client.TooBig:        TooBig,
	client.OtherAuthor:   OtherAuthor,
	client.NoRoom:        NoRoom,
	client.GuestsRead:    GuestsRead,
	client.ReadOnly:      ReadOnly,
	client.TooLong:       TooLong,
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

// causes holds the keys of the sentences by cause.
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
}
