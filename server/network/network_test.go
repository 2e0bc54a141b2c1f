package network_test

import (
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"mayfly/server/network"
)

func TestMain(m *testing.M) {
	if name := os.Getenv("INHERITED_CHILD"); name != "" {
		answerInherited(name)
		return
	}
	goleak.VerifyTestMain(m)
}

func TestCheck(t *testing.T) {
	for _, addr := range []string{"127.0.0.1:8080", ":0", "[::1]:443", "unix:/run/mayfly/sock", "systemd", "systemd:https",
		"systemd:80"} {
		if err := network.Check(addr); err != nil {
			t.Errorf("Check(%s) = %v", addr, err)
		}
	}
	for _, addr := range []string{"", "8080", ":http", ":99999", "unix:", "unix:sock", "::1:8080"} {
		if network.Check(addr) == nil {
			t.Errorf("Check(%q) found nothing", addr)
		}
	}
}

func TestPublic(t *testing.T) {
	for host, want := range map[string]bool{"": true, "0.0.0.0": true, "::": true, "192.0.2.1": true, "2001:db8::1": true,
		"chat.example.com": true, "::ffff:192.0.2.1": true, "localhost": false, "127.0.0.1": false, "::1": false,
		"10.0.0.1": false, "192.168.1.2": false,
		"172.17.0.2": false, "fd00::1": false, "169.254.1.1": false, "fe80::1%eth0": false, "100.64.0.1": false,
		"::ffff:127.0.0.1": false} {
		if got := network.Public(host); got != want {
			t.Errorf("Public(%q) = %t", host, got)
		}
	}
}

func TestUnixSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sock")
	l, err := network.Listen("unix:"+path, network.Inherited{})
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o660 {
		t.Errorf("the socket: %v, %v, want 0660", info, err)
	}
	if _, err := network.Listen("unix:"+path, network.Inherited{}); err == nil {
		t.Error("two processes listen on one socket")
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false) // as if the process was killed
	l.Close()
	if l, err = network.Listen("unix:"+path, network.Inherited{}); err != nil {
		t.Fatalf("a socket that was left: %v", err)
	}
	l.Close()
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := network.Listen("unix:"+path, network.Inherited{}); err == nil {
		t.Error("a file that is no socket was replaced")
	}
}

// TestSystemdSockets hands sockets to a child as systemd does, which answers on the one that the test names.
func TestSystemdSockets(t *testing.T) {
	for _, tt := range []struct {
		addr  string
		names string
		want  string // what the child says
	}{
		{"systemd", "one", "0"},
		{"systemd:two", "one:two", "1"},
		{"systemd", "one:two", "systemd has opened 2 sockets that fit"},
		{"systemd:three", "one:two", `no socket with the name "three"`},
		{"systemd", "", "0"},
	} {
		t.Run(tt.addr+" of "+tt.names, func(t *testing.T) {
			count := strings.Count(tt.names, ":") + 1
			child := exec.CommandContext(t.Context(), "sh", "-c", `LISTEN_PID=$$ exec "$0"`, os.Args[0])
			child.Env = append(os.Environ(), "INHERITED_CHILD="+tt.addr, "LISTEN_FDS="+strconv.Itoa(count),
				"LISTEN_FDNAMES="+tt.names)
			var listeners []*net.TCPListener
			for range count {
				l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
				if err != nil {
					t.Fatal(err)
				}
				defer l.Close()
				file, err := l.File()
				if err != nil {
					t.Fatal(err)
				}
				defer file.Close()
				child.ExtraFiles, listeners = append(child.ExtraFiles, file), append(listeners, l)
			}
			if at, err := strconv.Atoi(tt.want); err == nil { // the kernel keeps the connection until the child accepts it
				conn := dial(t, listeners[at], "ping")
				if out, err := child.CombinedOutput(); err != nil {
					t.Fatalf("%v: %s", err, out)
				}
				if answer, err := io.ReadAll(conn); err != nil || string(answer) != "pong" {
					t.Errorf("the child answers %q, %v", answer, err)
				}
				return
			}
			if out, err := child.CombinedOutput(); err != nil || !strings.Contains(string(out), tt.want) {
				t.Errorf("the child says %q, %v, want %q", out, err, tt.want)
			}
		})
	}
	if _, err := network.Listen("systemd", network.InheritedBy(os.Getpid(),
		func(string) string { return "1" })); err == nil {
		t.Error("took the sockets of another process")
	}
}

// answerInherited is the child of TestSystemdSockets.
func answerInherited(addr string) {
	l, err := network.Listen(addr, network.InheritedBy(os.Getpid(), os.Getenv))
	if err != nil {
		os.Stdout.WriteString(err.Error())
		return
	}
	conn, err := l.Accept()
	if err != nil {
		os.Stdout.WriteString(err.Error())
		return
	}
	defer conn.Close()
	ping := make([]byte, 4)
	if _, err := io.ReadFull(conn, ping); err == nil {
		io.WriteString(conn, "pong") //nolint:errcheck // the test reads it
	}
}
