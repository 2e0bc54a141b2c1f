//go:build linux || darwin

package main

import "syscall"

// maxFiles returns how many files this process may open. Go raises the soft limit to the hard limit at the start.
func maxFiles() (limit uint64, ok bool) {
	var r syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &r); err != nil {
		return 0, false
	}
	return r.Max, true
}
