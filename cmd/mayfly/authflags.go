package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"

	"mayfly/server"
	"mayfly/server/auth"
	"mayfly/server/session"
)

// authFlags holds the flags that say how users sign in.
type authFlags struct {
	auth.Config
	scopes    []string       // the scopes that clients request
	params    string         // additional parameters for the authorization request, as the query of a URL
	anonymous session.Policy // what guests may do
}

// enabled reports whether users can sign in.
func (a *authFlags) enabled() bool { return a.Issuer != "" }

// oktaTokenVariable names the environment variable with the Okta API token. No flag holds the token, because every user of
// the machine can read the flags of a process.
const oktaTokenVariable = "MAYFLY_OKTA_API_TOKEN"

// defineAuthFlags defines the flags for signing in. They set the fields of a. After the flags are parsed, call the returned
// function finish. It splits the flags that are lists, reads the Okta API token and checks a. Its error has every problem.
func defineAuthFlags(f *flag.FlagSet, a *authFlags, env environment) (finish func() error) {
	f.StringVar(&a.Issuer, "issuer", "", "`URL` of the OpenID Connect provider with which people can sign in, "+
		"such as https://example.okta.com/oauth2/default (default none)")
	clients := f.String("client-id", "", "`ID` of the page as an app of the issuer's; behind it, with commas, "+
		"the IDs of other apps whose tokens are accepted")
	f.TextVar(&a.Token, "token", auth.AccessTokens, "which token signs people in: `access or id`; "+
		"id for providers whose access tokens are opaque or made for the client")
	f.StringVar(&a.Audience, "audience", "api://default", "`AUDIENCE` that access tokens must be made for")
	scopes := f.String("scopes", "openid profile email offline_access", "`SCOPES` that the page asks for, with spaces")
	params := f.String("authorize-params", "", "more `PAIRS` for the request that takes people to the provider, "+
		"such as audience=https://api.example&prompt=consent (default none)")
	algs := f.String("algs", "RS256", "`ALGORITHMS` that tokens may be signed with, such as RS256,ES256")
	f.StringVar(&a.RequireScope, "require-scope", "", "`SCOPE` that an access token must have (default none)")
	f.TextVar(&a.Moderators, "moderators", auth.Claims(nil), "`CLAIMS` as claim=value, with commas between them: "+
		"who has one of them in the token is a moderator in every room, such as groups=moderators (default none)")
	file := f.String("okta-api-token-file", "", "`FILE` with an Okta API token, with which people's names are looked up; "+
		"or put the token into "+oktaTokenVariable+" (default none)")
	f.BoolVar(&a.RequireActive, "require-active", false,
		"let in only people who are active in Okta; needs an Okta API token (default off)")
	a.anonymous = session.GuestsWrite
	f.TextVar(&a.anonymous, "anonymous", session.GuestsWrite,
		"what guests may do, people who have not signed in: `allow, read or deny`")
	return func() error {
		a.ClientIDs, a.Algs, a.scopes = commas(*clients), commas(*algs), strings.Fields(*scopes)
		var err, paramsErr error
		a.OktaAPIToken, err = oktaToken(*file, env[oktaTokenVariable])
		a.params, paramsErr = authorizeParams(*params)
		return errors.Join(err, paramsErr, a.check(given(f), *file != "" || env[oktaTokenVariable] != ""))
	}
}

// given returns the names of the flags of f that are set: on the command line, in the environment or in the file of
// -config.
func given(f *flag.FlagSet) map[string]bool {
	names := map[string]bool{}
	f.Visit(func(fl *flag.Flag) { names[fl.Name] = true })
	return names
}

// commas splits s at commas and spaces.
func commas(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' })
}

// oktaToken returns the Okta API token. file is the name of the file with the token. If file is "", oktaToken returns
// variable, which is the value of the environment variable oktaTokenVariable. No error contains the token.
func oktaToken(file, variable string) (string, error) {
	if file == "" {
		return strings.TrimSpace(variable), nil
	}
	if variable != "" {
		return "", fmt.Errorf("-okta-api-token-file and %s are both set: want one of them", oktaTokenVariable)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("-okta-api-token-file: %w: want a file that this user may read", err)
	}
	token := strings.TrimSpace(string(b))
	if token == "" {
		return "", fmt.Errorf("-okta-api-token-file is %q, which is empty: want the token in it", file)
	}
	return token, nil
}

// check returns every problem with these flags in one error. For example, some flags must not be set without the flag
// -issuer. given holds the names of the flags that are set. oktaToken is true if an Okta API token is set.
func (a *authFlags) check(given map[string]bool, oktaToken bool) error {
	var errs []error
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if a.enabled() {
		if !slices.Contains(a.scopes, "openid") {
			wrong("-scopes is %q: want openid among them, without which nobody is signed in", strings.Join(a.scopes, " "))
		}
		if a.Token == auth.IDTokens && given["audience"] {
			wrong("-audience is %q, but -token is id: the audience of ID tokens is the client ID", a.Audience)
		}
		return errors.Join(append(errs, a.Check())...)
	}
	for _, other := range []struct {
		name string
		set  bool
	}{
		{"-client-id", len(a.ClientIDs) > 0}, {"-token", given["token"]}, {"-audience", given["audience"]},
		{"-scopes", given["scopes"]},
		{"-authorize-params", a.params != ""}, {"-algs", given["algs"]}, {"-require-scope", a.RequireScope != ""},
		{"-moderators", len(a.Moderators) > 0},
		{"the Okta API token", oktaToken}, {"-require-active", a.RequireActive},
	} {
		if other.set {
			wrong("%s is set, but not -issuer: want both, or neither", other.name)
		}
	}
	switch a.anonymous {
	case session.GuestsDenied:
		wrong("-anonymous is deny, but there is no -issuer to sign in with: nobody could come in")
	case session.GuestsRead:
		wrong("-anonymous is read, but there is no -issuer to sign in with: nobody could write")
	}
	return errors.Join(errs...)
}

// forClients returns the sign-in settings that the server sends to clients.
func (a *authFlags) forClients() server.SignIn {
	if !a.enabled() {
		return server.SignIn{}
	}
	how := server.SignIn{Issuer: a.Issuer, ClientID: a.ClientIDs[0], Audience: a.Audience, Scopes: a.scopes,
		AuthorizeParams: a.params, Token: a.Token}
	if a.Token == auth.IDTokens {
		how.Audience = how.ClientID
	}
	return how
}
