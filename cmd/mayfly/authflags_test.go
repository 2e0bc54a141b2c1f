package main

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"mayfly/server/auth"
	"mayfly/server/session"
)

const oktaIssuer = "https://example.okta.com/oauth2/default"

// tokenFile returns the name of a new file with this content.
func tokenFile(t *testing.T, content string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestSignInFlags(t *testing.T) {
	file := tokenFile(t, " 00SSWS\n")
	scopes := []string{"openid", "profile", "email", "offline_access"}
	for _, tt := range []struct {
		name string
		args []string
		env  map[string]string
		want authFlags
	}{
		{"an issuer and an app", []string{"-issuer", oktaIssuer, "-client-id", "0oa1"}, nil, authFlags{
			Config: auth.Config{Token: auth.AccessTokens, Issuer: oktaIssuer, ClientIDs: []string{"0oa1"},
				Audience: "api://default", Algs: []string{"RS256"}},
			scopes: scopes, anonymous: session.GuestsWrite}},
		{"everything", []string{"-issuer", oktaIssuer, "-client-id", "0oa1,0oa2", "-audience", "api://chat", "-scopes", "openid chat", "-authorize-params", "prompt=consent", "-algs", "RS256,ES256",
			"-moderators", "groups=mods,role=boss", "-require-scope", "chat", "-okta-api-token-file", file,
			"-require-active", "-anonymous", "deny"}, nil, authFlags{
			Config: auth.Config{Token: auth.AccessTokens, Issuer: oktaIssuer, ClientIDs: []string{"0oa1", "0oa2"},
				Audience: "api://chat", Algs: []string{"RS256", "ES256"},
				RequireScope: "chat", OktaAPIToken: "00SSWS", RequireActive: true,
				Moderators: auth.Claims{{Name: "groups", Value: "mods"}, {Name: "role", Value: "boss"}}},
			scopes: []string{"openid", "chat"}, params: "prompt=consent", anonymous: session.GuestsDenied}},
		{"ID tokens", []string{"-issuer", oktaIssuer, "-client-id", "0oa1", "-token", "id"}, nil, authFlags{
			Config: auth.Config{Token: auth.IDTokens, Issuer: oktaIssuer, ClientIDs: []string{"0oa1"},
				Audience: "api://default", Algs: []string{"RS256"}},
			scopes: scopes, anonymous: session.GuestsWrite}},
		{"the environment", nil, map[string]string{"MAYFLY_ISSUER": oktaIssuer, "MAYFLY_CLIENT_ID": "0oa1", "MAYFLY_OKTA_API_TOKEN": "00Env",
			"MAYFLY_REQUIRE_ACTIVE": "true", "MAYFLY_ANONYMOUS": "read", "MAYFLY_SCOPES": "openid"}, authFlags{
			Config: auth.Config{Token: auth.AccessTokens, Issuer: oktaIssuer, ClientIDs: []string{"0oa1"},
				Audience: "api://default", Algs: []string{"RS256"}, OktaAPIToken: "00Env", RequireActive: true},
			scopes: []string{"openid"}, anonymous: session.GuestsRead}},
		{"the file, from the environment", []string{"-issuer", oktaIssuer, "-client-id", "0oa1"}, map[string]string{"MAYFLY_OKTA_API_TOKEN_FILE": file}, authFlags{
			Config: auth.Config{Token: auth.AccessTokens, Issuer: oktaIssuer, ClientIDs: []string{"0oa1"},
				Audience: "api://default", Algs: []string{"RS256"}, OktaAPIToken: "00SSWS"},
			scopes: scopes, anonymous: session.GuestsWrite}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parseConfig(tt.args, tt.env, &bytes.Buffer{})
			if err != nil || !reflect.DeepEqual(got.auth, tt.want) {
				t.Errorf("sign-in = %+v, %v, want %+v", got.auth, err, tt.want)
			}
		})
	}
}

