package browser

import (
	"crypto/rand"
	"strings"
	"syscall/js"
	"time"
)

const lockTimeout = 10 * time.Second

// NewDevice returns the device of this tab and gives the tab a new name. The tab counts as open until the user closes it or
// leaves its page. It is open again when the page comes back from the browser's cache.
func NewDevice() *Device {
	d := &Device{tab: rand.Text()}
	d.open()
	call(js.Global(), "addEventListener", "pageshow", js.FuncOf(func(_ js.Value, args []js.Value) any {
		if args[0].Get("persisted").Bool() {
			d.open()
		}
		return nil
	}))
	return d
}

// open takes the lock that each open tab holds. The browser releases the lock when the user leaves the page.
func (d *Device) open() {
	go func() { _, _ = Lock(tabLock+d.tab, lockTimeout) }() // the lock is free: its name is random
}

// Lock waits until no other tab holds the device's lock, for lockTimeout at most.
func (d *Device) Lock() (unlock func(), err error) { return Lock(deviceLock, lockTimeout) }

// Tabs returns the names of the open tabs. In a browser without Web Locks it returns none.
func (d *Device) Tabs() (open []string, err error) {
	locks := global("navigator").Get("locks")
	if locks.IsUndefined() {
		return nil, nil
	}
	state, err := await(call(locks, "query"))
	if err != nil {
		return nil, err
	}
	held := state.Get("held")
	for i := range held.Length() {
		if name, ok := strings.CutPrefix(held.Index(i).Get("name").String(), tabLock); ok {
			open = append(open, name)
		}
	}
	return open, nil
}
