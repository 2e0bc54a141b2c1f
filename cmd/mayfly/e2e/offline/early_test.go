package offline_test

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"mayfly/app/client"
	"mayfly/cmd/mayfly/e2e/rig"
)

// A program is a front that keeps the client's program back until the test lets it through.
type program struct {
	front  *rig.Front
	server *rig.Server
	let    chan struct{} // closed when the test lets the program through
	denied atomic.Bool   // the front answers requests for the program with 502
}

func holdProgram(t *testing.T) *program {
	t.Helper()
	p := &program{let: make(chan struct{})}
	p.front = rig.NewFront(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, ".wasm") {
				select {
				case <-p.let:
				case <-r.Context().Done():
				}
				if p.denied.Load() {
					w.WriteHeader(http.StatusBadGateway)
					return
				}
			}
			next.ServeHTTP(w, r)
		})
	}, nil)
	p.server = p.front.Serve()
	return p
}

// texts is a JavaScript expression: the texts of all messages.
const texts = `[...` + rig.Rows + `].map(a => a.querySelector('` + rig.RowText + `').textContent).join('|')`

// open opens the page in a tab whose processor is six times as slow, and waits until the user can write.
func (p *program) open(t *testing.T) *rig.Tab {
	t.Helper()
	tab := rig.OpenBrowser(t).Tab("")
	tab.Do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetCPUThrottlingRate, emulation.SetCPUThrottlingRateParams{Rate: 6})
		return err
	}), chromedp.Navigate(p.front.URL))
	tab.Until(`document.activeElement === ` + rig.Composer + ` && !` + rig.Composer + `.disabled`)
	return tab
}

// TestWritingBeforeTheClientRuns: on a slow machine the user sends a text and composes another one in Japanese while the
// program loads. The client sends the first text once, and does not disturb the composition.
func TestWritingBeforeTheClientRuns(t *testing.T) {
	t.Parallel()
	p := holdProgram(t)
	reader := rig.NewPerson(t, "Reader", p.server.SocketURL())
	tab := p.open(t)
	tab.Say("First")
	tab.Until(`document.querySelector('.composer-early').innerText.replace(/\s+/g, ' ') ===
		'Mayfly is starting, and will then send: First'`)
	tab.Do(rig.Type("mine "))
	tab.Compose("にほん")
	tab.Script(`window.composed = 0; document.activeElement.addEventListener('compositionend', () => composed++)`)
	close(p.let)
	tab.Until(`!!document.querySelector('.shell-over') &&
		document.querySelector('[role=status]').innerText.includes('Online')`)
	if got := rig.Eval[string](tab, `composed + document.activeElement.value`); got != "0mine にほん" {
		t.Errorf("as the page comes, the input method has %q", got)
	}
	tab.Do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, input.InsertText, input.InsertTextParams{Text: "日本"})
		return err
	}))
	tab.Ready()
	tab.Until(caret + ` === 'mine 日本||'`)
	tab.Say("語")
	tab.Until(texts + ` === 'First|mine 日本語'`)
	reader.Until("both texts", func(v client.View) bool { return strings.Join(rig.Texts(v), "|") == "First|mine 日本語" })
}

// TestWrittenTextOutlivesAFailedStart: the user has sent a text and begun another one when the program fails to load. The
// page shows both. When it is loaded again and starts, it sends the first and has the other in the field.
func TestWrittenTextOutlivesAFailedStart(t *testing.T) {
	t.Parallel()
	p := holdProgram(t)
	tab := p.open(t)
	tab.Do(rig.Type("Sent"))
	tab.Click("button", "Send")
	tab.Do(rig.Type("Begun"))
	p.denied.Store(true)
	close(p.let)
	tab.Until(`document.getElementById('kept').innerText.replace(/\s+/g, ' ') ===
		'This tab keeps what you have written: Sent Begun'`)
	p.denied.Store(false)
	tab.Click("button", "Reload")
	tab.Ready()
	tab.Until(caret + ` === 'Begun||'`)
	tab.Until(texts + ` === 'Sent'`)
	tab.Until(`sessionStorage.getItem('mayfly-early-lobby') === null`)
}

// TestLateDraftLeavesAnEmptiedShellAlone: when the draft comes, the user has written in the shell and emptied the field.
// So the draft is offered.
func TestLateDraftLeavesAnEmptiedShellAlone(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	tab := rig.OpenBrowser(t).Tab("")
	writtenHalf(tab, server.URL)
	tab.Do(chromedp.Reload())
	tab.Until(`document.querySelector('.shell')?.contains(document.activeElement)`)
	tab.Do(rig.Type("x"), chromedp.KeyEvent(kb.Backspace))
	release(tab)
	tab.Until(onOffer + `.startsWith('You left a draft here: “half written”') && ` + rig.MayWrite)
	if got := written(tab); got != "" {
		t.Errorf("the field holds %q", got)
	}
}
