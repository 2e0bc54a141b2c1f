package devidp

import (
	"slices"

	"github.com/zitadel/oidc/v3/pkg/oidc"
)

// Person is somebody whom one can sign in as.
type Person struct {
	ID, Given, Family, Email string
}

// Name is what they are called. Two of them share one.
func (p *Person) Name() string { return p.Given + " " + p.Family }

// People are all whom one can sign in as.
var People = [...]*Person{
	{"00uadalovelace1815", "Ada", "Lovelace", "ada@example.com"},
	{"00ugracehopper1906", "Grace", "Hopper", "grace@example.com"},
	{"00ualanturing1912", "Alan", "Turing", "alan@example.com"},
	{"00uadalovelace2015", "Ada", "Lovelace", "ada.lovelace@example.com"},
}

// person returns who has id, nil if nobody does.
func person(id string) *Person {
	i := slices.IndexFunc(People[:], func(p *Person) bool { return p.ID == id })
	if i < 0 {
		return nil
	}
	return People[i]
}

// tell writes into info what the scopes let the app know of p.
func (p *Person) tell(info *oidc.UserInfo, scopes []string) {
	info.Subject = p.ID
	if slices.Contains(scopes, oidc.ScopeProfile) {
		info.Name, info.GivenName, info.FamilyName, info.PreferredUsername = p.Name(), p.Given, p.Family, p.Email
	}
	if slices.Contains(scopes, oidc.ScopeEmail) {
		info.Email, info.EmailVerified = p.Email, true
	}
}
