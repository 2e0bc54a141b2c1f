// Package rig starts the whole product for the end-to-end tests: the built binary as a child process, and headless Chromium.
// Tests find the elements of a page as assistive technology does, by role and name.
package rig

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"mayfly/server/stream/natstest"
)

// Timeout is how long a test waits for anything before it fails. It is long, because these tests also run on busy machines,
// where the client may need several attempts to connect, up to a minute apart. Only a hang should reach Timeout.
const Timeout = 3 * time.Minute

// binary is the path of the built program. Main sets it.
var binary string

// Main runs the tests of a package. They use the program that the environment variable MAYFLY_BINARY names, which make test
// sets. If the variable is empty, Main builds the program. Main fails if the tests leave a goroutine behind. Call it from
// TestMain.
func Main(m *testing.M) {
	natstest.Main()
	dir, err := os.MkdirTemp("", "mayfly-e2e-")
	if err != nil {
		exit(err)
	}
	if binary = os.Getenv("MAYFLY_BINARY"); binary == "" {
		binary = filepath.Join(dir, "mayfly")
		build := exec.Command("go", "build", "-o", binary, "mayfly/cmd/mayfly")
		build.Stderr = os.Stderr
		if err := build.Run(); err != nil {
			exit(fmt.Errorf("build mayfly: %w", err))
		}
	}
	if err := os.Unsetenv("MAYFLY_BINARY"); err != nil { // mayfly refuses a variable MAYFLY_… that it does not have
		exit(err)
	}
	small.dir, whole.dir = filepath.Join(dir, "small"), filepath.Join(dir, "whole")
	goleak.VerifyTestMain(tests{m}, goleak.Cleanup(func(code int) {
		os.RemoveAll(dir)
		os.Exit(code)
	}))
}

// tests runs the tests of a package, and then closes the browsers that they share.
type tests struct{ *testing.M }

func (m tests) Run() int {
	defer small.end()
	defer whole.end()
	return m.M.Run()
}

func exit(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// Server is one running mayfly serve, or mayfly dev.
type Server struct {
	URL      string // the URL that the server prints: http://localhost:PORT, unless a flag sets another
	Provider string // the URL of the sign-in provider, as mayfly dev prints it

	t       testing.TB
	program string   // the path of the program, set by start; Upgrade changes it
	args    []string // the command (serve or dev), then its flags
	cmd     *exec.Cmd
	own     bool // the process has a session of its own, without a terminal
	log     *logBuffer
	done    chan struct{} // closed when the process has ended and its output is read
	addr    string

	nodes []*Server // not nil: this Server is no process, but stands for these nodes of a Cluster
}

// Serve starts mayfly serve on a free port, with args as additional flags, and waits until mayfly has printed its URL.
//
// If the environment variable MAYFLYTEST_NODES is set, Serve starts a Cluster instead, and the returned Server stands for
// all its nodes and the proxy in front of them. Only servers with a folder or an admin listener are single all the same.
func Serve(t testing.TB, args ...string) *Server {
	t.Helper()
	if clustered(args) {
		return ServeCluster(t, args...).server(t)
	}
	return ServeAt(t, FreeAddr(t), args...)
}

// clustered reports whether a server with these flags must be a Cluster.
func clustered(args []string) bool {
	return os.Getenv("MAYFLYTEST_NODES") != "" && !slices.Contains(args, "-data") && !slices.Contains(args, "-admin")
}

// ServeAt does what Serve does, but on addr, which comes from FreeAddr, and always with a single server. It is for a test
// that must know the address before the server starts.
func ServeAt(t testing.TB, addr string, args ...string) *Server {
	t.Helper()
	return start(t, &Server{addr: addr, args: append([]string{"serve"}, args...)})
}

// ServeAlone does what ServeAt does, with a process that has no terminal, also if the tests were started in one. To such a
// process SIGHUP means to read its files again.
func ServeAlone(t testing.TB, addr string, args ...string) *Server {
	t.Helper()
	return start(t, &Server{addr: addr, args: append([]string{"serve"}, args...), own: true})
}

// Dev starts mayfly dev on two free ports, with args as additional flags, and waits until it prints its URLs.
//
// If the environment variable MAYFLYTEST_NODES is set, people sign in at that mayfly dev, but chat in a Cluster; not if args
// has -data or -admin.
func Dev(t testing.TB, args ...string) *Server {
	t.Helper()
	if clustered(args) {
		return devCluster(t, args...)
	}
	return start(t, &Server{addr: FreeAddr(t), args: append([]string{"dev", "-provider-listen", FreeAddr(t)}, args...)})
}

// start starts the server s, whose command and address are set, until the test t ends.
func start(t testing.TB, s *Server) *Server {
	t.Helper()
	s.t = t
	if s.program == "" {
		s.program = binary
	}
	s.Start()
	t.Cleanup(func() {
		s.Kill()
		if t.Failed() {
			t.Logf("the server's log:\n%s", s.Log())
		}
	})
	return s
}

// Start starts the server, or starts a killed or stopped server again on the same port. A node that does not reach its NATS
// servers ends after a while, which happens on a very busy machine. Then Start starts it again, as a supervisor does.
func (s *Server) Start() {
	s.t.Helper()
	if s.nodes != nil {
		for _, n := range s.nodes {
			n.Start()
		}
		return
	}
	for deadline := time.Now().Add(Timeout); !s.run(); {
		if !slices.Contains(s.args, "-nats") || time.Now().After(deadline) {
			s.t.Fatalf("mayfly %s ended at once:\n%s", s.args[0], s.Log())
		}
	}
}

// run starts the process, and waits until it says where it is. It returns false if the process ends first.
func (s *Server) run() bool {
	s.t.Helper()
	s.cmd = exec.Command(s.program, append([]string{s.args[0], "-listen", s.addr}, s.args[1:]...)...)
	if s.log == nil {
		s.log = &logBuffer{}
	}
	s.cmd.Stderr = s.log
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: s.own}
	stdout, err := s.cmd.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.done = make(chan struct{})
	lines := make(chan string, 1)
	go func() {
		defer close(s.done)
		defer s.cmd.Wait() //nolint:errcheck // Stop reads from ProcessState how the process ended
		scanner := bufio.NewScanner(stdout)
		for scanner.Scan() {
			if at, ok := strings.CutPrefix(scanner.Text(), "The sign-in provider is at "); ok {
				s.Provider = at
			}
			if at, ok := strings.CutPrefix(scanner.Text(), "Mayfly is at "); ok {
				lines <- at
			}
		}
	}()
	select {
	case s.URL = <-lines:
		return true
	case <-s.done:
		return false
	case <-time.After(Timeout):
		s.t.Fatalf("mayfly %s did not say where it is:\n%s", s.args[0], s.Log())
		return false
	}
}

