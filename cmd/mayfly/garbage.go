package main

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	// Go lets the heap grow to twice what is in use before it collects garbage (100 percent). With little in use that saves
	// much work for little memory. But live messages may take gigabytes, and then as much would be garbage. So above
	// roomyHeap bytes the garbage grows more slowly than what is in use, and the percentage falls to leastPercent.
	usualPercent = 100
	roomyHeap    = 32 << 20
	leastPercent = 25

	tuneEvery = time.Second
)

// tuneCollector adapts to what is in use how much garbage may be on the heap, until ctx is done. It does nothing if the
// operator has chosen a percentage with the variable GOGC.
func tuneCollector(ctx context.Context) {
	samples := []metrics.Sample{{Name: "/gc/gogc:percent"}, {Name: "/gc/heap/live:bytes"}}
	metrics.Read(samples)
	if samples[0].Value.Uint64() != usualPercent {
		return
	}
	defer debug.SetGCPercent(usualPercent)
	tick := time.NewTicker(tuneEvery)
	defer tick.Stop()
	now := usualPercent
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		metrics.Read(samples[1:])
		// Each call of SetGCPercent stops the program for a moment, so small changes wait.
		if next := percentFor(samples[1].Value.Uint64()); next < now-3 || next > now+3 {
			debug.SetGCPercent(next)
			now = next
		}
	}
}

// percentFor returns by how many percent the heap may grow with garbage if live bytes of it are in use.
func percentFor(live uint64) int {
	return int(max(leastPercent, min(usualPercent, usualPercent*roomyHeap/max(live, 1))))
}
