package pkce

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// An object is a JSON object that others made. Under the empty name it has its own text.
type object map[string]json.RawMessage

// parse returns the object that b is, nil if b is anything else.
//
//go:noinline
func parse(b []byte) object {
	var o object
	if json.Unmarshal(b, &o) != nil || o == nil {
		return nil
	}
	o[""] = b
	return o
}

// text returns the string that name is, "" if it is none.
//
//go:noinline
func (o object) text(name string) string {
	var s string
	if json.Unmarshal(o[name], &s) != nil {
		return ""
	}
	return s
}

// texts returns the strings that name is: a list of them, or one alone. It is nil if it is anything else.
//
//go:noinline
func (o object) texts(name string) []string {
	if s := o.text(name); s != "" {
		return []string{s}
	}
	var list []string
	if json.Unmarshal(o[name], &list) != nil {
		return nil
	}
	return list
}

// number returns the number that name is, which may stand in quotes, 0 if it is none.
//
//go:noinline
func (o object) number(name string) float64 {
	n, err := strconv.ParseFloat(strings.Trim(string(o[name]), `"`), 64)
	if err != nil || !(n > 0 && n < 1e12) {
		return 0
	}
	return n
}

// query returns names and values, which come by turns, as a query or a form carries them.
func query(pairs ...string) string {
	for i, s := range pairs {
		pairs[i] = url.QueryEscape(s)
		if i%2 == 0 {
			pairs[i] += "="
		} else {
			pairs[i] += "&"
		}
	}
	return strings.TrimSuffix(strings.Join(pairs, ""), "&")
}

// parameters returns what query made, nil if anything in it stands there twice or can't be read.
func parameters(query string) map[string]string {
	params := map[string]string{}
	for query != "" {
		var name, value string
		value, query, _ = strings.Cut(query, "&")
		name, value, _ = strings.Cut(value, "=")
		name, err := url.QueryUnescape(name)
		if _, twice := params[name]; twice || err != nil {
			return nil
		}
		if params[name], err = url.QueryUnescape(value); err != nil {
			return nil
		}
	}
	return params
}

// encode64 writes base64url as JOSE has it.
//
//go:noinline
func encode64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// decode64 reads it strictly: no padding, no line ends, no spare bits.
//
//go:noinline
func decode64(s string) []byte {
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || encode64(b) != s {
		return nil
	}
	return b
}

// milliseconds reads a number that strconv.FormatInt wrote; 0 if it is none.
//
//go:noinline
func milliseconds(s string) int64 {
	n, _ := strconv.ParseInt(s, 10, 64)
	return n
}

//go:noinline
func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// has reports whether list has text.
//
//go:noinline
func has(list []string, text string) bool { return slices.Contains(list, text) }
