package app

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"mayfly/app/words"
	"mayfly/shared/markup"
)

// A verb is what the page does with a text that the user sends.
type verb int

const (
	doSay      verb = iota // send the text
	doAct                  // /me: send a text that says what the user does
	doName                 // /nick: give a guest another name
	doShowWho              // /who: show who is in the room
	doClear                // /clear: take back the user's messages
	doHelp                 // /help: open the help
	doNoSuch               // there is no such command
	doNotAlone             // the user wrote a text after a command that takes no text, such as /who
	doNoText               // the user wrote no text after a command that needs a text, such as /me
)

// verbs contains the verb of each command. The key is the command's name.
var verbs = map[string]verb{"/me": doAct, "/nick": doName, "/who": doShowWho, "/clear": doClear, "/help": doHelp}

// A command is a text that the user wants to send, as readCommand has parsed it. The text may be a command, such as "/who",
// or a message.
type command struct {
	does verb
	name string // the command's name as the user wrote it, such as "/nick"; "" if the text is no command
	text string // what follows the name; if the text is no command, the text to send
}

// readCommand parses a text that the user wants to send. A text that begins with a slash and a letter is a command. Its name
// ends at the first white space. A text that begins with two slashes is a message, which is sent without the first slash:
// for "//me", the message is "/me".
func readCommand(text string) command {
	rest, slash := strings.CutPrefix(text, "/")
	first, _ := utf8.DecodeRuneInString(rest)
	switch {
	case slash && first == '/':
		return command{text: rest}
	case !slash || !unicode.IsLetter(first):
		return command{text: text}
	}
	c := command{name: text}
	if i := strings.IndexFunc(text, unicode.IsSpace); i >= 0 {
		c.name, c.text = text[:i], strings.TrimSpace(text[i:])
	}
	does, ok := verbs[strings.ToLower(c.name)]
	switch {
	case !ok:
		c.does = doNoSuch
	case does == doAct && c.text == "":
		c.does = doNoText
	case (does == doShowWho || does == doClear || does == doHelp) && c.text != "":
		c.does = doNotAlone
	default:
		c.does = does
	}
	return c
}

// said returns the text of the message that c sends. ok is false if c is a command that sends no message, such as /who.
func (c *command) said() (text string, ok bool) {
	switch c.does {
	case doSay:
		return c.text, true
	case doAct:
		return italic(c.text), true
	}
	return "", false
}

// italic puts * or _, the Markdown for italics, around each line of text. If neither works because the text itself contains
// Markdown, italic returns text unchanged.
func italic(text string) string {
	plain := func(text string) string { return markup.Plain(markup.Parse(text)) }
	for _, sign := range []string{"*", "_"} {
		lines := strings.Split(text, "\n")
		for i, line := range lines {
			if line = strings.TrimSpace(line); line != "" {
				lines[i] = sign + line + sign
			}
		}
		if styled := strings.Join(lines, "\n"); plain(styled) == plain(text) {
			return styled
		}
	}
	return text
}

// mistake returns a sentence that says what is wrong with the command c. If nothing is wrong, it returns "".
func (c *command) mistake() string {
	switch name := words.First(c.name); c.does {
	case doNoSuch:
		return words.With(words.NoSuchCommand, name)
	case doNotAlone:
		return words.With(words.CommandAlone, name)
	case doNoText:
		return words.With(words.CommandNeedsText, name)
	}
	return ""
}
