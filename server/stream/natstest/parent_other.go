//go:build !linux

package natstest

import "syscall"

// withParent has no effect on this system.
func withParent() *syscall.SysProcAttr { return nil }
