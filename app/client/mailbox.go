package client

import "sync"

// A mailbox holds work that other goroutines leave for the loop.
type mailbox struct {
	wake chan struct{}  // static; capacity 1: todo has grown
	work sync.WaitGroup // every goroutine that the loop began

	mu   sync.Mutex // guards what follows
	todo []func()   // in order
}

// do leaves f to the loop.
func (m *mailbox) do(f func()) {
	m.mu.Lock()
	m.todo = append(m.todo, f)
	m.mu.Unlock()
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// runTodo does the work.
func (m *mailbox) runTodo() {
	m.mu.Lock()
	todo := m.todo
	m.todo = nil
	m.mu.Unlock()
	for _, f := range todo {
		f()
	}
}
