package pkce

import (
	"strings"

	"mayfly/app/browser"
)

// A record is a sign-in as it is stored, without the access token. It is immutable.
type record struct {
	refresh  string // the refresh token; "" if the provider gave none
	id       string // ID token
	subject  string // the claim sub of the ID token: the user's id at the provider
	signInID string // the random id that this client has given the sign-in; the server gets it in a Hello or Auth frame
	scope    string
	obtained string // when the tokens were requested, in Unix milliseconds of the device's clock
}

const recordVersion = "1"

// records stores the record of the sign-in, sealed in Mode Device. Its fields are static; the storage and the vault have
// locks of their own. seal, open and forgetKey block.
type records struct {
	mode     Mode
	store    Storage
	vault    Vault
	provider *provider // decode accepts only records of this provider and its client id
}

func newRecords(c *Config, p *provider) *records {
	rs := &records{mode: c.Mode, store: c.Browser.Tab, vault: c.Browser.Vault, provider: p}
	switch c.Mode {
	case Device:
		rs.store = c.Browser.Local
	case Memory:
		rs.store = discard{}
	}
	return rs
}

// load returns the stored record in its stored form, which open reads. It returns "" if there is no stored record.
func (rs *records) load() (raw string, err error) { return rs.store.Load(browser.SignInKey) }

// save stores raw, a record in its stored form, and returns raw. It returns "" if raw is not stored: raw is "", the storage
// fails, or the Mode is Memory. Then the record is only in memory, and the sign-in ends with the page.
func (rs *records) save(raw string) (stored string) {
	if raw == "" || rs.store.Save(browser.SignInKey, raw) != nil {
		rs.delete() // the old record is useless now, and deleting it may make room for raw
		if raw == "" || rs.store.Save(browser.SignInKey, raw) != nil {
			return ""
		}
	}
	if rs.mode == Memory {
		return ""
	}
	return raw
}

// delete deletes the stored record.
func (rs *records) delete() { _ = rs.store.Delete(browser.SignInKey) }

// seal returns r in its stored form, which is encrypted in Mode Device. It returns "" if the vault fails.
func (rs *records) seal(r *record) string {
	is := rs.provider.registered()
	text := encodeQuery("v", recordVersion, "issuer", is.issuer, "client", is.clientID, "refresh", r.refresh, "id", r.id,
		"sub", r.subject, "sid", r.signInID, "scope", r.scope, "obtained", r.obtained)
	if rs.mode != Device {
		return text
	}
	sealed, err := rs.vault.Seal(text)
	if err != nil {
		return ""
	}
	return encodeQuery("v", recordVersion, "sealed", sealed)
}

// reading says whether open could read a stored record.
type reading int

const (
	useless    reading = iota // there is no record (raw is ""), it is damaged, or it is for another provider or client id
	good                      // open has read the record
	newer                     // a newer version of Mayfly wrote the record
	unreadable                // the vault cannot be used now; a later attempt may work
)

// open returns the record whose stored form is raw. The reading says whether open could read the record; the record is nil
// unless the reading is good.
func (rs *records) open(raw string) (*record, reading) {
	params := parseQuery(raw)
	if v := params["v"]; v != recordVersion {
		if v != "" && strings.Trim(v, "0123456789") == "" {
			return nil, newer
		}
		return nil, useless
	}
	if sealed := params["sealed"]; sealed != "" {
		text, ok, err := rs.vault.Open(sealed)
		if err != nil {
			return nil, unreadable
		}
		if params = nil; ok {
			params = parseQuery(text)
		}
	}
	if r := rs.decode(params); r != nil {
		return r, good
	}
	return nil, useless
}

// copyOf is for Mode Tab, where each tab stores its own record. If a tab was duplicated, the new tab gets raw, the stored
// record of the other tab. copyOf stores raw as this tab's record too, and returns the record. It returns nil in other
// Modes, if the storage fails, or if raw is not complete.
func (rs *records) copyOf(raw string) *record {
	if rs.mode != Tab || rs.store.Save(browser.SignInKey, raw) != nil {
		return nil
	}
	return rs.decode(parseQuery(raw))
}

// decode returns the record in the parsed query params, nil if it is not complete or is for another provider or client.
func (rs *records) decode(params map[string]string) *record {
	r := &record{params["refresh"], params["id"], params["sub"], params["sid"], params["scope"], params["obtained"]}
	is := rs.provider.registered()
	if r.signInID == "" || r.subject == "" || params["issuer"] != is.issuer || params["client"] != is.clientID {
		return nil
	}
	return r
}

// forgetKey destroys the key that seals records, if there is one.
func (rs *records) forgetKey() {
	if rs.mode == Device {
		rs.vault.Forget()
	}
}
