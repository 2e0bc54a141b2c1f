package client

import "mayfly/shared/wire"

// A nickname is the name of a guest. It is a state machine without I/O.
type nickname struct {
	keep func(name string) // static; Config.KeepName, which stores the name for the next start; nil: it is not stored

	name  string  // the name in the next hello: at first Config.Name, later the last name from the server; "": the pseudonym
	wish  *string // the name that the guest would like and the client must still send; nil: none
	asked *string // the name in the rename that the client has sent and that has no answer yet; nil: no rename waits
}

// rename stores the name that the guest would like, "" for the pseudonym. The method next later returns the frame that asks
// the server for this name.
func (n *nickname) rename(name string) { n.wish = &name }

// next returns the frame rename that asks the server for the wished name. send is true if the client must send f now. It is
// false if there is no wish, or if an earlier rename has no answer yet: an answer does not say which rename it answers.
func (n *nickname) next() (f wire.Rename, send bool) {
	if n.wish == nil || n.asked != nil {
		return wire.Rename{}, false
	}
	n.asked, n.wish = n.wish, nil
	return wire.Rename{Name: *n.asked}, true
}

// onAuthed runs when the server has given the user a name. It stores the name of a guest, because each later hello must
// contain that name. If the guest has asked for the pseudonym, onAuthed stores "" instead of the name in u.
func (n *nickname) onAuthed(u wire.User) {
	if !u.Anonymous {
		return
	}
	name := u.Name
	if n.asked != nil && *n.asked == "" {
		name = ""
	}
	n.asked = nil
	if name != n.name {
		n.name = name
		if n.keep != nil {
			n.keep(name)
		}
	}
}

// onRefused runs when the server has refused a rename.
func (n *nickname) onRefused() { n.asked = nil }

// forget forgets the guest's wish, because another user writes from now on.
func (n *nickname) forget() { n.wish, n.asked = nil, nil }

// disconnected runs when a connection has ended: a rename without an answer is sent again, unless the guest would like
// another name by now.
func (n *nickname) disconnected() {
	if n.wish == nil {
		n.wish = n.asked
	}
	n.asked = nil
}
