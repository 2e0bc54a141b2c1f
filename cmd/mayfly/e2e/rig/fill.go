package rig

import (
	"fmt"
	"math"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/google/uuid"

	"mayfly/shared/wire"
)

// The tests fill a room with 500 messages, of which the page has rows for the newest 400.
const (
	Mounted   = 400 // the largest number of rows that the page mounts
	Unmounted = 100 // the number of older messages in the full room, which have no row
)

// Rows is a JavaScript expression: the list of the message rows that the page has mounted.
const Rows = `document.querySelectorAll('[role=log] article')`

// Fill posts n messages to room, and waits until the server has accepted all of them. It returns the time at which the first
// of them expires. ttl returns how long the i-th message lives. If ttl is nil or returns 0, the message lives as long as the
// room's default.
func Fill(r *Raw, room, name string, n int, ttl func(i int) time.Duration) time.Time {
	for i := range n {
		p := wire.Post{ID: uuid.NewString(), Room: room, Text: FillText(name, i+1)}
		if ttl != nil {
			p.TTL = ttl(i).Milliseconds()
		}
		r.Send(p)
	}
	first := int64(math.MaxInt64)
	for range n {
		first = min(first, Next[wire.Accepted](r).Expires)
	}
	return time.UnixMilli(first)
}

// FillText returns the i-th text that Fill posts; i begins with 1.
func FillText(name string, i int) string { return fmt.Sprintf("%s %d.", name, i) }

// Newest returns a cheap JavaScript condition: the last row contains the i-th text of Fill.
func Newest(name string, i int) string {
	return fmt.Sprintf(`[...%s].at(-1)?.querySelector('.message-text').textContent === %q`, Rows, FillText(name, i))
}

// Gone returns a cheap JavaScript condition: no row contains the i-th text of Fill.
func Gone(name string, i int) string {
	const texts = "document.querySelectorAll('.message-text')"
	return fmt.Sprintf(`![...%s].some(a => a.textContent === %q)`, texts, FillText(name, i))
}

// Mark makes a performance.mark in the page. Trace.Marks has the time of the mark.
func Mark(name string) chromedp.Action[chromedp.Void] {
	return chromedp.Evaluate[chromedp.Void](fmt.Sprintf("void performance.mark(%q)", name))
}
