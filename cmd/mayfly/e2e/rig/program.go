package rig

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// RunModule builds the program in folder, which is a module of its own, and runs it with args until the test ends. env adds
// environment variables, such as NAME=value. The program must print a line with the address at which it serves. Before the
// address, the line consists of the string says. RunModule waits for that line, and returns the address. kill ends the
// program and returns its log.
func RunModule(t *testing.T, folder, says string, env []string, args ...string) (at string, kill func() (log string)) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "program")
	if out, err := exec.Command("go", "build", "-C", folder, "-o", path, ".").CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v\n%s", folder, err, out)
	}
	cmd := exec.Command(path, args...)
	cmd.Env = append(os.Environ(), env...)
	var log bytes.Buffer
	cmd.Stderr = &log
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said, ended := make(chan string, 1), make(chan struct{})
	go func() {
		defer close(ended)
		defer cmd.Wait() //nolint:errcheck // it is killed
		lines := bufio.NewScanner(stdout)
		for lines.Scan() {
			if at, ok := strings.CutPrefix(lines.Text(), says); ok {
				said <- at
			}
		}
	}()
	kill = func() string {
		_ = cmd.Process.Kill() // it may have ended already
		<-ended
		return log.String()
	}
	t.Cleanup(func() {
		if log := kill(); t.Failed() {
			t.Logf("the log of %s:\n%s", folder, log)
		}
	})
	select {
	case at = <-said:
	case <-ended:
		t.Fatalf("%s ended at once:\n%s", folder, log.String())
	case <-time.After(Timeout):
		t.Fatalf("%s does not print %q", folder, says)
	}
	return at, kill
}
