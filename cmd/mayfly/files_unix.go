//go:build linux || darwin

package main

import "syscall"

// maxFiles returns the hard limit of files that this process may open. At its start, Go raises the soft limit to it, or as
// far as the system allows.
func maxFiles() (limit uint64, ok bool) {
	var r syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &r); err != nil {
		return 0, false
	}
	return r.Max, true
}
