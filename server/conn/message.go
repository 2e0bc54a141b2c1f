package conn

import "encoding/binary"

// headroom is the length, in bytes, of the longest header of a WebSocket message: the opcode and the message's length.
const headroom = 10

const (
	textMessage = 0x80 | 0x1 // the first byte of a text message in one piece
	pingFrame   = 0x80 | 0x9 // the first byte of a ping
)

// sealed returns frames as one WebSocket message, in new memory. Frames that are sealed are never changed, so all members
// of a room share the message.
func sealed(frames []byte) []byte {
	message := make([]byte, headroom, headroom+len(frames))
	return seal(append(message, frames...))
}

// seal makes one WebSocket message of the frames in b[headroom:]. It writes the header into b, right before the frames,
// and returns the message, which is the end of b.
func seal(b []byte) []byte {
	switch n := len(b) - headroom; {
	case n < 126:
		b = b[headroom-2:]
		b[1] = byte(n)
	case n < 1<<16:
		b = b[headroom-4:]
		b[1] = 126
		binary.BigEndian.PutUint16(b[2:], uint16(n))
	default:
		b[1] = 127
		binary.BigEndian.PutUint64(b[2:], uint64(n))
	}
	b[0] = textMessage
	return b
}
