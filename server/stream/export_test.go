package stream

import (
	"strconv"

	"github.com/nats-io/nats.go"
)

// ForgeCopy makes room's followers believe that a message came, whose predecessor was before.
func (n *NATS) ForgeCopy(room string, seq, before int64) error {
	copied := nats.NewMsg(livePrefix + subjectPrefix + room)
	copied.Header.Set(headerSeq, strconv.FormatInt(seq, 10))
	copied.Header.Set(headerLastSeq, strconv.FormatInt(before, 10))
	if err := n.live.PublishMsg(copied); err != nil {
		return err
	}
	return n.live.Flush()
}
