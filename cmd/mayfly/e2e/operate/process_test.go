package operate_test

import (
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"mayfly/cmd/mayfly/e2e/rig"
)

func TestForeignHostGetsAPageThatSaysWhatToDo(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	req, err := http.NewRequestWithContext(t.Context(), "GET", server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "chat.lan:8080"
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusMisdirectedRequest || !strings.Contains(string(body), "-public-url http://chat.lan:8080") {
		t.Errorf("%d %s, %v", resp.StatusCode, body, err)
	}
}

func TestSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	taken := rig.TakePort(t)
	for _, tt := range []struct {
		name string
		args []string
		code int
		says []string
	}{
		{"nothing", nil, 2, []string{"mayfly serve"}},
		{"no such command", []string{"dance"}, 2, []string{`"dance"`, "want serve, dev, check, health, bench or version"}},
		{"help", []string{"-help"}, 0, []string{"mayfly serve"}},
		{"serve -help", []string{"serve", "-help"}, 0, []string{"-public-url", "MAYFLY_"}},
		{"version", []string{"version"}, 0, []string{"mayfly 0.", "go1."}},
		{"port taken", []string{"serve", "-listen", taken}, 1, []string{taken + " is taken by another program", "-listen"}},
		{"several problems", []string{"serve", "-ttl", "1ms", "-conns", "0"}, 2, []string{"-ttl is 1ms", "-conns is 0", "mayfly serve -help"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			out, code := rig.Run(t, tt.args...)
			if code != tt.code {
				t.Errorf("exit code %d, want %d:\n%s", code, tt.code, out)
			}
			for _, want := range tt.says {
				if !strings.Contains(out, want) {
					t.Errorf("%q is not in what it says:\n%s", want, out)
				}
			}
		})
	}
}

func TestStopsInOrder(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	tab := rig.OpenBrowser(t).Tab(server.URL).Ready()
	tab.Say("to stay")
	tab.Shows("to stay")
	server.Stop()
	tab.Until(`!` + rig.Connection + `.toLowerCase().includes('online')`)
	tab.Shows("to stay")
	server.Start()
	tab.Ready()
	tab.Shows("to stay")
}

// TestNothingIsLeftBehind ends servers by each signal in the table, and looks for folders that were not removed.
func TestNothingIsLeftBehind(t *testing.T) {
	place := t.TempDir()
	t.Setenv("TMPDIR", place)
	for _, tt := range []struct {
		signal syscall.Signal
		clean  bool // whether the server stops in order
	}{
		{syscall.SIGTERM, true}, {syscall.SIGINT, true},
		{syscall.SIGKILL, false}, {syscall.SIGQUIT, false}, {syscall.SIGABRT, false},
	} {
		t.Run(tt.signal.String(), func(t *testing.T) {
			server := rig.Serve(t)
			if state := server.End(tt.signal); state.Success() != tt.clean {
				t.Errorf("the server ended with %s, want success: %t", state, tt.clean)
			}
			if left, err := os.ReadDir(place); err != nil || len(left) > 0 {
				t.Errorf("it left %v, %v", left, err)
			}
		})
	}
}

// TestWhoAsksForNothingIsNotWaitedFor stops a server while a connection is open on which no request has come. Browsers
// open such connections in advance. The server must not wait for it.
func TestWhoAsksForNothingIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	conn, err := net.Dial("tcp", server.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	server.Stop()
}

// TestHalfARequestIsGivenUp sends the header of a request and never its body.
func TestHalfARequestIsGivenUp(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	conn, err := net.Dial("tcp", server.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "POST /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if err := conn.SetReadDeadline(time.Now().Add(rig.Timeout)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, conn); err != nil {
		t.Errorf("the server did not end the connection: %v", err)
	}
}
