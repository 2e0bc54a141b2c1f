package browser

import (
	"sync"
	"syscall/js"
)

// database is a connection to the IndexedDB database deviceDatabase. It is opened when it is first needed.
type database struct {
	mu sync.Mutex // guards db; held while the database is being opened
	db js.Value   // undefined until the database is open
}

// Load returns everything that is stored, by key. It blocks.
func (s *database) Load() (map[string]string, error) {
	var keys, values js.Value
	err := s.transact("readonly", func(store js.Value) { keys, values = call(store, "getAllKeys"), call(store, "getAll") })
	if err != nil {
		return nil, err
	}
	return texts(keys, values), nil
}

// Save stores all of changes, or none of them. The value "" deletes a key. When Save returns nil, the changes are on disk.
// It blocks.
func (s *database) Save(changes map[string]string) error {
	return s.transact("readwrite", func(store js.Value) { change(store, changes) })
}

// Update calls decide with everything that is stored, and stores the changes that decide returns, in the same transaction.
func (s *database) Update(decide func(all map[string]string) (changes map[string]string)) error {
	return s.transact("readwrite", func(store js.Value) {
		keys, values := call(store, "getAllKeys"), call(store, "getAll")
		// IndexedDB ends a transaction when the callback of an event returns and no request is left. firstEvent returns
		// before that callback does. So change makes its requests in time, in the same transaction.
		if firstEvent(values, "success", "error") == "success" {
			change(store, decide(texts(keys, values)))
		}
	})
}

// texts returns all stored values by key. keys and values are the finished requests for all keys and for all values.
func texts(keys, values js.Value) map[string]string {
	keys, values = keys.Get("result"), values.Get("result")
	all := map[string]string{}
	for i := range keys.Length() {
		all[keys.Index(i).String()] = values.Index(i).String()
	}
	return all
}

// change requests that the browser stores changes. It does not wait. The value "" deletes a key.
func change(store js.Value, changes map[string]string) {
	for key, value := range changes {
		if value == "" {
			call(store, "delete", key)
		} else {
			call(store, "put", value, key)
		}
	}
}

// transact begins a transaction and calls work, which makes the requests of the transaction. It returns nil once all
// changes are on disk, and an error if no change was stored. If the database is open already, transact makes the requests
// at once, and only then waits. So if the user leaves the page right after a call of Save, the browser has the requests
// already, although leaving the page stops this program. The browser may still drop them (see Notes).
func (s *database) transact(mode string, work func(store js.Value)) error {
	db, err := s.open()
	if err != nil {
		return err
	}
	tx := call(db, "transaction", deviceStore, mode, object("durability", "strict"))
	work(call(tx, "objectStore", deviceStore))
	call(tx, "commit")
	if firstEvent(tx, "complete", "abort") != "complete" {
		call(db, "close") // the next transaction opens a new connection: perhaps the user has deleted the site's data
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

// openStore opens a database and, if it does not exist yet, creates it with its only store, called name.
func openStore(database, name string) (js.Value, error) {
	opening := call(global("indexedDB"), "open", database, 1)
	event := firstEvent(opening, "upgradeneeded", "success", "error")
	if event == "upgradeneeded" { // the event's callback has not returned yet, so createObjectStore is part of the upgrade
		call(opening.Get("result"), "createObjectStore", name)
		event = firstEvent(opening, "success", "error")
	}
	if event == "error" {
		return js.Undefined(), errRefused
	}
	return opening.Get("result"), nil
}
