package outbox

import (
	"testing"
	"time"

	"mayfly/shared/clock"
)

func TestAdoptState(t *testing.T) {
	want, begin, end := (*adoptState).want, (*adoptState).begin, (*adoptState).end
	for _, tt := range []struct {
		name   string
		events []func(*adoptState)
		want   adoptState
	}{
		{"nothing happens", nil, adoptIdle},
		{"wanted", []func(*adoptState){want}, adoptWanted},
		{"wanted twice", []func(*adoptState){want, want}, adoptWanted},
		{"begun", []func(*adoptState){want, begin}, adopting},
		{"begun for a sign-out, which nobody wanted", []func(*adoptState){begin}, adopting},
		{"wanted while it runs", []func(*adoptState){want, begin, want}, adoptingMore},
		{"ended", []func(*adoptState){want, begin, end}, adoptIdle},
		{"ended, and wanted meanwhile", []func(*adoptState){want, begin, want, want, end}, adoptWanted},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var s adoptState
			for _, event := range tt.events {
				event(&s)
			}
			if s != tt.want {
				t.Errorf("the state is %d, want %d", s, tt.want)
			}
			if s.wanted() != (tt.want == adoptWanted || tt.want == adoptingMore) || s.runs() != (tt.want == adopting || tt.want == adoptingMore) {
				t.Errorf("wanted = %v, runs = %v", s.wanted(), s.runs())
			}
		})
	}
}

// TestRecordIsStable checks the form in which records are stored, because older and newer versions of the page read them.
func TestRecordIsStable(t *testing.T) {
	for _, tt := range []struct {
		record record
		want   string
	}{
		{record{Tab: "t", Room: "lobby", Text: "draft", Written: 7}, `{"tab":"t","room":"lobby","text":"draft","written":7}`},
		{record{Tab: "t", Room: "lobby", Text: "one", Written: 7, ID: "i", Owner: GuestOwner("s"), Author: "u", Failed: "No.", TTL: 60_000, Order: 8, First: 9},
			`{"tab":"t","room":"lobby","text":"one","written":7,"id":"i","owner":"guest/s","author":"u","failed":"No.","ttl_ms":60000,"order":8,"first":9}`},
	} {
		if got := tt.record.encode(); got != tt.want {
			t.Errorf("encode = %s, want %s", got, tt.want)
		}
		if tt.record.ID == "" {
			continue
		}
		if r, ok := decodeRecord(tt.want); !ok || r != tt.record {
			t.Errorf("decodeRecord = %+v, %v", r, ok)
		}
	}
	if entryKey != "letter/" || draftKey != "draft/" || SignInOwner("x") != "session/x" {
		t.Error("the stored form has changed")
	}
}

// TestStoredProblem checks that problemOf returns the problem that was stored, and reads what a version without codes has
// stored.
func TestStoredProblem(t *testing.T) {
	for _, p := range []Problem{{}, {Code: OtherAuthor}, {"full", "The room is full."}, {Message: "Not that."}} {
		if got := problemOf(p.stored()); got != p {
			t.Errorf("%+v comes back as %+v", p, got)
		}
	}
	if got, want := problemOf("", "No."), (Problem{Message: "No."}); got != want {
		t.Errorf("an old record has %+v, want %+v", got, want)
	}
}

// TestClockThatWasSetBack: an entry whose age is unknown counts as older than each message can live.
func TestClockThatWasSetBack(t *testing.T) {
	now := clock.Moment{Wall: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	const longest = 7 * 24 * time.Hour // the highest -ttl-max
	written := momentOf(now.Wall.Add(time.Minute).UnixMilli(), now)
	if age := now.Since(written); age <= longest {
		t.Errorf("an entry of a later time is %s old", age)
	}
	if age := now.Since(momentOf(now.Wall.Add(-time.Minute).UnixMilli(), now)); age != time.Minute {
		t.Errorf("an entry of a minute ago is %s old", age)
	}
}
