package bench

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"
)

// processorTime is the time for which a process kept processors busy. Some systems do not tell it.
type processorTime struct {
	time  time.Duration
	known bool
}

// minus returns the time since earlier.
func (t processorTime) minus(earlier processorTime) processorTime {
	return processorTime{t.time - earlier.time, t.known && earlier.known}
}

// tick is the unit of times in /proc, USER_HZ, which is the same on every Linux that Go runs on.
const tick = 10 * time.Millisecond

// timeOf reads the processor time of a process from /proc. If pid is 0, or if /proc has no time of this process, timeOf
// returns a time that is not known.
func timeOf(pid int) processorTime {
	if pid == 0 {
		return processorTime{}
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return processorTime{}
	}
	// The name of the program comes second, in parentheses, and may contain anything. Then the state is field 3, and the
	// times in the program and in the kernel are fields 14 and 15.
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) < 13 {
		return processorTime{}
	}
	user, err := strconv.ParseInt(string(fields[11]), 10, 64)
	system, systemErr := strconv.ParseInt(string(fields[12]), 10, 64)
	return processorTime{time.Duration(user+system) * tick, err == nil && systemErr == nil}
}

// TimeOf returns the processor time of these processes together, 0 for those whose time cannot be measured.
func TimeOf(pids ...int) (sum time.Duration) {
	for _, pid := range pids {
		sum += timeOf(pid).time
	}
	return sum
}

// HasTimeOf reports whether the processor time of the process with this id can be measured.
func HasTimeOf(pid int) bool { return timeOf(pid).known }

// spareFiles is how many files the generator needs beside its connections.
const spareFiles = 32

// enoughFiles returns an error that says what to do if this process may not open as many files as n connections need.
func enoughFiles(n int) error {
	limit, known := fileLimit()
	if need := uint64(n + spareFiles); known && limit < need {
		return fmt.Errorf("%d connections need %d open files, and this shell allows %d: run ulimit -n %d first "+
			"(as root, if the hard limit, ulimit -Hn, is lower), or open fewer with -conns", n, need, limit, need)
	}
	return nil
}
