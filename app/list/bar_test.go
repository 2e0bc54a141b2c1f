package list_test

import (
	"testing"

	"mayfly/app/list"
)

func TestPlaced(t *testing.T) {
	const height = 100
	for _, tt := range []struct {
		name                  string
		top, bottom, from, to float64 // of the row, of the frame
		side                  string
		within                float64
	}{
		{"above", 300, 340, 60, 700, "above", 0},
		{"above, but only just", 158, 198, 60, 700, "above", 0},
		{"the first row has no room above", 100, 140, 60, 700, "below", 0},
		{"the end of the row has room below", 70, 600, 60, 700, "below", 0},
		{"a high row has room neither above nor below", 70, 690, 60, 700, "within", 0},
		{"the row begins above the frame", -200, 690, 60, 700, "within", 260},
		{"a row whose end is in sight", -200, 90, 60, 700, "within", 260},
		{"a low frame", 70, 110, 60, 140, "within", 0},
	} {
		side, within := list.Placed(tt.top, tt.bottom, tt.from, tt.to, height)
		if side != tt.side || within != tt.within {
			t.Errorf("%s: the bar goes %s, %g px, want %s, %g px", tt.name, side, within, tt.side, tt.within)
		}
	}
}

func TestRoved(t *testing.T) {
	for _, tt := range []struct {
		at       int
		pressed  string
		mirrored bool
		want     int
	}{
		{0, "ArrowRight", false, 1}, {2, "ArrowRight", false, 0}, {0, "ArrowLeft", false, 2}, {1, "ArrowLeft", false, 0},
		{0, "ArrowRight", true, 2}, {0, "ArrowLeft", true, 1}, {2, "ArrowLeft", true, 0},
		{1, "Home", false, 0}, {1, "End", false, 2}, {1, "Home", true, 0},
		{1, "ArrowUp", false, -1}, {1, "Enter", false, -1}, {1, "a", true, -1},
	} {
		if got := list.Roved(3, tt.at, tt.pressed, tt.mirrored); got != tt.want {
			t.Errorf("%s at button %d, mirrored %t, leads to %d, want %d", tt.pressed, tt.at, tt.mirrored, got, tt.want)
		}
	}
}
