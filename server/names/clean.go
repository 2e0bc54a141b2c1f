package names

import (
	"strings"

	"mayfly/server/names/spelling"
)

// maxName is the length of the longest name of a user who is signed in, in characters.
const maxName = 64

// Best returns the best display name in the claims of a token, or "" if they hold no name. claim returns the value of
// the claim with that name, or "" if the token has no such claim. From an e-mail address Best takes only the part before
// the @, because every member of a room sees the name.
func Best(claim func(name string) string) string {
	return firstName(claim("name"), claim("given_name")+" "+claim("family_name"),
		mailbox(claim("preferred_username")), mailbox(claim("email")))
}

// firstName cleans names, and returns the first that is not empty and does not imitate the pseudonym of a guest.
func firstName(names ...string) string {
	for _, name := range names {
		if clean := spelling.Clean(name, maxName); clean != "" && !imitatesGuest(clean) {
			return clean
		}
	}
	return ""
}

// mailbox returns the part of a login name before the @.
func mailbox(login string) string {
	name, _, _ := strings.Cut(login, "@")
	return name
}
