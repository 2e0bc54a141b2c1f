package main

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode"
)

// ownParams are the names, in lower case, of the parameters that -authorize-params must not set. The page sets most of them
// itself. The others would replace parameters that the page sets (request, request_uri), would change how the provider
// answers (response_mode), or are secret (client_secret).
var ownParams = []string{"response_type", "response_mode", "client_id", "client_secret", "redirect_uri", "scope", "state",
	"nonce", "code_challenge", "code_challenge_method", "request", "request_uri"}

// maxAuthorizeParams is the most bytes that -authorize-params may have. Some providers refuse addresses of more than 2 KiB.
const maxAuthorizeParams = 1024

// authorizeParams checks the value of the flag -authorize-params: pairs such as audience=https://api.example&prompt=consent,
// in which %20 means a space, as in a URL. It returns the pairs as the query of a URL, in the same order. The error has
// every problem.
func authorizeParams(value string) (query string, err error) {
	if value == "" {
		return "", nil
	}
	var errs []error
	wrong := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("-authorize-params: "+format, args...))
	}
	if len(value) > maxAuthorizeParams {
		wrong("it has %d bytes: want %d or less", len(value), maxAuthorizeParams)
	}
	control := func(text string) bool { return strings.ContainsFunc(text, unicode.IsControl) }
	var names, pairs []string
	for pair := range strings.SplitSeq(value, "&") {
		name, text, _ := strings.Cut(pair, "=")
		name, nameErr := url.PathUnescape(name) // not QueryUnescape, which would turn a + in the flag into a space
		text, textErr := url.PathUnescape(text)
		switch {
		case nameErr != nil || textErr != nil || !isParamName(name) || text == "" || control(text):
			wrong("%q is no pair: want name=value pairs with & between them, such as audience=https://api.example", pair)
		case slices.Contains(ownParams, strings.ToLower(name)):
			wrong("%s is not to be set here: the page sends its own%s", name, flagFor(name))
		case slices.Contains(names, name) && name != "resource": // RFC 8707 allows several parameters named resource
			wrong("%s stands there twice: want it once", name)
		case name == "prompt" && slices.Contains(strings.Fields(text), "none"):
			wrong("prompt is none: nobody could sign in, as the provider would show no page")
		}
		names, pairs = append(names, name), append(pairs, url.QueryEscape(name)+"="+url.QueryEscape(text))
	}
	return strings.Join(pairs, "&"), errors.Join(errs...)
}

// isParamName reports whether name can name a parameter: OAuth allows letters, digits, -, . and _ (RFC 6749, appendix A).
func isParamName(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-._", r)
	})
}

// flagFor returns the end of an error message about a parameter in ownParams. This end names the flag of Mayfly that sets
// the parameter. It is "" if no flag sets the parameter.
func flagFor(name string) string {
	switch strings.ToLower(name) {
	case "client_id":
		return ", from -client-id"
	case "scope":
		return ", from -scopes"
	case "redirect_uri":
		return ", from -public-url"
	}
	return ""
}
