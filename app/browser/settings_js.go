package browser

import "syscall/js"

// The script web/settings.js sets the language, the theme and the size of the text before the client starts. Otherwise the
// browser would first draw the page without the user's choices. Later the client calls functions of the same script, so that
// both always come to the same result.

// Language returns the tag of the page's language, such as "de". chosen is the tag of the language that the user has chosen,
// "" if the user has chosen none. Language returns the first of these languages that Mayfly has: the chosen one, then those
// that the browser asks for. If Mayfly has none of them, it returns Mayfly's first language. If the script web/settings.js
// has not run, it returns "".
func Language(chosen string) string {
	tag := call(js.Global(), "mayflyLanguage", chosen)
	if tag.IsUndefined() {
		return ""
	}
	return tag.String()
}

// Look shows the page in a theme ("light" or "dark"). It shows the page's text in the size that the parameter text names,
// such as "large". If theme is "", the browser's own setting decides between light and dark. If text is "", the page's text
// has the normal size.
func Look(theme, text string) { call(js.Global(), "mayflyLook", theme, text) }
