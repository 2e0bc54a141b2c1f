package outbox

import "time"

// Details are what the author of a message chose beside its text. Most messages have none. Nothing changes them in place.
type Details struct {
	// the seq of the message that the user answers, and the epoch to which the seq belongs; 0: the message is no reply
	ReplyTo    int64         `json:"reply_to,omitempty"`
	ReplyEpoch string        `json:"reply_epoch,omitempty"`
	Mentions   []string      `json:"mentions,omitempty"` // the ids of the users whom the text addresses
	Life       time.Duration `json:"life_ns,omitempty"`  // how long the message lives; 0: as long as others in its room
}

// None reports whether the author chose nothing.
func (d *Details) None() bool { return d.ReplyTo == 0 && len(d.Mentions) == 0 && d.Life == 0 }
