package rig

import (
	"fmt"
	"math"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/google/uuid"

	"mayfly/shared/wire"
)

// A full room holds 500 messages, of which the page mounts the newest.
const (
	Mounted   = 400 // rows that the page mounts at most
	Unmounted = 100 // messages of a full room that are above them
)

// Rows is the JavaScript list of the message rows that are mounted.
const Rows = `document.querySelectorAll('[role=log] article')`

// Fill posts n messages and waits until the server has them. It returns when the first one expires. ttl returns the life of
// the i-th message; a nil ttl, or 0, is the life that the room gives.
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

// FillText is the i-th text, from 1, that Fill posts.
func FillText(name string, i int) string { return fmt.Sprintf("%s %d.", name, i) }

// Newest is a cheap JavaScript condition: the last row holds the i-th text of Fill.
func Newest(name string, i int) string {
	return fmt.Sprintf(`[...%s].at(-1)?.querySelector('.message-text').textContent === %q`, Rows, FillText(name, i))
}

// Gone is a cheap JavaScript condition: no row holds the i-th text of Fill.
func Gone(name string, i int) string {
	const texts = "document.querySelectorAll('.message-text')"
	return fmt.Sprintf(`![...%s].some(a => a.textContent === %q)`, texts, FillText(name, i))
}

// Mark makes a mark in the page's timeline, which a Trace finds.
func Mark(name string) chromedp.Action[chromedp.Void] {
	return chromedp.Evaluate[chromedp.Void](fmt.Sprintf("void performance.mark(%q)", name))
}
