package browser

import (
	"crypto/rand"
	"strings"
	"sync"
	"syscall/js"
	"time"
)

const (
	deviceDatabase = "mayfly-device"
	deviceStore    = "kept"
	deviceLock     = "mayfly-device"
	tabLock        = "mayfly-tab-" // its name follows: an open tab holds it

	lockTimeout = 10 * time.Second
)

// shelf is the database.
type shelf struct {
	mu sync.Mutex // guards db, and is held while it is opened
	db js.Value   // undefined until it is open
}

// NewDevice returns the device of a tab that gets a new name. The tab counts as open until it is closed or its page is left; a
// page that comes back from the browser's cache is open again.
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

// open takes the lock that an open tab has. It goes by itself.
func (d *Device) open() {
	go func() { _, _ = Lock(tabLock+d.tab, lockTimeout) }() // nobody else wants it
}

// Load returns all that is kept, by key.
func (s *shelf) Load() (map[string]string, error) {
	var keys, values js.Value
	err := s.transact("readonly", func(store js.Value) { keys, values = call(store, "getAllKeys"), call(store, "getAll") })
	if err != nil {
		return nil, err
	}
	keys, values = keys.Get("result"), values.Get("result")
	all := map[string]string{}
	for i := range keys.Length() {
		all[keys.Index(i).String()] = values.Index(i).String()
	}
	return all, nil
}

// Save changes what is kept under those keys, all of it or nothing; "" removes. When it returns nil, it is on disk.
func (s *shelf) Save(changes map[string]string) error {
	return s.transact("readwrite", func(store js.Value) {
		for key, value := range changes {
			if value == "" {
				call(store, "delete", key)
			} else {
				call(store, "put", value, key)
			}
		}
	})
}

// transact lets work make its requests, and returns once all of that is on disk, or none. Once the database is open, all has been
// asked for when it first waits: a page that is being left can still do so.
func (s *shelf) transact(mode string, work func(store js.Value)) error {
	db, err := s.open()
	if err != nil {
		return err
	}
	tx := call(db, "transaction", deviceStore, mode, object("durability", "strict"))
	work(call(tx, "objectStore", deviceStore))
	call(tx, "commit")
	if once(tx, "complete", "abort") != "complete" {
		call(db, "close") // the browser may have done so, as when somebody deletes what sites keep
		s.mu.Lock()
		s.db = js.Undefined()
		s.mu.Unlock()
		return errRefused
	}
	return nil
}

func (s *shelf) open() (db js.Value, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.db.IsUndefined() {
		s.db, err = openStore(deviceDatabase, deviceStore)
	}
	return s.db, err
}

// Lock waits until no other tab has the lock.
func (d *Device) Lock() (unlock func(), err error) { return Lock(deviceLock, lockTimeout) }

// Tabs returns the names of the tabs that are open. A browser without Web Locks has none.
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

// openStore opens a database of one store.
func openStore(database, name string) (js.Value, error) {
	opening := call(global("indexedDB"), "open", database, 1)
	event := once(opening, "upgradeneeded", "success", "error")
	if event == "upgradeneeded" { // Go runs within the callback: the upgrade waits for what is asked for here
		call(opening.Get("result"), "createObjectStore", name)
		event = once(opening, "success", "error")
	}
	if event == "error" {
		return js.Undefined(), errRefused
	}
	return opening.Get("result"), nil
}
