package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"mayfly/server/stream/natstest"
)

func TestMain(m *testing.M) {
	natstest.Main()
	goleak.VerifyTestMain(m)
}

// TestExitCodes checks that a supervisor can tell a wrong configuration from what may work later.
func TestExitCodes(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	foreign := t.TempDir()
	if err := os.WriteFile(filepath.Join(foreign, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		args []string
		env  environment
		want int
	}{
		{"nothing", nil, nil, 2},
		{"no such command", []string{"dance"}, nil, 2},
		{"a wrong flag", []string{"serve", "-ttl", "5"}, nil, 2},
		{"a wrong flag of dev", []string{"dev", "-access-ttl", "5"}, nil, 2},
		{"a wrong variable", []string{"serve"}, environment{"MAYFLY_CONNS": "many"}, 2},
		{"a wrong value", []string{"serve", "-conns", "0"}, nil, 2},
		{"a foreign folder", []string{"serve", "-listen", "127.0.0.1:0", "-data", foreign}, nil, 2},
		{"a port that is taken", []string{"serve", "-listen", taken.Addr().String()}, nil, 1},
		{"an admin port that is taken", []string{"serve", "-listen", "127.0.0.1:0", "-admin", taken.Addr().String()}, nil, 1},
		{"a folder that is a file", []string{"serve", "-listen", "127.0.0.1:0", "-data", filepath.Join(foreign, "file")}, nil, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := run(t.Context(), tt.args, tt.env, io.Discard, io.Discard)
			if err == nil || exitCode(err) != tt.want {
				t.Errorf("run = %v, exit code %d, want %d", err, exitCode(err), tt.want)
			}
		})
	}
	if code := exitCode(fmt.Errorf("two: %w", errors.Join(errors.New("other"), configError{errors.New("wrong")}))); code != 2 {
		t.Errorf("exit code of a wrapped configError = %d, want 2", code)
	}
}
