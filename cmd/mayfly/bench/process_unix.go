//go:build linux || darwin || freebsd

package bench

import (
	"syscall"
	"time"
)

// ownTime returns the processor time of this process.
func ownTime() processorTime {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return processorTime{}
	}
	return processorTime{time.Duration(u.Utime.Nano() + u.Stime.Nano()), true}
}

// fileLimit returns how many files this process may open. Go has raised the soft limit to the hard one.
func fileLimit() (limit uint64, known bool) {
	var r syscall.Rlimit
	err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &r)
	return uint64(r.Cur), err == nil //nolint:unconvert // signed on FreeBSD
}
