package chat_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"mayfly/app/client"
	"mayfly/cmd/mayfly/e2e/rig"
	"mayfly/shared/wire"
)

const (
	dark     = `getComputedStyle(document.body).backgroundColor === 'rgb(15, 39, 51)'`
	inGarden = `location.pathname === '/r/garden' && document.title === '#garden – Mayfly'`
	// logStop is where the Tab key stops in the log.
	logStop = `(theOne('log').querySelector('article[tabindex="0"]') ?? theOne('log'))`
)

var (
	undo     = rig.Find("#message-undo button") // it goes after some seconds, and byRole is slow
	accepted = `!` + rig.Row("so do I") + `.matches('` + rig.WaitingRow + `')`
)

// sighted returns a JavaScript condition: the row with this text is whole in the visible part of the log.
func sighted(text string) string {
	return fmt.Sprintf(`((r, l) => r.top >= l.top && r.bottom <= l.bottom)(%s.getBoundingClientRect(),
		%s.getBoundingClientRect())`, rig.Row(text), rig.Log)
}

// A witness is another client in the room garden. It gets what others get.
type witness struct {
	t      *testing.T
	frames chan wire.Frame
	third  int64 // the seq of "line 3."; on several nodes it is not 3, because their stream counts the epoch, too
}

// garden starts a server where users can sign in, and a room called garden with 40 messages.
func garden(t *testing.T) (*rig.Server, witness) {
	t.Helper()
	server := rig.Dev(t, "-rate", "1000/1s", "-ttl", "1h")
	author, r := rig.DialAnd(t, server, "garden"), rig.Dial(t, server)
	rig.Fill(author, "garden", "line", 40, nil)
	author.Close()
	r.Hello(client.NewGuest(), wire.Join{Room: "garden"})
	w := witness{t, make(chan wire.Frame, 1000), rig.Next[wire.Joined](r).Messages[2].Seq}
	go r.Each(func(f wire.Frame) { w.frames <- f }) //nolint:errcheck // the connection ends with the test
	return server, w
}

// gets waits for a frame for which match returns true.
func (w witness) gets(what string, match func(wire.Frame) bool) {
	w.t.Helper()
	for timeout := time.After(rig.Timeout); ; {
		select {
		case f := <-w.frames:
			if match(f) {
				return
			}
		case <-timeout:
			w.t.Fatalf("the others never get %s", what)
		}
	}
}

func (w witness) isHeart(f wire.Frame) bool {
	r, ok := f.(wire.Reacted)
	return ok && r.To == w.third && r.Emoji == "❤️" && r.On
}

func (w witness) isReply(f wire.Frame) bool {
	p, ok := f.(wire.Posted)
	return ok && p.ReplyTo == w.third && p.Text == "so do I"
}

func isTakenBack(f wire.Frame) bool {
	r, ok := f.(wire.Removed)
	return ok && r.Why == wire.WhyAuthor
}

// TestChatByKeyboardAlone signs in, opens a room, reads back, reacts, replies, takes the reply back, chooses the dark theme
// and signs out. The user has nothing but a keyboard: only keys are pressed, on the provider's page, too.
func TestChatByKeyboardAlone(t *testing.T) {
	t.Parallel()
	server, others := garden(t)
	tab := rig.OpenBrowser(t).Tab(server.URL).Ready()
	tab.Dark(false)

	tab.Press(kb.F6)
	tab.Until(rig.Header + `.contains(document.activeElement)`)
	tab.TabTo(rig.ByRole("button", "Sign in"))
	tab.Do(rig.Enter())
	tab.Until(`document.title.includes('development sign-in')`)
	tab.TabTo(rig.ByRole("button", "Ada Lovelace"))
	tab.Do(rig.Enter())
	tab.Until(rig.SignedIn("Ada Lovelace"))
	tab.Ready()

	tab.Press("k", chromedp.KeyModifiers(chromedp.ModifierCtrl))
	tab.Until(paletteOpen)
	tab.Press("garden")
	tab.Until(atEnter + `?.computedName === 'Open #garden'`)
	tab.Do(rig.Enter())
	tab.Until(inGarden + ` && document.activeElement === ` + rig.Composer + ` && ` + sighted("line 40."))

	tab.TabBackTo(logStop)
	for i := 0; i < 20 && !rig.Eval[bool](tab, sighted("line 1.")); i++ {
		tab.Script(`window.stood = ` + rig.Log + `.scrollTop`)
		tab.Press(kb.PageUp)
		tab.Until(rig.Log + `.scrollTop < stood || ` + sighted("line 1.")) // a press before may have gone on to the end
	}
	tab.Until(sighted("line 1."))
	tab.Press(kb.Home)
	tab.Press(kb.ArrowDown)
	tab.Press(kb.ArrowDown)
	tab.Until(`document.activeElement === ` + rig.Row("line 3."))

	chooseAction(tab, "❤️")
	tab.Until(in("line 3.", ".reaction") + `?.textContent === '❤️ 1' && document.activeElement === ` +
		rig.Row("line 3."))
	others.gets("the reaction", others.isHeart)

	chooseAction(tab, "Reply")
	tab.Until(`document.activeElement === ` + rig.Composer + ` && ` + rig.Form + `.innerText.includes('line 3.')`)
	tab.Press("so do I")
	tab.Do(rig.Enter())
	tab.Until(in("so do I", ".message-quote") + `?.textContent.includes('line 3.') && ` + accepted)
	others.gets("the reply", others.isReply)

	for _, again := range []bool{true, false} {
		tab.TabBackTo(logStop)
		tab.Press(kb.End)
		tab.Until(`document.activeElement === ` + rig.Row("so do I"))
		chooseAction(tab, "Take back")
		tab.Until(`!` + rig.Row("so do I") + ` && ` + undo + `?.textContent === 'Undo'`)
		tab.Until(`document.activeElement === ` + rig.Composer)
		if again {
			tab.TabBackTo(undo)
			tab.Do(rig.Enter())
			tab.Until(`!!` + rig.Row("so do I") + ` && !` + undo + ` && document.activeElement === ` + rig.Composer)
		}
	}
	others.gets("the removal", isTakenBack)

	tab.Press(kb.F6)
	tab.TabTo(rig.ByRole("button", "Settings"))
	tab.Do(rig.Enter())
	tab.Until(dialog + `.matches(':modal')`)
	tab.TabTo(rig.ByRole("radio", "System"))
	tab.Press(kb.ArrowDown)
	tab.Press(kb.ArrowDown)
	tab.Until(rig.ByRole("radio", "Dark") + `.checked && ` + dark)
	tab.Press(kb.Escape)
	tab.Until(noDialog + ` && document.activeElement === ` + openSettings)

	tab.TabTo(rig.ByRole("button", "Sign out"))
	tab.Do(rig.Enter())
	tab.Until(inGarden + ` && ` + rig.SignedIn(""))
	tab.Ready()
	tab.Until(dark)
}

