package words

import (
	"slices"

	"mayfly/app/client"
	"mayfly/app/pkce"
	"mayfly/shared/wire"
)

// Problem returns the sentence for the problem p. It looks for a sentence in this order, and returns the first that exists:
//
//   - the page's own sentence for p's code, from the map problems
//   - if the page's language is not English: the page's less exact sentence for the code, from lessExactKey. It replaces
//     the server's sentence, which is always English
//   - the server's sentence, p.Message
//
// A code is missing from the map problems in three cases: only newer servers have the code, the server has several sentences
// for the code, or the server's sentence contains a number.
func Problem(p client.Problem) string {
	if k, ok := problems[p.Code]; ok {
		return Of(k)
	}
	if k, ok := lessExactKey(p.Code); ok && spoken != &english && p.Message != "" {
		return Of(k)
	}
	return p.Message
}

// lessExactKey returns the key of the page's sentence for a code for which the server has several, more exact sentences. ok
// is false if the page has no sentence for the code.
func lessExactKey(c client.Code) (k Key, ok bool) {
	if slices.Contains(wire.Reasons[:], wire.Reason(c)) {
		return SignInRefused, true
	}
	k, ok = lessExact[wire.Code(c)]
	return k, ok
}

// lessExact maps codes to keys. For such a code the server may have several sentences, or one that says more, but the page
// has only one. So Problem uses the page's sentence only if the language of the page is not English.
var lessExact = map[wire.Code]Key{
	wire.CodeFrame:       NotUnderstood,
	wire.CodeID:          NotUnderstood,
	wire.CodeProtocol:    NotUnderstood,
	wire.CodeRoom:        NoMoreRooms,
	wire.CodeText:        TextRefused,
	wire.CodeRate:        TooFast,
	wire.CodeUnavailable: NotStoredNow,
	wire.CodeAuth:        SignInRefused,
}

// Refused returns the sentence that says why the server has refused something that the user did, such as a reaction.
func Refused(n *client.Notice) string {
	if n.Problem.Code == client.Code(wire.CodeForbidden) {
		switch n.Re {
		case wire.Kind(wire.Rename{}):
			return Of(OnlyGuests)
		case wire.Kind(wire.Moderate{}), wire.Kind(wire.Remove{}):
			return Of(OnlyModerators)
		}
	}
	return Problem(n.Problem)
}

// problems maps each code that needs only one sentence to the key of that sentence. The codes of refused sign-ins are not in
// it, because the server has a more exact sentence for each refused sign-in (see Problem).
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
	client.Muted:         UserMuted,
	client.Banned:        UserBanned,

	client.Code(wire.CodeForbidden): WriteSignedIn,
	client.Code(wire.CodeFull):      RoomFull,
}

// SignInProblem returns the sentence that says why the user could not sign in, or was signed out. It returns "" if c is
// empty.
func SignInProblem(c pkce.Cause) string {
	if k, ok := causes[c]; ok {
		return Of(k)
	}
	return ""
}

// causes maps each cause of a failed or ended sign-in to the key of its sentence.
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
