package pkce

import (
	"time"

	"mayfly/shared/clock"
)

// registration is what the server's configuration, /config.json, says about signing in. It is empty until
// provider.configure has read the configuration.
type registration struct {
	issuer   string // "": the server has no provider
	clientID string
	scopes   string // the scopes to ask for, separated by spaces; "" if the server leaves them to the client
	params   string // more parameters for the authorize endpoint, as a query
	sendsID  bool   // the server wants the ID token in place of the access token
	noGuests bool   // the server lets in only users who are signed in

	dated bool          // the server's answer had a Date header, so skew is known
	skew  time.Duration // by how much the device's clock is ahead of the server's
}

// metadata are the facts in the provider's discovery document: its endpoints and its features. They are immutable.
type metadata struct {
	read                   int64    // when the document was read, in Unix milliseconds of the device's clock
	authorize, token, keys string   // endpoints
	revoke, end            string   // endpoints; "" if the provider has none
	sendsIssuer            bool     // the provider puts its issuer into the query of the callback
	algs                   []string // the algorithms that sign ID tokens; nil: the document does not say
}

// fresh reports whether d is young enough to be used, so that the document need not be read again.
func (d *metadata) fresh(now clock.Moment) bool {
	age := now.Wall.UnixMilli() - d.read
	return age >= 0 && age <= providerMaxAge.Milliseconds()
}

// parseMetadata returns the metadata in the discovery document o. If Mayfly cannot use this provider, it returns a fault
// instead. issuer is the issuer that the server has named. readAt is when the document was read, in Unix milliseconds of the
// device's clock.
func parseMetadata(o object, issuer string, readAt int64) (*metadata, *fault) {
	d := &metadata{
		read: readAt, authorize: o.endpoint("authorization_endpoint"), token: o.endpoint("token_endpoint"),
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
