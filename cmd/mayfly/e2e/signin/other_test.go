package signin_test

import (
	"strings"
	"testing"

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
	return rig.RunModule(t, "otheridp", "The provider is at ", nil, "-app", origin, "-access-ttl", frugal.String())
}
