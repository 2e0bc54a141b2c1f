package client

import "mayfly/shared/wire"

// A nickname is the name of a guest. It is a state machine without I/O.
type nickname struct {
	keep func(name string) // static; Config.KeepName; nil: nobody keeps it

	name string  // what the next hello says: the name that the server gave last, or the guest's wish; "": the pseudonym
	wish *string // the name that the guest has asked for, until the server has answered; nil: none
	out  bool    // a rename with that name is on its way on the present connection
}

// rename asks for another name, "" for the pseudonym.
func (n *nickname) rename(name string) { n.wish, n.out = &name, false }

// next returns the frame that asks for the name, if it must be sent now.
func (n *nickname) next() (f wire.Rename, send bool) {
	if n.wish == nil || n.out {
		return wire.Rename{}, false
	}
	n.out = true
	return wire.Rename{Name: *n.wish}, true
}

// onAuthed runs when the server has given the user a name. A guest keeps it, because each hello says what the guest is
// called, on all connections. Of the pseudonym that the guest has asked for, nothing is kept.
func (n *nickname) onAuthed(u wire.User) {
	if !u.Anonymous {
		return
	}
	name := u.Name
	if n.wish != nil && *n.wish == "" {
		name = ""
	}
	n.forget()
	if name != n.name {
		n.name = name
		if n.keep != nil {
			n.keep(name)
		}
	}
}

// forget forgets a wish, because the server has answered, or another user goes on.
func (n *nickname) forget() { n.wish, n.out = nil, false }

// disconnected runs when a connection has ended: a wish without an answer is sent again.
func (n *nickname) disconnected() { n.out = false }
