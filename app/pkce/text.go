package pkce

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// An object is a JSON object that was received, such as an answer of the provider. Its member with the empty name holds
// the JSON text of the whole object.
type object map[string]json.RawMessage

// parseObject returns the JSON object b, nil if b is anything else.
func parseObject(b []byte) object {
	var o object
	if json.Unmarshal(b, &o) != nil || o == nil {
		return nil
	}
	o[""] = b
	return o
}

// text returns the member called name if it is a string, otherwise "".
func (o object) text(name string) string {
	var s string
	if json.Unmarshal(o[name], &s) != nil {
		return ""
	}
	return s
}

// texts returns the strings in the member called name, which is a list of strings or one string. It returns nil if the
// member is anything else.
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

// number returns the member called name if it is a number above 0 and below 1e12, with or without quotes. Otherwise it
// returns 0.
func (o object) number(name string) float64 {
	n, err := strconv.ParseFloat(strings.Trim(string(o[name]), `"`), 64)
	if err != nil || !(n > 0 && n < 1e12) {
		return 0
	}
	return n
}

// endpoint returns the URL in the member called name if the URL is https, or http to this machine. Otherwise it returns
// "".
func (o object) endpoint(name string) string {
	url := o.text(name)
	for _, prefix := range [...]string{"https://", "http://localhost:", "http://localhost/", "http://127.0.0.1:",
		"http://127.0.0.1/", "http://[::1]:"} {
		if strings.HasPrefix(url, prefix) {
			return url
		}
	}
	return ""
}

// encodeQuery returns alternating names and values as a URL query. The body of a posted form has the same format.
func encodeQuery(pairs ...string) string {
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

// withQuery returns url with query added to it. url may have a query already.
func withQuery(url, query string) string {
	if strings.Contains(url, "?") {
		return url + "&" + query
	}
	return url + "?" + query
}

// parseQuery parses the text that encodeQuery returns. It returns nil if a name appears twice or the text is not valid.
func parseQuery(query string) map[string]string {
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

// encode64 returns b in base64url without padding, as JOSE uses it.
func encode64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// decode64 decodes base64url. It returns nil if s has padding, line ends or unused bits, or is not valid in another way.
func decode64(s string) []byte {
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || encode64(b) != s {
		return nil
	}
	return b
}

// milliseconds parses a whole number, such as a time in milliseconds that itoa wrote. It returns 0 if s is not a number.
func milliseconds(s string) int64 {
	n, _ := strconv.ParseInt(s, 10, 64)
	return n
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// contains reports whether list contains text.
func contains(list []string, text string) bool { return slices.Contains(list, text) }
