package names

import (
	"crypto/sha256"
	"encoding/base32"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// confusables replaces a character that looks like one of the letters a to z with that letter. The text must be in lower
// case. It holds only characters that keyboards have. Unicode's whole list is longer, and would make real names look
// alike that users can tell apart.
var confusables = strings.NewReplacer(
	"а", "a", "в", "b", "с", "c", "ԁ", "d", "е", "e", "һ", "h", "і", "i", "ј", "j", "к", "k", "м", "m", "о", "o", "р", "p",
	"ѕ", "s", "т", "t", "у", "y", "х", "x", "ү", "y", // Cyrillic
	"α", "a", "β", "b", "ε", "e", "η", "n", "ι", "i", "κ", "k", "μ", "m", "ν", "v", "ο", "o", "ρ", "p", "τ", "t",
	"υ", "y", "χ", "x", "ω", "w", // Greek
	"ı", "i", "ɑ", "a", "ɡ", "g", "ս", "u", "օ", "o", "ո", "n", "0", "o", "1", "l", "|", "l", "$", "s", "@", "a",
)

// skeleton returns the same string for two names that look alike to a reader who does not look closely (compare Unicode
// TR 39). It ignores the case, compatibility forms (such as wide letters), and the script of a letter, such as Cyrillic.
func skeleton(name string) string {
	return confusables.Replace(strings.ToLower(strings.ToUpper(norm.NFKC.String(name))))
}

// imitatesGuest reports whether name looks like the name of a guest, such as "Anonymous Otter". It checks only whether
// the name's skeleton begins with "anonymous", and ignores accents, spaces and all other characters that are not
// letters. The letters "rn" count as "m", because they look like it.
func imitatesGuest(name string) bool {
	bare := only(func(r rune) bool { return !unicode.Is(unicode.Mn, r) }, norm.NFKD.String(name)) // removes accents
	letters := only(unicode.IsLetter, skeleton(bare))
	return strings.HasPrefix(strings.ReplaceAll(letters, "rn", "m"), "anonymous")
}

// only returns s with only those characters for which match returns true.
func only(match func(rune) bool, s string) string {
	return strings.Map(func(r rune) rune {
		if match(r) {
			return r
		}
		return -1
	}, s)
}

// taken records which user of this node has which name, so that no two users have names that look the same. It has no
// lock of its own: Profiles.mu guards it.
type taken struct {
	holders map[string]string // from the skeleton of a shown name to the id of the user who has the name
	held    map[string]held   // from a user id to the user's name
}

// held is the name of one user. bare is the name from its source; shown is the name that other users see, perhaps with a
// suffix.
type held struct{ bare, shown string }

func newTaken() taken { return taken{holders: map[string]string{}, held: map[string]held{}} }

// claimName gives the name bare to the user with that id, and returns the name that other users see. This is bare, or,
// if another user has a name that looks the same, bare with a suffix. The suffix is the beginning of a hash of the id,
// so a user gets the same suffix again. The user keeps the name until claimName gets another bare name for the user, or
// until release is called.
func (t *taken) claimName(id, bare string) (shown string) {
	if h, ok := t.held[id]; ok && h.bare == bare {
		return h.shown
	}
	t.release(id)
	sum := sha256.Sum256([]byte("mayfly name 1\x00" + id))
	suffix := strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:]))
	shown = bare
	for length := minSuffix; length <= len(suffix); length++ {
		if _, taken := t.holders[skeleton(shown)]; !taken {
			break
		}
		shown = withSuffix(bare, " ("+suffix[:length]+")")
	}
	t.held[id], t.holders[skeleton(shown)] = held{bare, shown}, id
	return shown
}

// minSuffix is the number of characters of the shortest suffix. claimName makes a suffix longer if the name with the
// shorter suffix is taken too.
const minSuffix = 4

// withSuffix returns name followed by suffix, which must be ASCII. It shortens name if the result would have more than
// maxName characters.
func withSuffix(name, suffix string) string {
	runes := []rune(name)
	return strings.TrimRight(string(runes[:min(len(runes), maxName-len(suffix))]), " ") + suffix
}

func (t *taken) holds(id string) bool {
	_, ok := t.held[id]
	return ok
}

// release takes the name from the user with that id, so that another user can have it.
func (t *taken) release(id string) {
	if h, ok := t.held[id]; ok {
		delete(t.holders, skeleton(h.shown))
		delete(t.held, id)
	}
}
