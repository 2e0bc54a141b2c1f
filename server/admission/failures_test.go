package admission_test

import (
	"net/netip"
	"testing"
	"time"

	"mayfly/server/admission"
)

// TestFailingAddressesAreBounded: when too many addresses have failures, all of them are forgotten.
func TestFailingAddressesAreBounded(t *testing.T) {
	f, now := admission.NewFailures(), time.Now()
	fail := func(n int) int {
		for i := range n {
			f.Add(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), now)
		}
		return f.Len()
	}
	if n := fail(2 * admission.MaxFailing); n > admission.MaxFailing {
		t.Errorf("%d addresses are remembered, want %d at most", n, admission.MaxFailing)
	}
	now = now.Add(time.Minute)
	if n := fail(1); n != 1 {
		t.Errorf("%d addresses are remembered a minute later, want the one that failed since", n)
	}
}
