package client

import "mayfly/shared/wire"

// A nickname is the name of a guest. It is a state machine without I/O.
type nickname struct {
	keep func(name string) // static; Config.KeepName; nil: nobody keeps it

	name  string  // the name in the next hello: at first Config.Name, later the last name from the server; "": the pseudonym
	wish  *string // the name that the guest would like and the client must still send; nil: none
	asked *string // the name in the rename that has no answer yet on the present connection; nil: there is none
}

// rename stores name as the guest's wish, which next sends; "" is the pseudonym.
func (n *nickname) rename(name string) { n.wish = &name }

// next returns the frame that asks for the wished name, if it must be sent now. An answer does not say which rename it is
// for, so the client sends no rename while an earlier rename has no answer.
func (n *nickname) next() (f wire.Rename, send bool) {
	if n.wish == nil || n.asked != nil {
		return wire.Rename{}, false
	}
	n.asked, n.wish = n.wish, nil
	return wire.Rename{Name: *n.asked}, true
}

// onAuthed runs when the server has given the user a name. A guest's name is stored, because each later hello must
// contain it. If the guest has asked for the pseudonym, "" is stored instead.
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

// forget forgets the guest's wish, because another user goes on.
func (n *nickname) forget() { n.wish, n.asked = nil, nil }

// disconnected runs when a connection has ended: a rename without an answer is sent again, unless the guest would like
// another name by now.
func (n *nickname) disconnected() {
	if n.wish == nil {
		n.wish = n.asked
	}
	n.asked = nil
}