// Nodes returns how many servers stand behind this one's address, 1 for a single one. Connections go to them by turns.
func (s *Server) Nodes() int { return max(1, len(s.nodes)) }

// Addr returns the address on which the server listens, host:port.
func (s *Server) Addr() string { return s.addr }

// Pid returns the process ID of the server, or of the first node if the server stands for a Cluster.
func (s *Server) Pid() int {
	if s.nodes != nil {
		return s.nodes[0].Pid()
	}
	return s.cmd.Process.Pid
}

// Kill ends the server at once, as kill -9 does.
func (s *Server) Kill() {
	if s.nodes != nil {
		for _, n := range s.nodes {
			n.Kill()
		}
		return
	}
	_ = s.cmd.Process.Kill() // fails if the process has already ended
	<-s.done
}

// Pause makes the server stand still until Continue.
func (s *Server) Pause() { s.signal(syscall.SIGSTOP) }

// Continue lets the server go on after Pause.
func (s *Server) Continue() { s.signal(syscall.SIGCONT) }

func (s *Server) signal(which syscall.Signal) {
	s.t.Helper()
	if s.nodes != nil {
		for _, n := range s.nodes {
			n.signal(which)
		}
		return
	}
	if err := s.cmd.Process.Signal(which); err != nil {
		s.t.Error(err)
	}
}

// Stop sends SIGTERM, and waits until the server has ended. The test fails if the server ends with an error.
func (s *Server) Stop() {
	s.t.Helper()
	if state := s.End(syscall.SIGTERM); !state.Success() {
		s.t.Errorf("the server ended with %s", state)
	}
}

// End sends signal, waits until the server has ended, and returns how it ended.
func (s *Server) End(signal syscall.Signal) *os.ProcessState {
	s.t.Helper()
	s.signal(signal)
	return s.Ended()
}

// Ended waits until the server has ended, and returns how it ended.
func (s *Server) Ended() *os.ProcessState {
	s.t.Helper()
	if s.nodes != nil {
		for _, n := range s.nodes[1:] {
			n.Ended()
		}
		return s.nodes[0].Ended()
	}
	select {
	case <-s.done:
	case <-time.After(Timeout):
		s.t.Fatal("the server did not stop")
	}
	return s.cmd.ProcessState
}

// SocketURL returns the URL for WebSockets.
func (s *Server) SocketURL() string { return "ws://" + s.addr + "/ws" }

// PollURL returns the URL for polls.
func (s *Server) PollURL() string { return "http://" + s.addr + "/poll" }

// Log returns the server's log up to now.
func (s *Server) Log() string {
	if s.nodes != nil {
		var all strings.Builder
		for _, n := range s.nodes {
			all.WriteString(n.Log())
		}
		return all.String()
	}
	return s.log.String()
}

type logBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// Run runs mayfly with args until it ends by itself, and returns its output and its exit code.
func Run(t *testing.T, args ...string) (output string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), Timeout)
	defer cancel()
	out, err := exec.CommandContext(ctx, binary, args...).CombinedOutput()
	var exited *exec.ExitError
	if err != nil && !errors.As(err, &exited) {
		t.Fatal(err)
	}
	if exited != nil {
		code = exited.ExitCode()
	}
	return string(out), code
}

// TakePort listens on a free port until the test ends, so that no other program can listen there. It returns the address.
func TakePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l.Addr().String()
}
