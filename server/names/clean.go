package names

import (
	"strings"

	"mayfly/server/names/spelling"
)

// maxName is the longest name of a signed-in user, in characters.
const maxName = 64

// Best returns the best display name in the claims of a token, or "" if the claims contain no name. The function claim
// returns the value of one claim, or "" if the token does not have that claim. Of an e-mail address, Best uses only the
// part before the @: every member of a room sees the name, and must not learn the address.
func Best(claim func(name string) string) string {
	return firstName(claim("name"), claim("given_name")+" "+claim("family_name"),
		mailbox(claim("preferred_username")), mailbox(claim("email")))
}

// firstName cleans the names in their order (see spelling.Clean). It returns the first cleaned name that is not empty and
// does not imitate the pseudonym of a guest.
func firstName(names ...string) string {
	for _, name := range names {
		if clean := spelling.Clean(name, maxName); clean != "" && !imitatesGuest(clean) {
			return clean
		}
	}
	return ""
}

// mailbox returns the part of login before the @, or the whole login if it has no @.
func mailbox(login string) string {
	name, _, _ := strings.Cut(login, "@")
	return name
}
