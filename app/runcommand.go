package app

import (
	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/words"
)

// This file carries out the commands that send no message. commands.go parses them.

// run carries out c, a command that sends no message. If the page can't carry out c, problem is a sentence that says why.
// Otherwise it is "".
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
		p.menu.help.show(ctx)
	}
	return c.mistake()
}

// takeAllBack takes back all of the user's own messages in the room, which the user can undo for some seconds. It also
// discards all entries in the room, and tells the user how many these were. If it has taken back no message and discarded no
// entry, it returns a sentence that says why. Otherwise it returns "".
func (p *page) takeAllBack() (problem string) {
	messages, takesBack := p.messages(), p.view.Limits.Acts > 0
	if problem = words.Of(words.NothingToClear); !takesBack {
		problem = words.Of(words.NoTakingBack)
	}
	discarded := 0
	for i := range messages {
		m := &messages[i]
		if !m.Mine || m.Seq != 0 && !takesBack {
			continue
		}
		p.client.Remove(m.Key)
		problem = ""
		if m.Seq == 0 {
			discarded++
		}
	}
	if discarded > 0 {
		p.notice.text = words.Count(words.Discarded, discarded)
		p.voice.say(p.notice.text)
	}
	return problem
}
