package names

import (
	"crypto/sha256"
	"encoding/base32"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// confusables maps characters that look like one of a to z to that letter, after case folding. It holds only characters that
// keyboards have: with Unicode's whole list, real names would be taken for lookalikes of each other without need.
var confusables = strings.NewReplacer(
	"а", "a", "в", "b", "с", "c", "ԁ", "d", "е", "e", "һ", "h", "і", "i", "ј", "j", "к", "k", "м", "m", "о", "o", "р", "p",
	"ѕ", "s", "т", "t", "у", "y", "х", "x", "ү", "y", // Cyrillic
	"α", "a", "β", "b", "ε", "e", "η", "n", "ι", "i", "κ", "k", "μ", "m", "ν", "v", "ο", "o", "ρ", "p", "τ", "t",
	"υ", "y", "χ", "x", "ω", "w", // Greek
	"ı", "i", "ɑ", "a", "ɡ", "g", "ս", "u", "օ", "o", "ո", "n", "0", "o", "1", "l", "|", "l", "$", "s", "@", "a",
)

// skeleton returns the same string for names that look the same to a quick reader (compare Unicode TR 39): it ignores case,
// compatibility forms and the script of a letter.
func skeleton(name string) string {
	return confusables.Replace(strings.ToLower(strings.ToUpper(norm.NFKC.String(name))))
}

// imitatesGuest reports whether name looks like the name of a guest, "Anonymous" and an animal. It ignores what follows
// "Anonymous", and spaces and accents.
func imitatesGuest(name string) bool {
	bare := only(func(r rune) bool { return !unicode.Is(unicode.Mn, r) }, norm.NFKD.String(name)) // without accents
	letters := only(unicode.IsLetter, skeleton(bare))
	return strings.HasPrefix(strings.ReplaceAll(letters, "rn", "m"), "anonymous")
}

// only returns the characters of s for which keep returns true.
func only(keep func(rune) bool, s string) string {
	return strings.Map(func(r rune) rune {
		if keep(r) {
			return r
		}
		return -1
	}, s)
}

// taken records which user of this node has which name, so that no two users have names that look the same. It has no
// lock: Profiles has one.
type taken struct {
	holders map[string]string // user id by the skeleton of the shown name
	held    map[string]held   // by user id
}

// held is the name of one user: bare as its source gives it, shown as other users see it.
type held struct{ bare, shown string }

func newTaken() taken { return taken{holders: map[string]string{}, held: map[string]held{}} }

// claimName gives the name bare to the user id and returns the name that other users see: bare, or, if another user has a
// name that looks the same, bare and a suffix made from the id, which is always the same for this user. The user has the
// name until it changes or release is called.
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

// minSuffix is the length of a suffix; claimName makes it longer if a shorter one is taken too.
const minSuffix = 4

// withSuffix returns name followed by suffix, which is ASCII. It shortens name so that the result has maxName characters at
// most.
func withSuffix(name, suffix string) string {
	runes := []rune(name)
	return strings.TrimRight(string(runes[:min(len(runes), maxName-len(suffix))]), " ") + suffix
}

func (t *taken) holds(id string) bool {
	_, ok := t.held[id]
	return ok
}

// release releases the name of the user id, so that another user can have it.
func (t *taken) release(id string) {
	if h, ok := t.held[id]; ok {
		delete(t.holders, skeleton(h.shown))
		delete(t.held, id)
	}
}
