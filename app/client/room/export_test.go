package room

// Cursor returns the cursor of r.
func (r Room) Cursor() (epoch string, seq int64) { return r.cursor.Epoch, r.cursor.Seq }

// MaxActs is how many acts of moderators a room remembers.
const MaxActs = maxActs
