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
)

// signIn is how people sign in, as far as the flags say.
type signIn struct {
	auth.Config
	scopes    []string // that clients ask for
	anonymous server.Anonymous
}

// enabled reports whether people can sign in.
func (s *signIn) enabled() bool { return s.Issuer != "" }

// oktaTokenVariable holds the Okta API token itself, which no flag does: everybody on the machine could read that.
const oktaTokenVariable = "MAYFLY_OKTA_API_TOKEN"

// signInFlags defines the flags of signing in. The function that it returns reads them into s, once they are parsed, and returns
// all that is wrong with them.
func signInFlags(f *flag.FlagSet, s *signIn, getenv func(string) string) (read func() error) {
	f.StringVar(&s.Issuer, "issuer", "", "let people sign in with the OpenID Connect provider of this `URL`, such as https://example.okta.com/oauth2/default (default none)")
	clients := f.String("client-id", "", "`ID` of the page as an app of the issuer's; those of other apps that may come, too, behind it, with commas")
	f.StringVar(&s.Audience, "audience", "api://default", "`AUDIENCE` that access tokens must be made for")
	scopes := f.String("scopes", "openid profile email offline_access", "`SCOPES` that the page asks for, with spaces")
	algs := f.String("algs", "RS256", "`ALGORITHMS` that tokens may be signed with, such as RS256,ES256")
	f.StringVar(&s.RequireScope, "require-scope", "", "`SCOPE` that an access token must have (default none)")
	file := f.String("okta-api-token-file", "", "`FILE` with an Okta API token, with which people's names are looked up; or put the token into "+oktaTokenVariable+" (default none)")
	f.BoolVar(&s.RequireActive, "require-active", false, "let nobody in who is not active in Okta; needs an Okta API token (default off)")
	s.anonymous = server.AnonymousAllow
	f.TextVar(&s.anonymous, "anonymous", server.AnonymousAllow, "what people may who have not signed in: `allow, read or deny`")
	return func() error {
		s.ClientIDs, s.Algs, s.scopes = commas(*clients), commas(*algs), strings.Fields(*scopes)
		var err error
		s.OktaAPIToken, err = oktaToken(*file, getenv(oktaTokenVariable))
		return errors.Join(err, s.check(*file != "" || getenv(oktaTokenVariable) != ""))
	}
}

// commas splits what they separate.
func commas(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' })
}

// oktaToken returns the Okta API token, in file or the value of its variable. Its errors never hold it.
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

// check returns all that is wrong with s. Without an issuer nothing else of it may be asked for: it would not be done.
func (s *signIn) check(oktaToken bool) error {
	var errs []error
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if s.enabled() {
		if !slices.Contains(s.scopes, "openid") {
			wrong("-scopes is %q: want openid among them, without which nobody is signed in", strings.Join(s.scopes, " "))
		}
		return errors.Join(append(errs, s.Check())...)
	}
	for _, other := range []struct {
		name string
		set  bool
	}{
		{"-client-id", len(s.ClientIDs) > 0}, {"-require-scope", s.RequireScope != ""}, {"the Okta API token", oktaToken}, {"-require-active", s.RequireActive},
	} {
		if other.set {
			wrong("%s is set, but not -issuer: want both, or neither", other.name)
		}
	}
	switch s.anonymous {
	case server.AnonymousDeny:
		wrong("-anonymous is deny, but there is no -issuer to sign in with: nobody could come in")
	case server.AnonymousRead:
		wrong("-anonymous is read, but there is no -issuer to sign in with: nobody could write")
	}
	return errors.Join(errs...)
}

// forClients returns what the server needs to know of s, but for how it checks.
func (s *signIn) forClients() server.SignIn {
	if !s.enabled() {
		return server.SignIn{}
	}
	return server.SignIn{Issuer: s.Issuer, ClientID: s.ClientIDs[0], Audience: s.Audience, Scopes: s.scopes}
}
