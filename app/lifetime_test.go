package app_test

import (
	"slices"
	"testing"
	"time"

	"mayfly/app"
	"mayfly/app/client"
	"mayfly/shared/wire"
)

func TestLives(t *testing.T) {
	const s, m = time.Second, time.Minute
	for _, tt := range []struct {
		room, least time.Duration
		want        []time.Duration
	}{
		{5 * m, s, []time.Duration{5 * m, m, 30 * s, 10 * s}},
		{5 * m, 10 * s, []time.Duration{5 * m, m, 30 * s, 10 * s}},
		{5 * m, 11 * s, []time.Duration{5 * m, m, 30 * s}},
		{m, s, []time.Duration{m, 30 * s, 10 * s}},
		{10 * s, s, nil},
		{5 * m, 2 * m, nil},
		{0, 0, nil}, // no room is joined
	} {
		v := client.View{TTL: tt.room, Rules: client.Rules{Lives: wire.TTL{Min: tt.least.Milliseconds()}}}
		if got := app.Lives(&v); !slices.Equal(got, tt.want) {
			t.Errorf("in a room of %s, with at least %s: %v, want %v", tt.room, tt.least, got, tt.want)
		}
	}
}
