package rig

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/css"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/tracing"
	"github.com/chromedp/chromedp"
)

// A Trace is a record of the work of a tab's main thread for a while.
type Trace struct {
	Tasks []Task                   // in order
	Marks map[string]time.Duration // when each performance.mark was made; the last of a name
}

// A Task is one turn of the event loop: a script, a timer, a frame. Busy is the processor's time, which other programs on
// the machine do not lengthen; Took is the clock's.
type Task struct{ At, Busy, Took time.Duration }

// Between returns how long the main thread was busy between two marks, and how long its longest task took in that time.
func (tr Trace) Between(from, to string) (busy, longest time.Duration) {
	for _, task := range tr.Tasks {
		if task.At >= tr.Marks[from] && task.At < tr.Marks[to] {
			busy += task.Busy
			longest = max(longest, task.Took)
		}
	}
	return busy, longest
}

// traced is an event of Chromium's trace format; its times are microseconds.
type traced struct {
	Name string  `json:"name"`
	Cat  string  `json:"cat"`
	TS   float64 `json:"ts"`
	Dur  float64 `json:"dur"`
	CPU  float64 `json:"tdur"`
	PID  int     `json:"pid"`
	TID  int     `json:"tid"`
}

// Trace begins a DevTools trace; stop ends it. The page must make at least one mark meanwhile: it tells which thread is the
// page's.
func (tab *Tab) Trace() (stop func() Trace) {
	tab.t.Helper()
	var events []traced
	done := make(chan struct{})
	listening, cancel := context.WithCancel(tab.Ctx)
	err := chromedp.Listen(listening, func(e any) {
		switch e := e.(type) {
		case *tracing.EventDataCollected:
			for _, v := range e.Value {
				var event traced
				if json.Unmarshal(v, &event) == nil {
					events = append(events, event)
				}
			}
		case *tracing.EventTracingComplete:
			close(done)
		}
	})
	if err != nil {
		cancel()
		tab.t.Fatal(err)
	}
	tab.watched(false)
	tab.Do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, tracing.Start, tracing.StartParams{TraceConfig: &tracing.TraceConfig{
			IncludedCategories: []string{"disabled-by-default-devtools.timeline", "blink.user_timing"},
			ExcludedCategories: []string{"*"},
		}})
		return err
	}))
	return func() Trace {
		tab.t.Helper()
		defer cancel()
		tab.Do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
			_, err := chromedp.Call(ctx, tracing.End, cdp.Empty{})
			return err
		}))
		select {
		case <-done:
		case <-time.After(Timeout):
			tab.t.Fatal("the trace never came")
		}
		tab.watched(true)
		return read(events)
	}
}

// watched turns on or off the browser's reports of events in the page and on its network. chromedp turns them on. They take
// time of the page's own thread for each change, which costs users without DevTools nothing.
func (tab *Tab) watched(yes bool) {
	tab.t.Helper()
	tab.Do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		var err [3]error
		if yes {
			_, err[0] = chromedp.Call(ctx, network.Enable, network.EnableParams{})
			_, err[1] = chromedp.Call(ctx, dom.Enable, dom.EnableParams{})
			_, err[2] = chromedp.Call(ctx, css.Enable, cdp.Empty{})
		} else {
			_, err[0] = chromedp.Call(ctx, network.Disable, cdp.Empty{})
			_, err[1] = chromedp.Call(ctx, css.Disable, cdp.Empty{})
			_, err[2] = chromedp.Call(ctx, dom.Disable, cdp.Empty{})
		}
		return errors.Join(err[:]...)
	}))
}

func read(events []traced) Trace {
	tr := Trace{Marks: map[string]time.Duration{}}
	var pid, tid int
	for _, e := range events {
		if strings.Contains(e.Cat, "blink.user_timing") {
			tr.Marks[e.Name] = micros(e.TS)
			pid, tid = e.PID, e.TID
		}
	}
	for _, e := range events {
		if e.Name == "RunTask" && e.PID == pid && e.TID == tid {
			tr.Tasks = append(tr.Tasks, Task{micros(e.TS), micros(e.CPU), micros(e.Dur)})
		}
	}
	return tr
}

func micros(us float64) time.Duration { return time.Duration(us * float64(time.Microsecond)) }
