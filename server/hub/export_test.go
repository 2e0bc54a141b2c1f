package hub

// Deadlines returns the number of messages on the heap of deadlines.
func (h *Hub) Deadlines() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.due)
}
