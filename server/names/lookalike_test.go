package names_test

import (
	"testing"

	"mayfly/server/names"
)

func TestLikeGuest(t *testing.T) {
	for _, name := range []string{"Anonymous Heron", "anonymous", "ANONYMOUS HERON", "Anonymous\u2003Heron", "AnonymousHeron", "A n o n y m o u s Heron",
		"An\u043enym\u043eus Heron", "\u0391nonymous Heron", "Anonym0us Heron", "Ánönymoús Heron", "Ａｎｏｎｙｍｏｕｓ Heron",
		"𝐀𝐧𝐨𝐧𝐲𝐦𝐨𝐮𝐬 Heron", "[Anonymous] Heron", "Anonyrnous Heron", "Anonymouſ Heron", "Anonymous-Heron", "\u0430nonymous"} {
		if !names.LikeGuest(name) {
			t.Errorf("LikeGuest(%q) = false", name)
		}
	}
	for _, name := range []string{"Ada Lovelace", "Heron", "Ann Onymous", "Anon", "Not Anonymous", "愛達", "Анна", "", "Ἀνώνυμος"} {
		if names.LikeGuest(name) {
			t.Errorf("LikeGuest(%q) = true", name)
		}
	}
}
