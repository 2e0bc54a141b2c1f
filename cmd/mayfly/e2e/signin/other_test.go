package signin_test

import (
	"bufio"
	"bytes"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mayfly/cmd/mayfly/e2e/rig"
)

// TestAnotherProvider runs signInAndOut with a provider that uses another library. Only flags differ.
func TestAnotherProvider(t *testing.T) {
	t.Parallel()
	addr := rig.FreeAddr(t)
	issuer, logs := otherProvider(t, "http://localhost"+addr[strings.LastIndexByte(addr, ':'):])
	server := rig.ServeAt(t, addr, "-issuer", issuer, "-client-id", "chat")
	signInAndOut(t, server, newSpy(), func() string { return server.Log() + logs() })
}

// otherProvider builds the provider and runs it for the chat at origin, until the test ends. It returns the provider's URL
// and a function that ends the provider and returns its log.
func otherProvider(t *testing.T, origin string) (issuer string, logs func() string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "otheridp")
	if out, err := exec.Command("go", "build", "-C", "otheridp", "-o", path, ".").CombinedOutput(); err != nil {
		t.Fatalf("build the provider: %v\n%s", err, out)
	}
	cmd := exec.Command(path, "-app", origin, "-access-ttl", frugal.String())
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
			if at, ok := strings.CutPrefix(lines.Text(), "The provider is at "); ok {
				said <- at
			}
		}
	}()
	logs = func() string {
		_ = cmd.Process.Kill() // it may have ended already
		<-ended
		return log.String()
	}
	t.Cleanup(func() {
		if log := logs(); t.Failed() {
			t.Logf("the provider's log:\n%s", log)
		}
	})
	select {
	case issuer = <-said:
	case <-ended:
		t.Fatalf("the provider ended at once:\n%s", log.String())
	case <-time.After(rig.Timeout):
		t.Fatal("the provider does not say where it is")
	}
	return issuer, logs
}