// chooseAction presses Enter on the row that has the focus, and then the arrow keys until they lead to the action name, and
// Enter again.
func chooseAction(tab *rig.Tab, name string) {
	tab.Do(rig.Enter())
	tab.Until(`!!document.activeElement.closest('[role=toolbar]')`)
	for i := 0; i < 20 && rig.Eval[string](tab, `document.activeElement.textContent`) != name; i++ {
		tab.Press(kb.ArrowRight)
	}
	tab.Until(fmt.Sprintf(`document.activeElement.textContent === %q`, name))
	tab.Do(rig.Enter())
}

// TestChatByTouchAlone does on a phone what TestChatByKeyboardAlone does with keys. The user has nothing but fingers:
// everything is touched, and a text is written only after a finger has touched its field.
func TestChatByTouchAlone(t *testing.T) {
	t.Parallel()
	server, others := garden(t)
	tab := rig.OpenBrowser(t).Tab("")
	tab.Phone()
	tab.Dark(false)
	tab.Do(chromedp.Navigate(server.URL))
	tab.Until(rig.Connection + ` === 'Online'`)
	write := func(field, text string) {
		t.Helper()
		tab.Tap(field)
		tab.Until(`document.activeElement === ` + field)
		tab.Do(rig.Type(text))
	}

	tab.Tap(rig.ByRole("button", "Sign in"))
	tab.Until(`document.title.includes('development sign-in')`)
	tab.Tap(rig.ByRole("button", "Ada Lovelace"))
	tab.Until(rig.SignedIn("Ada Lovelace") + ` && ` + rig.Connection + ` === 'Online'`)

	tab.Tap(rig.ByRole("button", "Rooms"))
	write(rig.ByRole("textbox", "room"), "garden")
	tab.Tap(`document.querySelector('.rooms-form button')`)
	tab.Until(inGarden + ` && ` + sighted("line 40."))

	for i := 0; i < 20 && !rig.Eval[bool](tab, sighted("line 1.")); i++ {
		tab.Script(`window.stood = ` + rig.Log + `.scrollTop`)
		tab.Swipe(rig.Log, 200)
		tab.Until(`(` + rig.Log + `.scrollTop < stood || ` + sighted("line 1.") + `) &&
			window.was === (window.was = ` + rig.Log + `.scrollTop)`)
	}
	tab.Until(sighted("line 1.") + ` && !document.querySelector('.message-actions')`)

	act := func(text, action string) {
		t.Helper()
		tab.LongPress(in(text, rig.RowText), in(text, rig.RowMore)+`.ariaExpanded === 'true'`)
		tab.Tap(rig.Action(text, action))
	}
	act("line 3.", "❤️")
	tab.Until(in("line 3.", ".reaction") + `?.textContent === '❤️ 1'`)
	others.gets("the reaction", others.isHeart)

	act("line 3.", "Reply")
	tab.Until(rig.Form + `.innerText.includes('line 3.')`)
	write(rig.Composer, "so do I")
	tab.Tap(rig.ByRole("button", "Send"))
	tab.Until(in("so do I", ".message-quote") + `?.textContent.includes('line 3.') && ` + accepted)
	others.gets("the reply", others.isReply)

	act("so do I", "Take back")
	tab.Until(`!` + rig.Row("so do I"))
	tab.Tap(undo)
	tab.Until(`!!` + rig.Row("so do I") + ` && !` + undo)
	act("so do I", "Take back")
	tab.Until(`!` + rig.Row("so do I") + ` && !!` + undo)
	others.gets("the removal", isTakenBack)

	tab.Tap(rig.ByRole("button", "Menu"))
	tab.Tap(rig.ByRole("button", "Settings"))
	tab.Until(dialog + `.matches(':modal')`)
	tab.Tap(rig.ByRole("radio", "Dark") + `.closest('label')`) // the button itself is smaller than its label
	tab.Until(rig.ByRole("radio", "Dark") + `.checked && ` + dark)
	tab.Tap(rig.ByRole("button", "Close"))
	tab.Until(noDialog)

	tab.Tap(rig.ByRole("button", "Sign out"))
	tab.Until(inGarden + ` && ` + rig.SignedIn("") + ` && ` + dark)
}
