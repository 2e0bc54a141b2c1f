package wire

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// The limits of the protocol.
const (
	MaxMessage       = 64 << 10  // bytes of one message from a client: all its frames together
	MaxServerMessage = 320 << 10 // bytes of one message from a server
	MaxText          = 4000      // characters (Unicode code points) of a text
	MaxRooms         = 32        // rooms that one connection may have joined at once
	MaxJoined        = 500       // messages in one Joined frame
	MaxJoinedBytes   = 256 << 10 // bytes of the messages, removed seqs and reactions in one Joined frame
	MaxRoomName      = 64        // bytes of a room's name
	MaxMentions      = 20        // users that one message mentions
	MaxUserID        = 80        // characters of each user id in Post.Mentions, and of Moderate.User
	MaxReactors      = 100       // users who may give the same emoji to one message
	MaxPeople        = 200       // users in one People frame
	MaxCame          = 20        // users in each list of a Presence frame
	MaxName          = 40        // characters of a guest's name

	minSecret = 22 // the number of base64url characters that hold 128 bits
	maxSecret = 86 // the number of base64url characters that hold 512 bits

	maxInteger = 1<<53 - 1 // the largest integer on the wire: a larger one would lose digits in a JSON reader with float64
)

// ValidRoom reports whether name matches [a-z0-9][a-z0-9-]{0,63}.
func ValidRoom(name string) bool {
	if name == "" || len(name) > MaxRoomName || name[0] == '-' {
		return false
	}
	for i := range len(name) {
		c := name[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

// ValidID reports whether id is a canonical lower-case UUID.
func ValidID(id string) bool {
	if len(id) != 36 {
		return false
	}
	for i := range len(id) {
		c := id[i]
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if c != '-' {
				return false
			}
		} else if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// ValidSecret reports whether s has the form of a guest's secret or of the id of a sign-in: 22 to 86 base64url characters,
// which can contain 128 to 512 random bits.
func ValidSecret(s string) bool {
	if len(s) < minSecret || len(s) > maxSecret {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// CleanText returns text in the form in which it is stored: a line ends with "\n", and there is no white space at the
// beginning and the end of the text. If the text cannot be posted, problem says why in one plain sentence. Clients call
// CleanText before they send a text, and servers before they store it.
func CleanText(text string) (clean, problem string) {
	if !utf8.ValidString(text) {
		return "", "The message holds half of a character."
	}
	clean = strings.TrimFunc(strings.ReplaceAll(text, "\r\n", "\n"), unicode.IsSpace)
	visible := false
	for _, r := range clean {
		switch {
		case r == '\n' || r == '\t':
		case unicode.Is(unicode.Cc, r): // C0, DEL and C1
			return "", "The message holds control characters."
		case !invisible(r):
			visible = true
		}
	}
	if !visible {
		return "", "The message is empty."
	}
	if utf8.RuneCountInString(clean) > MaxText {
		return "", "The message is longer than " + itoa(MaxText) + " characters."
	}
	return clean, ""
}

// invisible reports whether r has no visible shape of its own. Such characters are white space, format characters (zero
// width, bidi, tags), the fillers of Hangul, the blank of Braille, variation selectors and joiners.
func invisible(r rune) bool {
	return unicode.IsSpace(r) || r == '\u2800' ||
		unicode.In(r, unicode.Cf, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point)
}
