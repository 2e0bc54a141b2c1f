package words_test

import (
	"testing"

	"mayfly/app/client"
	"mayfly/app/pkce"
	"mayfly/app/words"
	"mayfly/shared/wire"
)

func TestProblem(t *testing.T) {
	for _, tt := range []struct {
		problem client.Problem
		want    string
	}{
		{client.Problem{Code: client.NoAnswer}, "The server has not answered yet."},
		{client.Problem{Code: client.NoConnection}, "There is no connection. It goes out by itself once there is one."},
		{client.Problem{Code: client.TooBig}, "The message is too big for the server."},
		{client.Problem{Code: client.OtherAuthor}, "It was written under another name: copy it to send it again."},
		{client.Problem{Code: client.NoRoom}, "There is no room to write to."},
		{client.Problem{Code: client.GuestsRead}, "You may read here. Sign in to write."},
		{client.Problem{Code: client.ReadOnly}, "You may read here, but not write."},
		{client.Problem{Code: client.TooLong}, "The message is longer than the server takes."},
		{client.Problem{Code: client.Gone}, "That message is not there any more."},
		{client.Problem{Code: client.WrongLife}, "Messages here cannot have that time to live."},
		{client.Problem{Code: client.WrongEmoji}, "The server does not know that reaction."},
		{client.Problem{Code: client.NameTooLong}, "That name is too long."},
		{client.Problem{Code: client.OnlyGuests}, "Only guests choose a name here: yours is the name of your account."},
		{client.Problem{Code: client.SignInOver}, "You are signed out: sign in again to write here."},
		{client.Problem{Code: client.EndedByServer}, "The server has ended the connection."},
		{client.Problem{Code: client.Code(wire.CodeForbidden), Message: "The server's."}, "You can write here only when you are signed in."},
		{client.Problem{Code: client.Code(wire.CodeFull), Message: "The server's."}, "The room is full. Wait until some of its messages have expired."},
		{client.Problem{Code: client.Code(wire.CodeRate), Message: "Slow down: 5 messages in 10 s."}, "Slow down: 5 messages in 10 s."},
		{client.Problem{Code: client.Code(wire.ReasonTokenIssuer), Message: "The server's."}, "The server's."},
		{client.Problem{Code: client.Code(wire.ReasonTokenExpired), Message: "The server's."}, "The server's."},
		{client.Problem{Code: "newer", Message: "Not that."}, "Not that."},
		{client.Problem{Message: "Not that."}, "Not that."},
		{client.Problem{}, ""},
	} {
		if got := words.Problem(tt.problem); got != tt.want {
			t.Errorf("%+v: %q, want %q", tt.problem, got, tt.want)
		}
	}
}

func TestSignInProblem(t *testing.T) {
	sentences := map[pkce.Cause]string{
		pkce.NoCause:       "",
		pkce.Cancelled:     "Sign-in was cancelled.",
		pkce.NotAssigned:   "Your organisation has not given you access to Mayfly.",
		pkce.Misconfigured: "Mayfly is not set up correctly.",
		pkce.ExpiredLink:   "This sign-in link has expired.",
		pkce.TooSlow:       "Sign-in took too long.",
		pkce.Unverified:    "Sign-in could not be verified, nothing was stored.",
		pkce.Unreachable:   "Mayfly cannot reach the sign-in service.",
		pkce.SignInEnded:   "You were signed out: your sign-in has ended.",
		pkce.WasSignedOut:  "You were signed out.",
		pkce.NotAllowed:    "You are signed in, but not allowed here.",
		pkce.NoStorage:     "The browser blocks storage, and without it sign-in cannot work.",
		pkce.EndsSoon:      "Your sign-in ends soon.",
		pkce.Looping:       "Sign-in goes round in circles: wait a minute, then try again.",
		pkce.NewerRecord:   "A newer Mayfly runs in another tab.",
		pkce.Foreign:       "Something else answers in Mayfly's place, such as a proxy where you must sign in: reload the page.",
		pkce.OnlyHere:      "You are signed out here, but the sign-in service may still know you.",
	}
	for cause := pkce.NoCause; cause <= pkce.Foreign; cause++ {
		want, ok := sentences[cause]
		if got := words.SignInProblem(cause); !ok || got != want {
			t.Errorf("cause %d: %q, want %q", cause, got, want)
		}
	}
}
