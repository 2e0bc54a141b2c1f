package names_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mayfly/server/names"
)

func TestMemoryIsBounded(t *testing.T) {
	p := names.New(names.Config{}, nil, prometheus.NewRegistry(), slog.New(slog.DiscardHandler))
	var followed names.User
	for i := range 10_100 {
		id := names.User{ID: fmt.Sprint("u-", i), Name: "x"}
		stop := p.Follow(id, func(names.Change) {})
		if i == 0 {
			followed = id
			defer stop()
			continue
		}
		stop()
	}
	if people, _ := p.Remembered(); people != 10_001 {
		t.Errorf("%d people are remembered, want 10,000 and the one who is connected", people)
	}
	if _, held := p.Remembered(); held != 10_001 {
		t.Errorf("%d names are held, want one each", held)
	}
	p.Follow(followed, func(names.Change) {})()
	if people, _ := p.Remembered(); people != 10_001 {
		t.Errorf("%d people are remembered", people)
	}
}

func TestWaitFor(t *testing.T) {
	for _, tt := range []struct {
		name   string
		header http.Header
		want   time.Duration
	}{
		{"nothing", http.Header{}, time.Minute},
		{"Retry-After", http.Header{"Retry-After": {"7"}}, 7 * time.Second},
		{"Retry-After in a day", http.Header{"Retry-After": {"86400"}}, time.Minute},
		{"reset alone", http.Header{"X-Rate-Limit-Reset": {"1790000000"}}, time.Minute},
		{"reset and date", http.Header{"X-Rate-Limit-Reset": {"1790000005"}, "Date": {time.Unix(1790000000, 0).UTC().Format(http.TimeFormat)}}, 6 * time.Second},
		{"nonsense", http.Header{"X-Rate-Limit-Reset": {"soon"}, "Retry-After": {"-5"}}, time.Second},
		{"endless", http.Header{"X-Rate-Limit-Reset": {"9223372036854775807"}, "Date": {time.Unix(0, 0).UTC().Format(http.TimeFormat)}}, time.Minute},
	} {
		if got := names.WaitFor(tt.header); got != tt.want {
			t.Errorf("%s: wait %v, want %v", tt.name, got, tt.want)
		}
	}
}
