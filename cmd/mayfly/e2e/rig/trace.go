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

// A Trace is a record of what the main thread of a tab did between the call of Tab.Trace and the call of stop.
type Trace struct {
	Tasks []Task                   // in order of time
	Marks map[string]time.Duration // the time of each performance.mark, by its name; of equal names, the last mark
}

// A Task is one turn of the event loop: a script, a timer, a frame. Busy is the processor time, which other programs on the
// machine do not make longer. Took is the time by the clock.
type Task struct{ At, Busy, Took time.Duration }

// Between returns how long the main thread was busy between the marks begin and end, and how long its longest task took
// between them.
func (tr Trace) Between(begin, end string) (busy, longest time.Duration) {
	for _, task := range tr.Tasks {
		if task.At >= tr.Marks[begin] && task.At < tr.Marks[end] {
			busy += task.Busy
			longest = max(longest, task.Took)
		}
	}
	return busy, longest
}

// traced is an event of Chromium's trace format. Its times are in microseconds.
type traced struct {
	Name string  `json:"name"`
	Cat  string  `json:"cat"`
	TS   float64 `json:"ts"`
	Dur  float64 `json:"dur"`
	CPU  float64 `json:"tdur"`
	PID  int     `json:"pid"`
	TID  int     `json:"tid"`
}

// Trace begins a DevTools trace; stop ends it. Before stop is called, the page must make at least one performance.mark,
// because the thread of the mark tells which thread of the trace is the page's.
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

// watched turns on or off the browser's reports of events in the page and on its network. chromedp turns the reports on. For
// each change of the page a report takes time of the page's main thread. A user without DevTools does not lose this time, so
// Trace turns the reports off.
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
