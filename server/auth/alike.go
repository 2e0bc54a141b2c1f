package auth

import (
	"crypto/sha256"
	"encoding/base32"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// confusables are the letters of other scripts that look like one of a to z, after folding: those that a keyboard has. The whole
// of Unicode's list would tell real names apart for no good.
var confusables = strings.NewReplacer(
	"а", "a", "в", "b", "с", "c", "ԁ", "d", "е", "e", "һ", "h", "і", "i", "ј", "j", "к", "k", "м", "m", "о", "o", "р", "p", "ѕ", "s",
	"т", "t", "у", "y", "х", "x", "ү", "y", // Cyrillic
	"α", "a", "β", "b", "ε", "e", "η", "n", "ι", "i", "κ", "k", "μ", "m", "ν", "v", "ο", "o", "ρ", "p", "τ", "t", "υ", "y", "χ", "x", "ω", "w", // Greek
	"ı", "i", "ɑ", "a", "ɡ", "g", "ս", "u", "օ", "o", "ո", "n", "0", "o", "1", "l", "|", "l", "$", "s", "@", "a",
)

// alike returns the same for two names that look the same to who reads quickly: in any case, in compatible forms of a letter, with
// letters of another script.
func alike(name string) string {
	return confusables.Replace(strings.ToLower(strings.ToUpper(norm.NFKC.String(name))))
}

// likeGuest reports whether name could be taken for a guest's, who is called "Anonymous" and an animal: whatever stands behind
// the word, however it is spaced and accented.
func likeGuest(name string) bool {
	letters := only(unicode.IsLetter, alike(only(func(r rune) bool { return !unicode.Is(unicode.Mn, r) }, norm.NFKD.String(name))))
	return strings.HasPrefix(strings.ReplaceAll(letters, "rn", "m"), "anonymous")
}

// only returns those characters of s that keep wants.
func only(keep func(rune) bool, s string) string {
	return strings.Map(func(r rune) rune {
		if keep(r) {
			return r
		}
		return -1
	}, s)
}

// names knows which name is whose on this node, so that no two people have one that looks the same. profiles guards it.
type names struct {
	holders map[string]string // person's id by name, alike
	held    map[string]held   // by person's id
}

// held is a name that is somebody's: the bare one, and as others see it.
type held struct{ bare, shown string }

func newNames() names { return names{holders: map[string]string{}, held: map[string]held{}} }

// hold returns how others see the person of that id who is called bare: just so if nobody else is, else with a few characters
// behind it that are always the person's own. It stays until the person is called otherwise, or is forgotten.
func (n *names) hold(id, bare string) (shown string) {
	if h, ok := n.held[id]; ok && h.bare == bare {
		return h.shown
	}
	n.forget(id)
	sum := sha256.Sum256([]byte("mayfly name 1\x00" + id))
	own := strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:]))
	shown = bare
	for length := shortOwn; length <= len(own); length++ {
		if _, taken := n.holders[alike(shown)]; !taken {
			break
		}
		shown = withSuffix(bare, " ("+own[:length]+")")
	}
	n.held[id], n.holders[alike(shown)] = held{bare, shown}, id
	return shown
}

// shortOwn is how many characters tell people of one name apart, unless those are the same, too.
const shortOwn = 4

// withSuffix returns name and suffix, in maxName characters.
func withSuffix(name, suffix string) string {
	runes := []rune(name)
	return strings.TrimRight(string(runes[:min(len(runes), maxName-len(suffix))]), " ") + suffix // which is ASCII
}

func (n *names) has(id string) bool {
	_, ok := n.held[id]
	return ok
}

// forget lets others have the name of who has that id.
func (n *names) forget(id string) {
	if h, ok := n.held[id]; ok {
		delete(n.holders, alike(h.shown))
		delete(n.held, id)
	}
}
