package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// startServer starts mayfly serve with these flags, and returns its address. The server ends with the test.
func startServer(t *testing.T, args ...string) string {
	t.Helper()
	read, write := io.Pipe()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		err := run(ctx, append([]string{"serve", "-listen", "127.0.0.1:0"}, args...), nil, write, io.Discard)
		write.CloseWithError(io.EOF)
		ended <- err
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("mayfly serve = %v", err)
		}
	})
	line := make([]byte, 200)
	n, err := read.Read(line)
	_, at, ok := strings.Cut(strings.TrimSpace(string(line[:n])), "http://localhost:")
	if err != nil || !ok {
		t.Fatalf("mayfly serve printed %q, %v", line[:n], err)
	}
	return "127.0.0.1:" + at
}

func TestHealth(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = io.WriteString(w, "the server is stopping\n")
	}))
	defer other.Close()
	addr := startServer(t)
	for _, tt := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"http://" + addr}, 0, "ok\n"},
		{[]string{"http://" + addr + "/healthz"}, 0, "ok\n"},
		{[]string{"http://" + addr + "/nowhere"}, 1, "404"},
		{[]string{other.URL}, 1, other.URL + "/readyz: 503 Service Unavailable: the server is stopping"},
		{[]string{"http://" + (&place{t: t}).taken() + "0"}, 1, "/readyz: "},
		{[]string{"localhost"}, 2, `"localhost" is no URL of a server: want one such as http://127.0.0.1:8080`},
		{[]string{"http://a", "http://b"}, 2, `"http://b" is no flag`},
		{[]string{"-x"}, 2, "there is no flag -x"},
		{[]string{"-help"}, 0, "Usage: mayfly health"},
	} {
		t.Run(strings.Join(tt.args, " "), func(t *testing.T) {
			var out bytes.Buffer
			err := run(t.Context(), append([]string{"health"}, tt.args...), nil, &out, &out)
			code, says := 0, out.String()
			if err != nil {
				code, says = exitCode(err), err.Error()
			}
			if code != tt.code || !strings.Contains(says, tt.says) {
				t.Errorf("mayfly health = %d %q, want %d %q", code, says, tt.code, tt.says)
			}
		})
	}
}
