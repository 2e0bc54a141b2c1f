package room

// Cursor returns what r has seen of its room.
func (r Room) Cursor() (epoch string, seq int64) { return r.cursor.Epoch, r.cursor.Seq }
