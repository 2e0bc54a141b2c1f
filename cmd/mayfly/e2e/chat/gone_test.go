package chat_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/google/uuid"

	"mayfly/cmd/mayfly/e2e/rig"
	"mayfly/shared/wire"
)

// TestReplyToWhatIsGoneComesBack: a user answers a message without a network, and meanwhile its author takes it back. The
// answer is not sent, and comes back as a draft that says why: into the field, or above it while the user may be writing.
func TestReplyToWhatIsGoneComesBack(t *testing.T) {
	t.Parallel()
	const text = `an answer to nothing`
	for _, tt := range []struct {
		name    string
		focused bool
		says    string
	}{
		{"into the field", false, "The message that this answers is gone. Look at it again before you send it."},
		{"above the field", true, "A message was not sent, because what it answers is gone: “" + text + "”"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server, proxy, url := rig.ServeBehindProxy(t)
			tab := rig.OpenBrowser(t).Tab(url).Ready()
			r := rig.DialAnd(t, server, wire.DefaultRoom)
			r.Send(wire.Post{ID: uuid.NewString(), Room: wire.DefaultRoom, Text: "Lunch?"})
			seq := rig.Next[wire.Accepted](r).Seq
			tab.Shows("Lunch?")
			proxy.Refuse(true)
			proxy.Cut()
			tab.Until(rig.Connection + ` !== 'Online'`)
			tab.Act("Lunch?", "Reply")
			tab.Say(text)
			tab.Until(in(text, "button.message-quote") + `?.textContent.includes('Lunch?')`)
			if !tt.focused {
				tab.Script(rig.Composer + `.blur()`)
			}
			r.Send(wire.Remove{Room: wire.DefaultRoom, Seq: seq})
			rig.Next[wire.Removed](r)
			proxy.Refuse(false)
			tab.Until(fmt.Sprintf(`%s.innerText.includes(%q) && !%s.length`, rig.Form, tt.says, rig.Rows))
			if tt.focused {
				if got := rig.Eval[string](tab, rig.Composer+`.value`); got != "" {
					t.Errorf("the field has %q before the user wants it there", got)
				}
				tab.Click("button", "Insert “"+text+"”")
			}
			tab.Until(fmt.Sprintf(`%s.value === %q`, rig.Composer, text))
			tab.Script(rig.Composer + `.focus()`)
			tab.Do(rig.Enter())
			tab.Until(`!!` + rig.Row(text) + ` && !` + in(text, ".message-quote") + ` && !` + rig.Find(rig.WaitingRow))
		})
	}
}

// TestTakeBackOutlivesThePage: the user takes a message back and leaves the page, long before the time to undo that is over.
// The message goes all the same.
func TestTakeBackOutlivesThePage(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		leave func(tab *rig.Tab)
	}{
		{"to another page", func(tab *rig.Tab) { tab.Do(chromedp.Navigate("about:blank")) }},
		{"by a reload", func(tab *rig.Tab) { tab.Do(chromedp.Reload()) }},
		{"and closes the tab", func(tab *rig.Tab) { tab.Close() }},
		{"and the browser freezes the hidden page", func(tab *rig.Tab) {
			tab.Minimize()
			tab.Freeze()
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := rig.Serve(t)
			ben := rig.OpenBrowser(t).Tab(server.URL).Ready()
			ann := rig.OwnBrowser(t).Profile(server.URL).Ready() // its Close leaves the page all the time
			ann.Say("A slip")
			ben.Shows("A slip")
			ann.Until(`!!` + rig.Row("A slip") + ` && !` + rig.Find(rig.WaitingRow))
			ann.Act("A slip", "Take back")
			ann.Until(`!` + rig.Row("A slip") + ` && !!` + rig.ByRole("button", "Undo"))
			ben.Shows("A slip") // the time to undo is not over
			tt.leave(ann)
			ben.ShowsNot("A slip")
		})
	}
}

// brief is the life of a message that a tab first shows or answers, for which no machine needs that long, and then outlives
// (rig.Tab.Outlive). Other messages live for an hour.
const brief = 3 * time.Minute

