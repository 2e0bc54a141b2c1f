package bench

import (
	"cmp"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"

	"mayfly/shared/wire"
)

// Count says how often the server gave the same answer: the same code with the same sentence.
type Count struct {
	Code    string `json:"code"` // of a refused or a bye; "cut" for a connection that ended without a bye
	Message string `json:"message"`
	Count   int    `json:"count"`
}

// cut is the code of a connection that ended without a bye.
const cut = "cut"

// maxSayings is how many different sentences the result lists for refusals, and for ends of connections. The sentences
// beyond that are counted together, by their codes. Otherwise a server that puts numbers into its sentences could fill the
// result.
const maxSayings = 20

// outcomes collects what the server answered to posts, and why it ended connections.
type outcomes struct {
	accepted atomic.Int64

	mu      sync.Mutex // guards what follows
	refused map[saying]int
	ended   map[saying]int
}

// saying is a code and its sentence. For a refused post and for a bye, the server sent both. For a connection that ended
// without a bye, the code is the constant cut, and endOf makes the sentence.
type saying struct{ code, message string }

func newOutcomes() *outcomes {
	return &outcomes{refused: map[saying]int{}, ended: map[saying]int{}}
}

// refuse notes that the server has refused a post.
func (o *outcomes) refuse(f wire.Refused) {
	o.mu.Lock()
	defer o.mu.Unlock()
	note(o.refused, saying{string(f.Code), f.Message})
}

// end notes that a connection has ended. bye says why; if it is nil, err does.
func (o *outcomes) end(bye *wire.Bye, err error) {
	s := saying{cut, endOf(err)}
	if bye != nil {
		s = saying{string(bye.Code), bye.Message}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	note(o.ended, s)
}

// endOf says in words how a connection ended without a bye. err is the error of the read or the write that failed.
func endOf(err error) string {
	var closed *wire.ClosedError
	switch {
	case errors.As(err, &closed):
		return "closed with code " + strconv.Itoa(closed.Code)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the connection was cut"
	case errors.Is(err, os.ErrDeadlineExceeded):
		return "the server or the network took no post for " + writeTimeout.String()
	}
	var op *net.OpError
	if errors.As(err, &op) { // without the addresses, which differ for each connection
		return op.Err.Error()
	}
	return err.Error()
}

func note(counts map[saying]int, s saying) {
	if _, ok := counts[s]; !ok && len(counts) >= maxSayings {
		s.message = "other messages"
	}
	counts[s]++
}

// sorted returns the counts, the largest first.
func sorted(counts map[saying]int) []Count {
	list := []Count{}
	for s, n := range counts {
		list = append(list, Count{s.code, s.message, n})
	}
	slices.SortFunc(list, func(a, b Count) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Message, b.Message))
	})
	return list
}
