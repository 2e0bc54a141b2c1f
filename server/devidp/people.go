package devidp

import (
	"slices"

	"github.com/zitadel/oidc/v3/pkg/oidc"
)

// Person is one of the persons on the provider's form. A user can sign in as this person without a password.
type Person struct {
	ID, Given, Family, Email string
	Moderator                bool // the claim GroupsClaim of the person's tokens contains Moderators
}

// The tokens of a person who is a moderator have the claim GroupsClaim, a list with Moderators in it.
const (
	GroupsClaim = "groups"
	Moderators  = "moderators"
)

// Name returns the display name. Two of the People share a name.
func (p *Person) Name() string { return p.Given + " " + p.Family }

// People are all persons that the form offers.
var People = [...]*Person{
	{"00uadalovelace1815", "Ada", "Lovelace", "ada@example.com", false},
	{"00ugracehopper1906", "Grace", "Hopper", "grace@example.com", true},
	{"00ualanturing1912", "Alan", "Turing", "alan@example.com", false},
	{"00uadalovelace2015", "Ada", "Lovelace", "ada.lovelace@example.com", false},
}

// person returns the person with that id, nil if there is none.
func person(id string) *Person {
	i := slices.IndexFunc(People[:], func(p *Person) bool { return p.ID == id })
	if i < 0 {
		return nil
	}
	return People[i]
}

// fillUserinfo writes into info the claims about p that scopes allow.
func (p *Person) fillUserinfo(info *oidc.UserInfo, scopes []string) {
	info.Subject = p.ID
	if slices.Contains(scopes, oidc.ScopeProfile) {
		info.Name, info.GivenName, info.FamilyName, info.PreferredUsername = p.Name(), p.Given, p.Family, p.Email
	}
	if slices.Contains(scopes, oidc.ScopeEmail) {
		info.Email, info.EmailVerified = p.Email, true
	}
}
