//go:build !linux && !darwin && !freebsd

package bench

// ownTime returns no time: on this system the generator does not measure its processor time.
func ownTime() processorTime { return processorTime{} }

// fileLimit returns no limit: on this system none is known.
func fileLimit() (limit uint64, known bool) { return 0, false }
