package hub

// Deadlines returns how many messages wait for their deadline.
func (h *Hub) Deadlines() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.due)
}