func TestSignInProblemsSayWhatToDo(t *testing.T) {
	good := "-issuer " + oktaIssuer + " -client-id 0oa1 "
	for _, tt := range []struct {
		args string
		env  map[string]string
		says []string
	}{
		{"-client-id 0oa1", nil, []string{"-client-id is set, but not -issuer"}},
		{"-require-scope x -require-active", nil, []string{"-require-scope is set, but not -issuer", "-require-active is set, but not -issuer"}},
		{"-audience api://chat", nil, []string{"-audience is set, but not -issuer"}},
		{"-scopes openid -algs ES256", nil, []string{"-scopes is set, but not -issuer", "-algs is set, but not -issuer"}},
		{"", map[string]string{"MAYFLY_AUDIENCE": "api://default"}, []string{"-audience is set, but not -issuer"}},
		{"-authorize-params a=b", nil, []string{"-authorize-params is set, but not -issuer"}},
		{good + "-authorize-params state=x -algs none", nil, []string{"-authorize-params: state is", `-algs has "none"`}},
		{"", map[string]string{"MAYFLY_OKTA_API_TOKEN": "00Env"}, []string{"the Okta API token is set, but not -issuer"}},
		{"-token id", nil, []string{"-token is set, but not -issuer"}},
		{good + "-token both", nil, []string{"want access or id"}},
		{good + "-token id -audience api://chat", nil, []string{`-audience is "api://chat", but -token is id`}},
		{"-moderators groups=mods", nil, []string{"-moderators is set, but not -issuer: want both, or neither"}},
		{good + "-moderators groups", nil, []string{"-moderators is \"groups\"",
			"want a claim of the tokens and its value"}},
		{good + "-moderators Scope=mods", nil, []string{"-moderators has the claim \"Scope\": want it as \"scope\""}},
		{good + "-token id -require-scope chat", nil, []string{"ID tokens have no scopes"}},
		{"-issuer " + oktaIssuer + " -client-id x -audience x", nil, []string{"want -token id"}},
		{"-anonymous deny", nil, []string{"nobody could come in"}},
		{"-anonymous read", nil, []string{"nobody could write"}},
		{"-anonymous maybe", nil, []string{"want allow, read or deny"}},
		{"-issuer " + oktaIssuer, nil, []string{"-client-id is missing"}},
		{"-issuer https://example.okta.com -client-id x -audience x -algs none", nil, []string{"Okta's org server", "-audience is \"x\", a client ID", `-algs has "none"`}},
		{"-issuer http://id.example -client-id x", nil, []string{"want https"}},
		{good + "-scopes profile", nil, []string{"want openid among them"}},
		{good + "-require-active", nil, []string{"want an Okta API token too"}},
		{good + "-okta-api-token-file /nowhere/token", nil, []string{"want a file that this user may read"}},
		{good + "-okta-api-token-file " + tokenFile(t, " \n"), nil, []string{"which is empty"}},
		{good + "-okta-api-token-file " + tokenFile(t, "00S"), map[string]string{"MAYFLY_OKTA_API_TOKEN": "00Env"}, []string{"are both set"}},
		{good + "-okta-api-token-file " + tokenFile(t, "00S two"), nil, []string{"want the token alone"}},
		{good + "-okta-api-token 00S", nil, []string{"there is no flag -okta-api-token"}},
	} {
		t.Run(tt.args, func(t *testing.T) {
			_, err := parseConfig(strings.Fields(tt.args), tt.env, &bytes.Buffer{})
			for _, says := range tt.says {
				if err == nil || !strings.Contains(err.Error(), says) {
					t.Errorf("parseConfig(%s) = %v, want %q in it", tt.args, err, says)
				}
			}
			if err != nil && (strings.Contains(err.Error(), "00S two") || strings.Contains(err.Error(), "00Env")) {
				t.Errorf("the token is in %v", err)
			}
		})
	}
}
