package pkce

import "mayfly/shared/clock"

// metadata are what the provider's discovery document says: its endpoints and what it can do. They are immutable.
type metadata struct {
	read                   int64 // when the document was read; Unix milliseconds of the device
	authorize, token, keys string
	revoke, end            string // "" if there is none
	sendsIssuer            bool   // it puts its issuer into the callback's query
	algs                   []string
}

// fresh reports whether d need not be read again.
func (d *metadata) fresh(now clock.Moment) bool {
	age := now.Wall.UnixMilli() - d.read
	return age >= 0 && age <= providerMaxAge.Milliseconds()
}

// parseMetadata returns what the discovery document o says, or why Mayfly cannot use the provider.
func parseMetadata(o object, issuer string, read int64) (*metadata, *fault) {
	d := &metadata{
		read: read, authorize: o.endpoint("authorization_endpoint"), token: o.endpoint("token_endpoint"),
		keys: o.endpoint("jwks_uri"), revoke: o.endpoint("revocation_endpoint"), end: o.endpoint("end_session_endpoint"),
		sendsIssuer: string(o["authorization_response_iss_parameter_supported"]) == "true",
		algs:        o.texts("id_token_signing_alg_values_supported"),
	}
	const methods = "code_challenge_methods_supported"
	switch {
	case o.text("issuer") != issuer:
		return nil, setupFault("The provider calls itself " + o.text("issuer") + ", the server " + issuer + ".")
	case o[methods] != nil && !contains(o.texts(methods), "S256"):
		return nil, setupFault("The provider has no PKCE with S256.")
	case d.authorize == "" || d.token == "" || d.keys == "":
		return nil, setupFault("The provider lacks an endpoint, or has one without https.")
	}
	return d, nil
}
