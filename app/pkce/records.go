package pkce

import (
	"strings"

	"mayfly/app/browser"
)

// A record is a sign-in as it is stored, without the access token. It is immutable.
type record struct {
	refresh  string // "" if the provider gave none
	id       string // ID token
	subject  string
	signInID string // random, made here: the server's signout ends the sign-in with this id
	scope    string
	obtained string // Unix milliseconds of the device
}

const recordVersion = "1"

// records stores the record of the sign-in, sealed in Mode Device. Its fields are static; the storage and the vault have
// locks of their own. seal, open and forgetKey block.
type records struct {
	mode     Mode
	store    Storage
	vault    Vault
	provider *provider // a record is only for this provider and client
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

// load returns the stored form of the stored record, "" if there is none.
func (rs *records) load() (raw string, err error) { return rs.store.Load(browser.SignInKey) }

// save stores raw, the stored form of a record. It returns what is stored: "" if that failed, or if raw is "". Then the
// record lives only in memory, as long as the page.
func (rs *records) save(raw string) (stored string) {
	if raw == "" || rs.store.Save(browser.SignInKey, raw) != nil {
		rs.delete() // the old record is useless now, and without it there may be room
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

// seal returns the stored form of r, "" if the vault fails.
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

// reading says how reading a stored record went.
type reading int

const (
	useless    reading = iota // damaged, for another provider or client, or "": it will never be read
	good                      // read
	newer                     // a newer version of Mayfly wrote it
	unreadable                // the vault cannot be used now
)

// open returns the record in its stored form raw, nil unless reading it went well.
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

// copyOf stores raw, the record of the tab that this tab was duplicated from, and returns it. It returns nil in any Mode but
// Tab, or if raw cannot be stored or is not complete.
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
