package browser

import (
	"fmt"
	"slices"
	"testing"
)

// TestFormerNames: a tab remembers its names over reloads, and a duplicate of a tab has the names of the tab so far.
func TestFormerNames(t *testing.T) {
	names := TabStorage()
	var all []string
	for n := range 2 * formerTabs {
		var d Device
		d.rename(fmt.Sprint("tab", n), names)
		want := all[max(0, len(all)-formerTabs):]
		if d.Tab() != fmt.Sprint("tab", n) || !slices.Equal(d.Former(), want) {
			t.Fatalf("the tab is %q, before %q, want %q", d.Tab(), d.Former(), want)
		}
		all = append(all, d.Tab())
	}
	for _, tt := range []struct {
		name, stored string
		want         []string
	}{
		{"a new tab", "", nil},
		{"a duplicate", "a b", []string{"a", "b"}},
		{"nothing but a space", " ", nil},
	} {
		names := TabStorage()
		_ = names.Save(TabsKey, tt.stored)
		var d Device
		if d.rename("c", names); !slices.Equal(d.Former(), tt.want) {
			t.Errorf("%s was %q before, want %q", tt.name, d.Former(), tt.want)
		}
	}
}
