package chat_test

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"mayfly/cmd/mayfly/e2e/rig"
)

const (
	suggested = `[...document.querySelectorAll('[role=option]')].map(o => o.querySelector('bdi').textContent).join()`
	// field is the composer by its id, which is found faster than a role and a name.
	field  = `document.getElementById('message')`
	active = `document.getElementById(` + field + `.getAttribute('aria-activedescendant'))?.querySelector('bdi').textContent`
	closed = field + `.computedRole === 'textbox' && !` + field + `.hasAttribute('aria-activedescendant') &&
		!document.querySelector('[role=option]') && document.activeElement === ` + field
)

func TestA17CompletionIsAListbox(t *testing.T) {
	t.Parallel()
	tab, _ := open(t)
	tab.Until(closed)
	tab.Script(watchVoices)
	tab.Do(rig.Type("so :tad"))
	tab.Until(suggested + ` === ':tada:' && document.activeElement === ` + field + ` && ` +
		field + `.matches('[aria-autocomplete=list][aria-haspopup=listbox]') &&
		` + field + `.computedRole === 'textbox' &&
		` + field + `.computedName === 'Message' &&
		document.getElementById(` + field + `.getAttribute('aria-controls')).computedRole === 'listbox'`)
	tab.Do(rig.Enter())
	tab.Until(closed + ` && ` + field + `.value === 'so 🎉 '`)

	// The arrow keys go round, and Tab accepts.
	tab.Do(rig.Type(":smile"))
	tab.Until(suggested + ` === ':smile:,:smiley:,:sweat_smile:' && ` + active + ` === ':smile:'`)
	tab.Press(kb.ArrowUp)
	tab.Until(active + ` === ':sweat_smile:' && document.querySelectorAll('[aria-selected=true]').length === 1`)
	tab.Press(kb.ArrowDown)
	tab.Press(kb.ArrowDown)
	tab.Until(active + ` === ':smiley:'`)
	tab.Press(kb.Tab)
	tab.Until(closed + ` && ` + field + `.value === 'so 🎉 😃 '`)

	// A click accepts and leaves the focus where it is; a shortcode with both colons becomes its emoji, which can be undone.
	tab.Do(rig.Type(":roc"))
	tab.Until(suggested + ` === ':rocket:'`)
	tab.Do(chromedp.Click(chromedp.CSS("[role=option]")))
	tab.Until(closed + ` && ` + field + `.value === 'so 🎉 😃 🚀 '`)
	tab.Do(rig.Type(":+1"))
	tab.Press(":")
	tab.Until(closed + ` && ` + field + `.value === 'so 🎉 😃 🚀 👍'`)
	tab.Script(`document.execCommand('undo')`)
	tab.Until(field + `.value === 'so 🎉 😃 🚀 :+1:'`)
	// The function open has posted two messages. The page may announce them as late as now: that "lunch?" has come, and that
	// "yes" is sent.
	if said := rig.Eval[[]string](tab, `said.filter(s => !s.endsWith(': lunch?') && s.trim() !== 'Sent')`); len(said) > 0 {
		t.Errorf("completion announced %q", said)
	}
}

func TestEscapeClosesOnlyTheSuggestions(t *testing.T) {
	t.Parallel()
	tab, _ := open(t)
	tab.Act("lunch?", "Reply")
	tab.Until(rig.Form + `.innerText.includes('Replying to')`)
	tab.Do(rig.Type(":tad"))
	tab.Until(suggested + ` === ':tada:'`)
	tab.Press(kb.Escape)
	tab.Until(closed + ` && ` + rig.Form + `.innerText.includes('Replying to')`)
	tab.Press("a")
	tab.Until(field + `.value === ':tada' && ` + closed + ` && ` + rig.Form + `.innerText.includes('Replying to')`)
	tab.Press(kb.Escape)
	tab.Until(`!` + rig.Form + `.innerText.includes('Replying to')`)

	// An input method composes: no list, until it has composed.
	tab.Script(field + `.value = ''; ` + field + `.dispatchEvent(new InputEvent('input', {bubbles: true}))`)
	compose := func(event, more string) {
		tab.Script(field + `.value = ':tad'; ` + field + `.dispatchEvent(new ` + event + `('` + more + `))`)
	}
	compose("InputEvent", `input', {isComposing: true, bubbles: true}`)
	tab.Until(closed)
	compose("CompositionEvent", `compositionend', {bubbles: true}`)
	tab.Until(suggested + ` === ':tada:'`)
}

func TestMentionIsCompletedSentAndShown(t *testing.T) {
	t.Parallel()
	ann, ben := strangers(t)
	name := rig.Eval[string](ben, ownName)
	ann.Until(count + `?.computedName === '2 people'`)
	toPeople(ann) // the list of people has come
	ann.Until(panel + `.querySelectorAll('li').length === 2`)
	ann.Script(field + `.focus()`)
	ann.Do(rig.Type("hi @"))
	ann.Until(fmt.Sprintf(`%s === %q`, suggested, name))
	ann.Do(rig.Enter())
	ann.Until(fmt.Sprintf(`%s.value === %q`, field, "hi @"+name+" "))
	ann.Say("`@" + name + "`?")
	mark := fmt.Sprintf(`[...document.querySelectorAll('article .mention')].map(m => m.textContent).join() === %q`, "@"+name)
	ann.Until(mark + ` && !document.querySelector('.mention-me, .message-for-me')`)
	ben.Until(mark + ` && !!document.querySelector('.message-for-me .mention-me') &&
		!!` + rig.ByRole("article", "Mentions you."))
}
