package app

import (
	"slices"
	"strings"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/words"
)

const helpID = "help"

// A help is the dialog that says what vanishes and what does not, who can read along, which keys there are, and which
// commands. Its promises must agree with docs/security.md.
type help struct {
	*model
	dialog
	apple bool // the keyboard has ⌘ in the place of Ctrl
	touch bool // the keyboard is on the screen (browser.TouchKeyboard)
}

// A helpLine explains keys or a command. Alternatives are separated by |, and the keys of one press by +.
type helpLine struct {
	keys string
	does words.Key
}

var (
	helpEverywhere = []helpLine{{"Ctrl+K", words.HelpGoTo}, {"F6|Shift+F6", words.HelpRegions},
		{"Ctrl+/", words.HelpThis}, {"Tab|Shift+Tab", words.HelpTab}, {"Esc", words.HelpEscape}}
	helpEnterSends  = []helpLine{{"Enter", words.HelpSend}, {"Shift+Enter", words.HelpNewLine}}
	helpEnterBreaks = []helpLine{{"Enter", words.HelpNewLine}, {"Ctrl+Enter", words.HelpSend}}
	helpComposer    = []helpLine{{":", words.HelpEmoji}, {"@", words.HelpMention}}
	helpSuggestions = helpLine{"↑|↓|Enter", words.HelpSuggestions}
	helpMessages    = []helpLine{{"↑|↓|Home|End", words.HelpWalk}, {"Enter", words.HelpActions},
		{"←|→", words.HelpInActions}, {"?", words.HelpThis}}
	helpCommands = []helpLine{{"/me", words.HelpMe}, {"/nick", words.HelpNick}, {"/who", words.HelpWho},
		{"/clear", words.HelpClear}, {"/help", words.HelpThis}, {"//", words.HelpSlashes}}
)

// render draws the dialog. It returns nil while the dialog is closed.
func (h *help) render() goapp.UI {
	if !h.open {
		return nil
	}
	when := words.Of(words.HelpVanish)
	if h.view.TTL > 0 {
		when += " " + words.With(words.HelpVanishHere, words.Lifetime(h.view.TTL))
	}
	composer := helpEnterSends
	if h.settings.breaks(h.touch) {
		composer = helpEnterBreaks
	}
	composer = slices.Concat(composer, helpComposer)
	if !h.touch {
		composer = append(composer, helpSuggestions)
	}
	return h.frame(words.Of(words.Help),
		helpText(words.HelpVanishes, when, words.Of(words.HelpTakeBack), words.Of(words.HelpDevice)),
		helpText(words.HelpStays, words.Of(words.HelpCopies), words.Of(words.HelpLinks)),
		helpText(words.HelpReaders, words.Of(words.HelpOperator), words.Of(words.HelpUnseen), words.Of(words.HelpGuests)),
		h.keys(words.HelpKeys, helpEverywhere),
		h.keys(words.ComposerRegion, composer),
		h.keys(words.HelpInMessages, helpMessages),
		h.keys(words.HelpCommands, helpCommands))
}

// helpText draws a part of the help that consists of sentences.
func helpText(heading words.Key, sentences ...string) goapp.UI {
	var items []goapp.UI
	for _, sentence := range sentences {
		items = append(items, textElem("li", "", sentence))
	}
	return elem("section", "help-part", textElem("h3", "help-heading", words.Of(heading)), elem("ul", "help-text", items...))
}

// keys draws a part of the help that explains keys or commands.
func (h *help) keys(heading words.Key, lines []helpLine) goapp.UI {
	var items []goapp.UI
	for _, line := range lines {
		var presses []goapp.UI
		for i, press := range strings.Split(line.keys, "|") {
			if i > 0 {
				presses = append(presses, goapp.Text(" "))
			}
			presses = append(presses, textElem("kbd", "help-key", words.Keys(press, h.apple)))
		}
		items = append(items, elem("div", "help-line", elem("dt", "", presses...), textElem("dd", "", words.Of(line.does))))
	}
	return elem("section", "help-part", textElem("h3", "help-heading", words.Of(heading)), elem("dl", "help-keys", items...))
}
