package main

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	// These percentages say how much garbage may be on the heap before Go collects it: 100 means as much garbage as there
	// are bytes in use. That is Go's default. With few bytes in use it saves much work and costs little memory. But live
	// messages may take gigabytes, and then garbage would take gigabytes, too. So if more than roomyHeap bytes are in use,
	// the percentage is lower: leastPercent at the least.
	usualPercent = 100
	roomyHeap    = 32 << 20
	leastPercent = 25

	tuneEvery = time.Second
)

// tuneCollector runs until ctx is done. Once in every tuneEvery it looks how many bytes of the heap are in use, and sets
// how much garbage may be there (percentFor). It returns at once if the variable GOGC sets another percentage than
// usualPercent.
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

// percentFor returns the percentage for debug.SetGCPercent if live bytes of the heap are in use.
func percentFor(live uint64) int {
	return int(max(leastPercent, min(usualPercent, usualPercent*roomyHeap/max(live, 1))))
}
