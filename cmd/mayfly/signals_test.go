//go:build unix

package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// childVariable tells TestSignalsStop that it is the child process.
const childVariable = "UNTIL_SIGNAL_CHILD"

// TestSignalsStop runs a child that waits for untilSignal, and then for the end of its input.
func TestSignalsStop(t *testing.T) {
	if means := os.Getenv(childVariable); means != "" {
		number, err := strconv.Atoi(means)
		if err != nil {
			t.Fatal(err)
		}
		waitForSignal(hangup(number))
	}
	// A signal that this process catches is not ignored by its children, also if this process was started by nohup.
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, syscall.SIGHUP)
	defer signal.Stop(caught)
	for _, tt := range []struct {
		name    string
		signals []syscall.Signal // the first one stops the child, the others follow while it stops
		killed  bool
		nohup   bool // whether the child is started with SIGHUP ignored
		means   hangup
	}{
		{"SIGINT", []syscall.Signal{syscall.SIGINT}, false, false, hangupStops},
		{"SIGTERM", []syscall.Signal{syscall.SIGTERM}, false, false, hangupReloads},
		{"SIGHUP", []syscall.Signal{syscall.SIGHUP}, false, false, hangupStops},
		{"a terminal that closes", []syscall.Signal{syscall.SIGHUP, syscall.SIGHUP, syscall.SIGHUP}, false, false,
			hangupStops},
		{"SIGHUP after SIGTERM", []syscall.Signal{syscall.SIGTERM, syscall.SIGHUP}, false, false, hangupStops},
		{"Ctrl-C twice", []syscall.Signal{syscall.SIGINT, syscall.SIGINT}, true, false, hangupStops},
		{"SIGTERM under nohup", []syscall.Signal{syscall.SIGTERM}, false, true, hangupStops},
		{"SIGHUP under nohup", []syscall.Signal{syscall.SIGHUP}, false, true, hangupStops},
		{"SIGHUP that reloads", []syscall.Signal{syscall.SIGHUP}, false, false, hangupReloads},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ignored := ""
			if tt.nohup {
				ignored = "trap '' HUP; "
			}
			child := exec.CommandContext(t.Context(), "sh", "-c", ignored+`exec "$0" -test.run='^TestSignalsStop$'`, os.Args[0])
			child.Env = append(os.Environ(), childVariable+"="+strconv.Itoa(int(tt.means)))
			in, err := child.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			out, err := child.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := child.Start(); err != nil {
				t.Fatal(err)
			}
			lines := bufio.NewScanner(out)
			for i, s := range tt.signals {
				if i < 2 && !lines.Scan() { // it is ready, and then it stops
					t.Fatalf("the child ended before signal %d", i)
				}
				if err := child.Process.Signal(s); err != nil {
					t.Fatal(err)
				}
			}
			stops := tt.signals[0] != syscall.SIGHUP || !tt.nohup && tt.means == hangupStops
			if stops && len(tt.signals) == 1 && !lines.Scan() {
				t.Error("the child does not stop in order")
			}
			if !tt.killed { // a child that is to be killed must not end by itself
				if err := in.Close(); err != nil {
					t.Error(err)
				}
			}
			if !stops && lines.Scan() {
				t.Error("the child stops, want it to ignore the signal")
			}
			if err := child.Wait(); (err != nil) != tt.killed {
				t.Errorf("the child ended with %v, want killed: %t", err, tt.killed)
			}
		})
	}
}

// waitForSignal is the child of TestSignalsStop. It writes a line when it is ready, and another one when a signal stops it.
func waitForSignal(means hangup) {
	ctx := untilSignal(means)
	os.Stdout.WriteString("ready\n")
	ended := make(chan error, 1)
	go func() {
		_, err := io.Copy(io.Discard, os.Stdin)
		ended <- err
	}()
	select {
	case <-ctx.Done():
		os.Stdout.WriteString("stopping\n")
		<-ended
	case <-ended:
	}
	os.Exit(0)
}

// TestHangupRightAfterTheStart: a SIGHUP that arrives as soon as onHangup has returned reloads.
func TestHangupRightAfterTheStart(t *testing.T) {
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, syscall.SIGHUP) // a signal that this process catches is not ignored, also under nohup
	defer signal.Stop(caught)
	for range 100 {
		alive, stop := context.WithCancel(t.Context())
		n := &node{alive: alive}
		reloaded := make(chan struct{}, 1)
		n.onHangup(func() { reloaded <- struct{}{} })
		if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		<-reloaded
		stop()
		n.ended.Wait()
	}
}

// TestHangupReloadsOnlyWithoutATerminal asks what SIGHUP means in a process that has no controlling terminal.
func TestHangupReloadsOnlyWithoutATerminal(t *testing.T) {
	const variable = "HANGUP_CHILD"
	if os.Getenv(variable) != "" {
		for _, args := range [][]string{{"serve"}, {"serve", "-ttl", "1m"}, {"dev"}, {"bench", "serve"}, nil} {
			fmt.Println(hangupFor(args) == hangupReloads)
		}
		os.Exit(0)
	}
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestHangupReloadsOnlyWithoutATerminal$")
	child.Env = append(os.Environ(), variable+"=1")
	child.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // a new session has no terminal
	out, err := child.Output()
	if got := strings.Fields(string(out)); err != nil || strings.Join(got, " ") != "true true false false false" {
		t.Errorf("SIGHUP reloads: %v, %v, want it for serve alone", got, err)
	}
}
