package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// hangup is what SIGHUP means to a command.
type hangup int

const (
	hangupStops   hangup = iota // the terminal was closed: stop
	hangupReloads               // an operator asks to read files again (see onHangup)
)

// hangupFor returns what SIGHUP means to the command in args. "mayfly serve" reads its files again, as other servers do. If
// it was started in a terminal, SIGHUP stops it, because the system sends that signal when the terminal is closed.
func hangupFor(args []string) hangup {
	if len(args) > 0 && args[0] == "serve" && !hasTerminal() {
		return hangupReloads
	}
	return hangupStops
}

// hasTerminal reports whether this process has a controlling terminal.
func hasTerminal() bool {
	terminal, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil {
		return false
	}
	terminal.Close()
	return true
}

// untilSignal returns a context that is done at the first SIGINT or SIGTERM, or SIGHUP if that stops the command. A second
// SIGINT or SIGTERM ends the program at once. Further SIGHUPs do nothing, because a terminal that closes may send several.
// Under nohup, which starts the program with SIGHUP ignored, SIGHUP stays ignored. Call untilSignal once, in main.
func untilSignal(onHangup hangup) context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	ends, hangsUp := make(chan os.Signal, 1), make(chan os.Signal, 1)
	signal.Notify(ends, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(hangsUp, syscall.SIGHUP) // so SIGHUP does not end the program before onHangup is called
	}
	if onHangup == hangupReloads {
		hangsUp = nil
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

// onHangup calls reload at each SIGHUP from now on until n ends, unless SIGHUP is ignored. If SIGHUP stops this program,
// reload may run once more before the stop.
func (n *node) onHangup(reload func()) {
	if signal.Ignored(syscall.SIGHUP) {
		return
	}
	hangsUp := make(chan os.Signal, 1)
	signal.Notify(hangsUp, syscall.SIGHUP) // here: the goroutine may start late, and a SIGHUP before that must count
	n.ended.Go(func() {
		defer signal.Stop(hangsUp)
		for {
			select {
			case <-hangsUp:
				reload()
			case <-n.alive.Done():
				return
			}
		}
	})
}
