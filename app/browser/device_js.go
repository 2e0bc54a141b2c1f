package browser

import (
	"crypto/rand"
	"strings"
	"sync"
	"syscall/js"
	"time"
)

const lockTimeout = 10 * time.Second

// database is the IndexedDB database, which is opened when it is first needed.
type database struct {
	mu sync.Mutex // guards db; held while the database is being opened
	db js.Value   // undefined until the database is open
}

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

// open takes the lock that each open tab holds. The browser releases it when the page goes.
func (d *Device) open() {
	go func() { _, _ = Lock(tabLock+d.tab, lockTimeout) }() // always free: the name is random
}

// Load returns everything that is stored, by key. It blocks.
func (s *database) Load() (map[string]string, error) {
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

// Save stores all of changes, or none of them. "" deletes a key. When Save returns nil, the changes are on disk. It blocks.
func (s *database) Save(changes map[string]string) error {
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

// transact calls work, which makes its requests, and returns once all of its changes are on disk, or none. If the database
// is open, transact makes all requests before it waits, so that it also works while the user leaves the page.
func (s *database) transact(mode string, work func(store js.Value)) error {
	db, err := s.open()
	if err != nil {
		return err
	}
	tx := call(db, "transaction", deviceStore, mode, object("durability", "strict"))
	work(call(tx, "objectStore", deviceStore))
	call(tx, "commit")
	if firstEvent(tx, "complete", "abort") != "complete" {
		call(db, "close") // the browser may have closed it, for example when the user deletes site data
		s.mu.Lock()
		s.db = js.Undefined()
		s.mu.Unlock()
		return errRefused
	}
	return nil
}

func (s *database) open() (db js.Value, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.db.IsUndefined() {
		s.db, err = openStore(deviceDatabase, deviceStore)
	}
	return s.db, err
}

// Lock waits until no other tab holds the device's lock, at most for lockTimeout.
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

// openStore opens a database that has one store.
func openStore(database, name string) (js.Value, error) {
	opening := call(global("indexedDB"), "open", database, 1)
	event := firstEvent(opening, "upgradeneeded", "success", "error")
	if event == "upgradeneeded" { // Go runs inside the callback, so that the upgrade includes this request
		call(opening.Get("result"), "createObjectStore", name)
		event = firstEvent(opening, "success", "error")
	}
	if event == "error" {
		return js.Undefined(), errRefused
	}
	return opening.Get("result"), nil
}
