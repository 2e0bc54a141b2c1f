package list_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"mayfly/app/client"
	"mayfly/app/list"
)

// TestSoonest writes a row as a letter and the second in which it expires, 0 if it is not sent yet.
func TestSoonest(t *testing.T) {
	for _, tt := range []struct{ name, rows, want string }{
		{"none", "", ""},
		{"fewer than asked for", "b2 a1", "a1 b2"},
		{"in the order of time", "a1 b2 c3 d4 e5", "a1 b2 c3"},
		{"against it", "e5 d4 c3 b2 a1", "a1 b2 c3"},
		{"one that is short comes last", "c3 d4 e5 a1", "a1 c3 d4"},
		{"at once", "a1 b1 c1 d1", "a1 b1 c1"},
		{"not sent", "x0 a1 y0 b2", "a1 b2"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var rows []client.Message
			for w := range strings.FieldsSeq(tt.rows) {
				n, _ := strconv.Atoi(w[1:])
				rows = append(rows, client.Message{Key: w, Seq: int64(n), Expires: time.Unix(int64(n), 0)})
			}
			var got []string
			for _, m := range list.Soonest(rows, 3) {
				got = append(got, m.Key)
			}
			if strings.Join(got, " ") != tt.want {
				t.Errorf("soonest(%s) = %s, want %s", tt.rows, got, tt.want)
			}
		})
	}
}
