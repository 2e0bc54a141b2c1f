package auth_test

import (
	"strings"
	"testing"

	"mayfly/server/auth"
	"mayfly/server/authtest"
)

// TestModeratorsHaveAClaim checks that a user is a moderator if the token has one of the claims in Config.Moderators. The
// value of the claim in the token is either the wanted string, or a list of strings that contains it.
func TestModeratorsHaveAClaim(t *testing.T) {
	setup := func(c *auth.Config, _ *authtest.Issuer) {
		c.Moderators = auth.Claims{{Name: "groups", Value: "mods"}, {Name: "https://chat.example/role", Value: "boss"}}
	}
	for _, tt := range []struct {
		name   string
		change object
		want   bool
	}{
		{"nothing", nil, false},
		{"a string", object{"groups": "mods"}, true},
		{"in a list", object{"groups": []string{"staff", "mods"}}, true},
		{"the other claim", object{"https://chat.example/role": "boss"}, true},
		{"another value", object{"groups": "mods2"}, false},
		{"words in a string", object{"groups": "staff mods"}, false},
		{"another case", object{"groups": "Mods"}, false},
		{"another claim's value", object{"groups": "boss"}, false},
		{"the claim in another case", object{"Groups": "mods"}, false},
		{"an empty list", object{"groups": []string{}}, false},
		{"inside of another claim", object{"realm": object{"groups": "mods"}}, false},
		{"a list that is not of strings", object{"groups": []any{"mods", 1}}, false},
		{"true", object{"groups": true}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, setup, func(t *testing.T, r *rig) {
				id := r.identity(t, sign(header(nil), claims(tt.change), key1()), "")
				if id.Moderator != tt.want {
					t.Errorf("moderator %v, want %v", id.Moderator, tt.want)
				}
			})
		})
	}
}

// TestIDTokenBesideMakesNoModerator: only the token that is checked counts.
func TestIDTokenBesideMakesNoModerator(t *testing.T) {
	setup := func(c *auth.Config, _ *authtest.Issuer) { c.Moderators = auth.Claims{{Name: "groups", Value: "mods"}} }
	bubble(t, setup, func(t *testing.T, r *rig) {
		beside := sign(header(nil), standard(object{"aud": client, "groups": "mods"}), key1())
		if id := r.identity(t, sign(header(nil), claims(nil), key1()), beside); id.Moderator {
			t.Error("an ID token beside the access token makes a moderator")
		}
	})
}

func TestClaimsOfAFlag(t *testing.T) {
	for _, tt := range []struct{ flag, want, problem string }{
		{"groups=mods", "groups=mods", ""},
		{" groups = mods , role=boss,groups=mods", "groups=mods,role=boss", ""},
		{"https://chat.example/roles=a=b", "https://chat.example/roles=a=b", ""},
		{"groups", "", `"groups" is no claim=value`},
		{"groups=", "", `"groups=" is no claim=value`},
		{"=mods", "", `"=mods" is no claim=value`},
		{"groups=mods,", "", `"" is no claim=value`},
		{"", "", `"" is no claim=value`},
		{strings.Repeat("a=b,c=d,", 10) + "e=f", "a=b,c=d,e=f", ""},
		{manyClaims(20), manyClaims(20), ""},
		{manyClaims(21), "", "20 of claim=value at most"},
	} {
		var c auth.Claims
		err := c.UnmarshalText([]byte(tt.flag))
		text, _ := c.MarshalText()
		if (err == nil) != (tt.problem == "") || err != nil && !strings.Contains(err.Error(), tt.problem) ||
			err == nil && string(text) != tt.want {
			t.Errorf("%q is %q, %v, want %q, %q", tt.flag, text, err, tt.want, tt.problem)
		}
	}
}

// manyClaims returns a flag with n claims.
func manyClaims(n int) string {
	var all []string
	for i := range n {
		all = append(all, "groups="+strings.Repeat("x", i+1))
	}
	return strings.Join(all, ",")
}
