package audit

const (
	MaxHits    = maxHits
	MaxWaiting = maxWaiting
)

// Flush writes the lines that wait.
func (l *Log) Flush() { l.flush() }
