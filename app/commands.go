package app

import (
	"strings"
	"unicode"
	"unicode/utf8"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

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
	doHelp                 // /help: show the commands
	doNoSuch               // there is no such command
	doNotAlone             // a text follows a command that takes none
	doNoText               // no text follows a command that needs one
)

// verbs has the commands by their names.
var verbs = map[string]verb{"/me": doAct, "/nick": doName, "/who": doShowWho, "/clear": doClear, "/help": doHelp}

// A command is a text as the page understands it.
type command struct {
	does verb
	name string // the command's name as the user wrote it, such as "/nick"; "" if the text is no command
	text string // what follows the name; if the text is no command, the text to send
}

// readCommand reads what the user wants to send. A text that begins with a slash and a letter is a command, whose name ends
// at the first white space. A text that begins with two slashes is no command, and is sent without the first: "//me" sends
// "/me".
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

// said returns the text to send, and whether the command sends one.
func (c *command) said() (text string, ok bool) {
	switch c.does {
	case doSay:
		return c.text, true
	case doAct:
		return italic(c.text), true
	}
	return "", false
}

// italic returns text so that each of its lines is drawn in italics. If its own signs of Markdown prevent that, the text
// stays as it is.
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

// mistake returns the sentence about a command that the page can't carry out; "" if the page can.
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

// run carries out c, a command that sends no text. If that is not possible, run returns a sentence that says why, otherwise
// "".
func (p *page) run(ctx goapp.Context, c *command) (problem string) {
	switch c.does {
	case doName:
		return p.people.nickname.rename(c.text)
	case doShowWho:
		p.client.Who()
		p.people.open(ctx, composerID)
	case doClear:
		return p.takeAllBack()
	case doHelp:
		p.notice.text = words.Of(words.CommandHelp)
		p.voice.say(p.notice.text)
	}
	return c.mistake()
}

// takeAllBack takes back all messages of the user's own in the room, and discards those that the server has not accepted. If
// there are none, it returns a sentence that says so, otherwise "".
func (p *page) takeAllBack() (problem string) {
	problem = words.Of(words.NothingToClear)
	messages := p.messages()
	for i := range messages {
		if m := &messages[i]; m.Mine {
			p.client.Remove(m.Key)
			problem = ""
		}
	}
	return problem
}
