package rig

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// faults collects the faults of all pages of a tab since the tab was opened.
type faults struct {
	mu  sync.Mutex // guards the fields below
	all []string
}

// hear runs when the browser reports the event e. It adds e to the faults if e is an error in the browser's log (such as a
// request that the content security policy blocked), an error in the console, an unhandled exception or rejected promise, or
// a dialog.
func (f *faults) hear(e any) {
	var fault string
	switch e := e.(type) {
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError {
			fault = fmt.Sprintf("%s: %s %s", e.Entry.Source, e.Entry.Text, e.Entry.URL)
		}
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError {
			var words []string
			for _, arg := range e.Args {
				words = append(words, arg.Description+string(arg.Value))
			}
			fault = "console.error: " + strings.Join(words, " ")
		}
	case *runtime.EventExceptionThrown:
		fault = e.ExceptionDetails.Text
		if x := e.ExceptionDetails.Exception; x != nil {
			fault += " " + x.Description + string(x.Value)
		}
	case *page.EventJavascriptDialogOpening:
		fault = "a dialog: " + e.Message
	}
	if fault != "" {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.all = append(f.all, fault)
	}
}

// Faults returns the faults of the tab since it was opened: what the content security policy blocked, errors in the console,
// unhandled exceptions and rejected promises, files that did not load, and dialogs.
func (tab *Tab) Faults() []string {
	tab.t.Helper()
	Eval[int](tab, "0") // when its answer arrives, all faults that the browser reported before have arrived, too
	tab.faults.mu.Lock()
	defer tab.faults.mu.Unlock()
	return slices.Clone(tab.faults.all)
}

// BeforeScripts runs js in each page that the tab opens from now on, before the page's own scripts.
func (tab *Tab) BeforeScripts(js string) {
	tab.t.Helper()
	tab.Do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, page.AddScriptToEvaluateOnNewDocument,
			page.AddScriptToEvaluateOnNewDocumentParams{Source: js})
		return err
	}))
}
