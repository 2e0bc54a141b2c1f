package browser

import (
	"errors"
	"fmt"
	"maps"
	"testing"
	"time"
)

// TestNotesOutliveThePage: the next page of a tab stores what the page before has noted and not stored.
func TestNotesOutliveThePage(t *testing.T) {
	tab, now := TabStorage(), time.Now()
	first := &Notes{}
	first.read(tab, now)
	want := map[string]string{"letter/1": `{"text":"line\n\"two\""}`, "draft/1": ""}
	first.end(true)
	first.Note(want)

	second := &Notes{}
	second.read(tab, time.Now())
	second.Note(map[string]string{"draft/2": "new"}) // must not replace what is left
	second.end(true)
	refused := errors.New("refused")
	if err := second.storeLeft(func(map[string]string) error { return refused }); !errors.Is(err, refused) {
		t.Fatalf("storeLeft returns %v, want the error of save", err)
	}

	third := &Notes{}
	third.read(tab, time.Now())
	var stored map[string]string
	save := func(changes map[string]string) error { stored = changes; return nil }
	if err := third.storeLeft(save); err != nil {
		t.Fatal(err)
	}
	want["draft/2"] = "new"
	if !maps.Equal(stored, want) {
		t.Errorf("stored is %q, want %q", stored, want)
	}
	stored = nil
	if err := third.storeLeft(save); err != nil || stored != nil {
		t.Errorf("the second time storeLeft stores %q, %v", stored, err)
	}
	if text, _ := tab.Load(NotesKey); text != "" {
		t.Errorf("the tab still has %q", text)
	}
	third.Note(map[string]string{"draft/3": "x"})
	third.end(true)
	third.end(false)
	third.Note(nil)
	third.end(true)
	if text, _ := tab.Load(NotesKey); text != "" {
		t.Errorf("when all is stored, the tab still has %q", text)
	}
}

func TestDecodeNotes(t *testing.T) {
	now := time.Now()
	good := map[string]string{"a": "b"}
	at := func(at time.Time) string { return fmt.Sprintf("%d\na\nb", at.UnixMilli()) }
	for _, tt := range []struct {
		name, text string
		want       map[string]string
	}{
		{"no notes", "", nil},
		{"new notes", at(now), good},
		{"the oldest that count", at(now.Add(-noteTime + time.Second)), good},
		{"too old", at(now.Add(-noteTime - time.Second)), nil},
		{"of the future", at(now.Add(time.Hour)), nil},
		{"a key without a value", at(now) + "\nc", nil},
		{"no time", "a\nb", nil},
	} {
		if got := decodeNotes(tt.text, now); !maps.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
		tab := TabStorage()
		_ = tab.Save(NotesKey, tt.text)
		new(Notes).read(tab, now)
		if text, _ := tab.Load(NotesKey); text != "" && tt.want == nil {
			t.Errorf("%s: the tab still has %q", tt.name, text)
		}
	}
}
