package auth_test

import (
	"fmt"
	"strings"
	"testing"

	"mayfly/shared/wire"
)

// TestOpaqueTokens: for an opaque access token, such as those of Auth0 without an audience, of Google and of GitHub, the
// log tells the operator what to do, and the client must not try again. A damaged JWT does not count as opaque.
func TestOpaqueTokens(t *testing.T) {
	jwt := func() string { return good(nil) }
	for _, tt := range []struct {
		name   string
		token  func() string
		opaque bool
	}{
		{"random", func() string { return "pO7yr3vXk2mQ" }, true},
		{"Auth0, a JWE", func() string { return encode(object{"alg": "dir", "enc": "A256GCM"}) + "..iv.text.tag" }, true},
		{"Google", func() string { return "ya29.a0AfH6SMBx-_x" }, true},
		{"Zitadel, base64", func() string { return "dGhpcyBpcyBub3Q+/w==" }, true},
		{"a UUID", func() string { return "9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d" }, true},
		{"GitHub", func() string { return "gho_16C7e42F292c6912E7710c838347Ae178B4a" }, true},
		{"three parts that are no JWT", func() string { return "v1.abc.def" }, false},
		{"four parts that are no JWT", func() string { return "v1.abc.def.ghi" }, true},
		{"a JWT without its signature", func() string { return jwt()[:strings.LastIndexByte(jwt(), '.')] }, false},
		{"a JWT of four parts", func() string { return jwt() + ".e30" }, false},
		{"half a header", func() string { return jwt()[:20] }, false},
		{"a space", func() string { return "two words" }, false},
		{"JSON", func() string { return `{"access_token":"x"}` }, false},
		{"dots", func() string { return ".." }, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, nil, func(t *testing.T, r *rig) {
				e := r.want(t, tt.token(), wire.ReasonTokenMalformed)
				named := strings.Contains(fmt.Sprint(e), "opaque") && strings.Contains(fmt.Sprint(e), "-authorize-params")
				if (e.Next == wire.NextNever) != tt.opaque || named != tt.opaque {
					t.Errorf("next %q, the log says %v", e.Next, e)
				}
				if strings.Contains(e.Message, "cannot read") != tt.opaque {
					t.Errorf("the user reads %q", e.Message)
				}
			})
		})
	}
}