// TestQuoteLeadsToAMessageWithoutARow: the message that a reply answers is so old that it has no row. The quote leads there
// all the same. Once such a message expires, the quote says so.
func TestQuoteLeadsToAMessageWithoutARow(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t, "-rate", "100000/1s", "-ttl", "1h")
	tab := rig.OpenBrowser(t).Tab(server.URL).Ready()
	r := rig.DialAnd(t, server, wire.DefaultRoom)
	r.Send(wire.Post{ID: uuid.NewString(), Room: wire.DefaultRoom, Text: "goes", TTL: brief.Milliseconds()})
	goes := rig.Next[wire.Accepted](r).Seq
	rig.Fill(r, wire.DefaultRoom, "line", rig.Mounted+rig.Unmounted-10, nil)
	tab.Until(rig.Newest("line", rig.Mounted+rig.Unmounted-10))
	first := goes + 1
	r.Send(wire.Post{ID: uuid.NewString(), Room: wire.DefaultRoom, Text: "to the first line", ReplyTo: &first})
	r.Send(wire.Post{ID: uuid.NewString(), Room: wire.DefaultRoom, Text: "to what goes", ReplyTo: &goes})
	tab.Until(in("to what goes", "button.message-quote") + `?.textContent.endsWith(': goes')`)
	tab.Until(in("to the first line", "button.message-quote") + `?.textContent.endsWith(': line 1.')`)
	if rig.Eval[bool](tab, `!!`+rig.Row("goes")+` || !!`+rig.Row(rig.FillText("line", 1))) {
		t.Fatal("an old message has a row")
	}
	tab.Outlive(brief, r, wire.DefaultRoom)
	tab.Until(in("to what goes", "p.message-quote") + `?.textContent === 'In reply to a message that has expired'`)
	tab.Script(in("to the first line", "button.message-quote") + `.click()`)
	tab.Until(`document.activeElement === ` + rig.Row(rig.FillText("line", 1)))
	tab.Until(`((row, log) => row.top >= log.top && row.bottom <= log.bottom)(
		document.activeElement.getBoundingClientRect(), ` + rig.Log + `.getBoundingClientRect())`)
	if n := rig.Eval[int](tab, rig.Rows+`.length`); n > rig.Mounted {
		t.Errorf("%d rows are mounted, want %d at most", n, rig.Mounted)
	}
	noFaults(t, tab)
}

// holdReacts is a script that holds the page's reactions back until letGo() is called.
const holdReacts = `{
	const send = WebSocket.prototype.send, held = [];
	WebSocket.prototype.send = function(message) {
		if (String(message).includes('"type":"react"')) held.push(() => send.call(this, message));
		else send.call(this, message);
	};
	window.holds = () => held.length;
	window.letGo = () => held.splice(0).forEach(go => go());
}`

// TestReactsAsTheMessageExpires: the server gets a reaction when the message has just expired. That is nobody's fault, so
// the page says nothing; the focus stays among the messages.
func TestReactsAsTheMessageExpires(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	browser := rig.OpenBrowser(t)
	const pill = `document.querySelector('.reaction')`
	rig.InTime(t, 4*time.Second, func(life time.Duration) bool {
		room := "try-" + uuid.NewString()[:8]
		tab := browser.Tab("")
		tab.BeforeScripts(holdReacts)
		tab.Do(chromedp.Navigate(server.URL + "/r/" + room))
		tab.Ready()
		r := rig.DialAnd(t, server, room)
		expires := rig.Fill(r, room, "line", 2, lives(0, life))
		if !tab.Before(expires, rig.Newest("line", 2)) {
			return false
		}
		tab.Script(`{
			` + rig.Rows + `[1]?.querySelector('` + rig.RowMore + `').click();
			[...document.querySelectorAll('.message-actions button')].find(b => b.textContent === '👍')?.click();
		}`)
		if !tab.Before(expires, `holds() === 1 && `+pill+`?.textContent === '👍 1'`) {
			return false
		}
		if !rig.Eval[bool](tab, `(`+pill+`?.focus(), document.activeElement === `+pill+`)`) {
			return false
		}
		rig.Next[wire.Removed](r) // the server has forgotten the message
		tab.Until(rig.Gone("line", 2))
		if !rig.Eval[bool](tab, `document.activeElement === `+rig.Rows+`[0]`) {
			t.Error("the focus is not on the message that is left")
		}
		tab.Script(`letGo(); ` + rig.Composer + `.focus()`)
		tab.Say("later")
		tab.Until(rig.Rows + `.length === 2 && !` + rig.Find(rig.WaitingRow)) // so the reaction is answered
		if got := rig.Eval[string](tab, `[...byRole('region', 'Notice'), ...byRole('alert')].filter(e => e.checkVisibility())
			.map(e => e.innerText).join('')`); got != "" {
			t.Errorf("the page says %q", got)
		}
		noFaults(t, tab)
		return true
	})
}
