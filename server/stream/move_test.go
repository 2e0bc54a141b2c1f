package stream_test

import (
	"errors"
	"slices"
	"testing"

	"mayfly/server/stream"
)

// TestMoves: a node goes to another NATS server after three answers that did not come, and then less and less often. After
// an answer it begins anew.
func TestMoves(t *testing.T) {
	silent := errors.New("no answer")
	var answers []error
	for range 40 {
		answers = append(answers, silent)
	}
	answers = append(answers, nil, silent, silent, nil, silent, silent, silent)
	if got, want := stream.MovesAt(answers), []int{2, 8, 20, 32, 46}; !slices.Equal(got, want) {
		t.Errorf("it moves at %v, want %v", got, want)
	}
}
