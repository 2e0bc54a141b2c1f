package client

import "sync"

// A mailbox holds work that other goroutines leave for the loop.
type mailbox struct {
	wake chan struct{}  // static; capacity 1; signals that todo has grown
	work sync.WaitGroup // counts the goroutines that the loop has started; Run waits for them

	mu   sync.Mutex // guards todo
	todo []func()   // the functions that the loop must run, in order
}

// do leaves f for the loop to run, and does not wait for it.
func (m *mailbox) do(f func()) {
	m.mu.Lock()
	m.todo = append(m.todo, f)
	m.mu.Unlock()
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// runTodo empties the list todo, and runs the functions that it contained, in order.
func (m *mailbox) runTodo() {
	m.mu.Lock()
	todo := m.todo
	m.todo = nil
	m.mu.Unlock()
	for _, f := range todo {
		f()
	}
}
