package main

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
)

var silent = slog.New(slog.DiscardHandler)

func TestAdminServesUntilItIsClosed(t *testing.T) {
	a, err := startAdmin("127.0.0.1:0", newMetrics(), silent)
	if err != nil {
		t.Fatal(err)
	}
	defer http.DefaultClient.CloseIdleConnections()
	for path, want := range map[string]string{"/metrics": "process_resident_memory_bytes", "/debug/pprof/goroutine?debug=1": "goroutine profile"} {
		resp, err := http.Get("http://" + a.addr + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != 200 || !strings.Contains(string(body), want) {
			t.Errorf("%s = %d %s, %v, want %q", path, resp.StatusCode, body, err, want)
		}
	}
	resp, err := http.Get("http://" + a.addr + "/readyz") // as long as no server is assembled
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil || resp.StatusCode != 503 || string(body) != "the server is starting\n" {
		t.Errorf("/readyz = %d %s, %v", resp.StatusCode, body, err)
	}
	if err := a.close(); err != nil {
		t.Error(err)
	}
	if conn, err := net.Dial("tcp", a.addr); err == nil {
		conn.Close()
		t.Errorf("%s still listens", a.addr)
	}
}

func TestAdminDoesNotWaitForAProfile(t *testing.T) {
	a, err := startAdmin("127.0.0.1:0", newMetrics(), silent)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", a.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "GET /debug/pprof/trace?seconds=200 HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 1)); err != nil { // the trace has begun
		t.Fatal(err)
	}
	if err := a.close(); err != nil {
		t.Error(err)
	}
	_, _ = io.Copy(io.Discard, conn) // until the connection ends, with or without an error
}

func TestNoAdminUnlessAsked(t *testing.T) {
	a, err := startAdmin("", newMetrics(), silent)
	if err != nil || a.addr != "" || a.http != nil {
		t.Errorf("startAdmin = %+v, %v, want nothing", a, err)
	}
	if err := a.close(); err != nil {
		t.Error(err)
	}
}

// TestAdminPortTaken calls run, which must fail before anything else starts and say which flag to change.
func TestAdminPortTaken(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	var out bytes.Buffer
	err = run(context.Background(), []string{"serve", "-listen", "127.0.0.1:0", "-admin", taken.Addr().String()}, nil, &out, &out)
	if err == nil || !strings.Contains(err.Error(), taken.Addr().String()+" is taken") || !strings.Contains(err.Error(), "with -admin") || out.Len() > 0 {
		t.Errorf("run = %v, want that the address is taken and -admin; printed %s", err, &out)
	}
}
