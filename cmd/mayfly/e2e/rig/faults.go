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

// faults are the complaints of a tab since it was opened, of all its pages.
type faults struct {
	mu  sync.Mutex // guards the fields below
	all []string
}

// hear notes the fault that e reports: something blocked by the policy, an error in the console, an unhandled exception or
// rejection, a dialog.
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

// Faults returns the complaints of the tab since it was opened: blocked by the policy, errors in the console, unhandled
// errors, files that did not load, dialogs.
func (tab *Tab) Faults() []string {
	tab.t.Helper()
	Eval[int](tab, "0") // faults that were reported before its answer have arrived by then
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
