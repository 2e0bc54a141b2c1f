package app_test

import (
	"testing"

	"mayfly/app"
	"mayfly/app/client"
	"mayfly/shared/wire"
)

func TestNoticeSaysOnceWhyAnActIsRefused(t *testing.T) {
	view := func(n int, code client.Code) *client.View {
		return &client.View{Notice: client.Notice{N: n, Re: "react",
			Problem: client.Problem{Code: code, Message: "From the server."}}}
	}
	rename := func(v *client.View) *client.View {
		v.Notice.Re = "rename"
		return v
	}
	const gone = "That message is not there any more."
	for _, tt := range []struct {
		name    string
		was, is *client.View
		want    string
	}{
		{"none", view(0, ""), view(0, ""), "before"},
		{"the first", view(0, ""), view(1, client.Gone), gone},
		{"the same again", view(1, client.Gone), view(1, client.Gone), "before"},
		{"another", view(1, client.Gone), view(2, client.WrongEmoji), "The server does not know that reaction."},
		{"the same reason anew", view(2, client.Gone), view(3, client.Gone), gone},
		{"a code without words", view(3, client.Gone), view(4, "newer"), "From the server."},
		{"the name of an account", view(4, ""), rename(view(5, client.Code(wire.CodeForbidden))),
			"Only guests choose a name here: yours is the name of your account."},
		{"a reaction that only others may give", view(4, ""), view(5, client.Code(wire.CodeForbidden)),
			"You can write here only when you are signed in."},
		{"names too often", view(4, ""), rename(view(5, client.Code(wire.CodeRate))), "From the server."},
	} {
		if got := app.NoticeAfter("before", tt.was, tt.is); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}
