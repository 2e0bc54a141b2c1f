//go:build !linux && !darwin

package main

// maxFiles returns false: this system has no such limit, or Mayfly does not know it.
func maxFiles() (limit uint64, ok bool) { return 0, false }
