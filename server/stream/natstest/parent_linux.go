package natstest

import "syscall"

// withParent lets the system kill a child process when this process ends.
func withParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
