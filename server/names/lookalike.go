package names

import (
	"crypto/sha256"
	"encoding/base32"
	"strings"
	"unicode"

	"mayfly/server/names/spelling"
)

// imitatesGuest reports whether name looks like the pseudonym of a guest, such as "Anonymous Otter": whether its letters
// begin with "anonymous". It compares the letters of spelling.Key(name), which is equal for names that look the same.
func imitatesGuest(name string) bool {
	letters := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) {
			return r
		}
		return -1
	}, spelling.Key(name))
	return strings.HasPrefix(letters, "anonymous")
}

// taken records which user of this node has which name, so that no two users have names that look the same. It has no
// lock of its own: Profiles.mu guards it.
type taken struct {
	holders map[string]string // from spelling.Skeleton of a shown name to the id of the user who has the name
	held    map[string]held   // from a user id to the user's name
}

// held is the name of one user. bare is the name without a suffix, as the token or another source has it. shown is the name
// that other users see: bare, perhaps with a suffix.
type held struct{ bare, shown string }

func newTaken() taken { return taken{holders: map[string]string{}, held: map[string]held{}} }

// claimName gives the name bare to the user with that id, and returns the name that other users see. Normally that is
// bare. If another user already has a name that looks the same, claimName adds a suffix to bare. The suffix is the
// beginning of a hash of the id, so the same user gets the same suffix each time. The user keeps the name until claimName
// is called with another bare name for the user, or until release is called.
func (t *taken) claimName(id, bare string) (shown string) {
	if h, ok := t.held[id]; ok && h.bare == bare {
		return h.shown
	}
	t.release(id)
	sum := sha256.Sum256([]byte("mayfly name 1\x00" + id))
	suffix := strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:]))
	shown = bare
	for length := minSuffix; length <= len(suffix); length++ {
		if _, taken := t.holders[spelling.Skeleton(shown)]; !taken {
			break
		}
		shown = spelling.WithSuffix(bare, " ("+suffix[:length]+")", maxName)
	}
	t.held[id], t.holders[spelling.Skeleton(shown)] = held{bare, shown}, id
	return shown
}

// minSuffix is the number of characters of the shortest suffix. claimName makes a suffix longer if the name with the
// shorter suffix is taken too.
const minSuffix = 4

func (t *taken) holds(id string) bool {
	_, ok := t.held[id]
	return ok
}

// release takes the name from the user with that id, so that another user can have it.
func (t *taken) release(id string) {
	if h, ok := t.held[id]; ok {
		delete(t.holders, spelling.Skeleton(h.shown))
		delete(t.held, id)
	}
}
