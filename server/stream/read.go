package stream

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// page is a part of the messages of a subject, in seq order.
type page struct {
	messages []storedMsg
	last     int64 // the highest seq in messages; 0 if there is none
	more     bool  // the subject has messages with a higher seq than last
}

// page reads at most limit messages of the subject subj, from seq on.
func (l *links) page(ctx context.Context, subj subject, seq uint64, limit int) (page, error) {
	return l.directGet(ctx, subj.stream, struct {
		Seq    uint64 `json:"seq"`
		NextBy string `json:"next_by_subj"`
		Batch  int    `json:"batch"`
		Bytes  int    `json:"max_bytes"`
	}{seq, subj.name, limit, pageBytes})
}

// lasts reads the last message of each of the subjects. Subjects without a message are left out.
func (l *links) lasts(ctx context.Context, stream string, subjects []string) (page, error) {
	return l.directGet(ctx, stream, struct {
		Last  []string `json:"multi_last"`
		Batch int      `json:"batch"`
	}{subjects, len(subjects)})
}

// directGet sends a request for a batched direct get (NATS ADR-31), and returns the answer. The server sends each message,
// and then an empty message with status 204. If there is no message, the server sends only an empty message with status 404.
// In a cluster any server that keeps the stream may answer, and it may lack the newest messages.
func (l *links) directGet(ctx context.Context, stream string, request any) (page, error) {
	ask, err := json.Marshal(request)
	if err != nil {
		return page{}, err
	}
	inbox := l.read.NewRespInbox()
	sub, err := l.read.SubscribeSync(inbox)
	if err != nil {
		return page{}, err
	}
	defer sub.Unsubscribe() //nolint:errcheck // the inbox gets no further messages
	if err := l.read.PublishRequest("$JS.API.DIRECT.GET."+stream, inbox, ask); err != nil {
		return page{}, err
	}
	var p page
	for {
		msg, err := sub.NextMsgWithContext(ctx)
		if err != nil {
			return page{}, err
		}
		switch status := msg.Header.Get("Status"); status {
		case "":
			p.last, err = strconv.ParseInt(msg.Header.Get(headerSeq), 10, 64)
			if err != nil {
				return page{}, fmt.Errorf("header %s: %w", headerSeq, err)
			}
			p.messages = append(p.messages, storedMsg{msg, p.last})
		case "204":
			pending := msg.Header.Get("Nats-Num-Pending")
			p.more = p.last > 0 && pending != "" && pending != "0"
			return p, nil
		case "404":
			return p, nil
		default:
			return page{}, fmt.Errorf("status %s: %s", status, msg.Header.Get("Description"))
		}
	}
}

// head asks the leader of a stream for the last message of the subject subj. It returns zero values if there is none.
// Of all servers only the leader surely has the last message.
func (l *links) head(ctx context.Context, subj subject) (seq int64, data []byte, err error) {
	return headBy(ctx, l.read, subj)
}

// headBy does what head does, on the connection conn.
func headBy(ctx context.Context, conn *nats.Conn, subj subject) (seq int64, data []byte, err error) {
	ask, err := json.Marshal(struct {
		Last string `json:"last_by_subj"`
	}{subj.name})
	if err != nil {
		return 0, nil, err
	}
	msg, err := conn.RequestWithContext(ctx, "$JS.API.STREAM.MSG.GET."+subj.stream, ask)
	if err != nil {
		return 0, nil, err
	}
	var answer struct {
		Message struct {
			Seq  int64  `json:"seq"`
			Data []byte `json:"data"`
		} `json:"message"`
		Error *jetstream.APIError `json:"error"`
	}
	if err := json.Unmarshal(msg.Data, &answer); err != nil {
		return 0, nil, err
	}
	switch {
	case answer.Error == nil:
		return answer.Message.Seq, answer.Message.Data, nil
	case answer.Error.ErrorCode == jetstream.JSErrCodeMessageNotFound:
		return 0, nil, nil
	default:
		return 0, nil, answer.Error
	}
}

// last asks the leader of a stream for the last seq that the stream has given to a message.
func (l *links) last(ctx context.Context, stream string) (seq int64, err error) {
	msg, err := l.read.RequestWithContext(ctx, "$JS.API.STREAM.INFO."+stream, nil)
	if err != nil {
		return 0, err
	}
	var answer struct {
		State struct {
			Last int64 `json:"last_seq"`
		} `json:"state"`
		Error *jetstream.APIError `json:"error"`
	}
	if err := json.Unmarshal(msg.Data, &answer); err != nil {
		return 0, err
	}
	if answer.Error != nil {
		return 0, answer.Error
	}
	return answer.State.Last, nil
}
