package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// untilSignal returns a context that is done at the first SIGINT, SIGTERM or SIGHUP. A second SIGINT or SIGTERM ends the
// program at once. Further SIGHUPs do nothing, because a terminal that closes may send several. Under nohup, which starts
// the program with SIGHUP ignored, SIGHUP stays ignored. Call untilSignal once, in main.
func untilSignal() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	ends, hangsUp := make(chan os.Signal, 1), make(chan os.Signal, 1)
	signal.Notify(ends, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(hangsUp, syscall.SIGHUP)
	}
	go func() {
		select {
		case <-ends:
		case <-hangsUp:
		}
		signal.Stop(ends)
		cancel()
	}()
	return ctx
}
