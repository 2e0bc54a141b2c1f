package bench

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// The resolution of a histogram. Up to 128 µs, each bucket is one microsecond wide. From there on, the range from each
// power of two to the next is divided into 64 buckets. So a value that is read back is too large by at most 1 µs, or from
// 128 µs on by less than 1.6 percent.
const (
	subBits = 6
	subs    = 1 << subBits
	octaves = 34 // up to 2^40 µs
	shards  = 16 // the parts of the counts: goroutines that count at the same time mostly use different parts
)

// histogram counts durations. Any goroutine may add.
type histogram struct {
	counts [shards][(octaves + 1) * subs]atomic.Uint64
	worst  [shards]atomic.Int64
}

// add counts d in one of the shards; the number shard chooses which. Goroutines that use different shards do not disturb
// each other.
func (h *histogram) add(shard int, d time.Duration) {
	shard %= shards
	h.counts[shard][bucketOf(d)].Add(1)
	for {
		worst := h.worst[shard].Load()
		if int64(d) <= worst || h.worst[shard].CompareAndSwap(worst, int64(d)) {
			return
		}
	}
}

// bucketOf returns the bucket in which d counts.
func bucketOf(d time.Duration) int {
	us := uint64(max(0, d.Microseconds()))
	octave := max(0, bits.Len64(us)-subBits-1)
	return min(octave*subs+int(us>>octave), (octaves+1)*subs-1)
}

// upperBound returns the shortest duration that is too long for the bucket.
func upperBound(bucket int) time.Duration {
	octave := max(0, bucket/subs-1)
	return time.Duration(bucket-octave*subs+1) << octave * time.Microsecond
}

// times returns the percentiles of the durations that were counted. Call it only when no goroutine calls add any more.
func (h *histogram) times() Times {
	var all [(octaves + 1) * subs]uint64
	var n uint64
	var worst time.Duration
	for s := range h.counts {
		for i := range h.counts[s] {
			c := h.counts[s][i].Load()
			all[i] += c
			n += c
		}
		worst = max(worst, time.Duration(h.worst[s].Load()))
	}
	if n == 0 {
		return Times{}
	}
	percentile := func(percent uint64) float64 {
		rank, seen := (n*percent+99)/100, uint64(0) // the nearest rank
		for i, c := range all {
			if seen += c; seen >= rank {
				return milliseconds(min(upperBound(i), worst))
			}
		}
		return milliseconds(worst)
	}
	return Times{Median: percentile(50), P95: percentile(95), P99: percentile(99), Worst: milliseconds(worst)}
}
