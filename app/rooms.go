package app

import (
	"encoding/json"
	"slices"

	"mayfly/app/client"
	"mayfly/app/unread"
	"mayfly/shared/wire"
)

// This file has the type savedRooms, the list of the rooms that the user is in. roomlist.go draws and stores the list.

// A savedRoom is one of the rooms that the user is in, as the device stores it.
type savedRoom struct {
	Name   string      `json:"room"`
	Pinned bool        `json:"pinned,omitempty"` // the room is above all rooms that are not pinned
	Muted  bool        `json:"muted,omitempty"`  // its unread messages count neither in the title nor on the button "Rooms"
	Notify string      `json:"notify,omitempty"` // what makes notifications: notifyAll, notifyNone; "": mentions and replies
	Read   wire.Cursor `json:"read"`             // the user has read all messages up to this seq
}

// The values of savedRoom.Notify.
const (
	notifyAll  = "all"
	notifyNone = "none"
)

// scope returns of which messages of the room the user wants notifications: of none while the room is muted.
func (s savedRoom) scope() unread.Scope {
	switch {
	case s.Muted || s.Notify == notifyNone:
		return unread.Nothing
	case s.Notify == notifyAll:
		return unread.Everything
	}
	return unread.ForMe
}

// savedRooms are the rooms that the user is in, at most client.MaxRooms. The methods never change the list: they return a
// changed copy.
type savedRooms []savedRoom

// readRooms returns the list of rooms in text, which the device has stored. It leaves out a room whose name is not valid or
// stands further up in the list already, and the rooms after the first client.MaxRooms. If it can't read the text, it
// returns no rooms.
func readRooms(text string) (all savedRooms) {
	var stored savedRooms
	if json.Unmarshal([]byte(text), &stored) != nil {
		return nil
	}
	for _, s := range stored {
		if wire.ValidRoom(s.Name) && !all.has(s.Name) && len(all) < client.MaxRooms {
			all = append(all, s)
		}
	}
	return all
}

// text returns the list in the form in which the device stores it: JSON, or "" if there are no rooms.
func (l savedRooms) text() string {
	if len(l) == 0 {
		return ""
	}
	text, err := json.Marshal(l)
	if err != nil {
		return ""
	}
	return string(text)
}

// index returns the index of the room called name, -1 if that room is not in the list.
func (l savedRooms) index(name string) int {
	return slices.IndexFunc(l, func(s savedRoom) bool { return s.Name == name })
}

func (l savedRooms) has(name string) bool { return l.index(name) >= 0 }

// named returns the room called name. If that room is not in the list, named returns a savedRoom in which only Name is set.
func (l savedRooms) named(name string) savedRoom {
	if i := l.index(name); i >= 0 {
		return l[i]
	}
	return savedRoom{Name: name}
}

// full reports whether the list already has client.MaxRooms rooms, so that no room can be added.
func (l savedRooms) full() bool { return len(l) >= client.MaxRooms }

// with returns the list with the room s. If the list already has a room of that name, s replaces it. Otherwise s is added at
// the end; but if the list is full, with returns it without s.
func (l savedRooms) with(s savedRoom) savedRooms {
	i := l.index(s.Name)
	switch {
	case i < 0 && l.full():
		return l
	case i < 0:
		return append(slices.Clip(l), s)
	}
	next := slices.Clone(l)
	next[i] = s
	return next
}

// without returns the list without the room called name.
func (l savedRooms) without(name string) savedRooms {
	return slices.DeleteFunc(slices.Clone(l), func(s savedRoom) bool { return s.Name == name })
}

// visited returns the rooms in the form that client.SetRooms wants.
func (l savedRooms) visited() (all []client.Visited) {
	for _, s := range l {
		all = append(all, client.Visited{Room: s.Name, Read: s.Read})
	}
	return all
}

// readAs returns the list with Read of each room set to how far the user has read the room, as the client reports it in
// news.
func (l savedRooms) readAs(news []client.News) savedRooms {
	for i := range news {
		if s := l.named(news[i].Room); l.has(s.Name) && news[i].Read.Epoch != "" && s.Read != news[i].Read {
			s.Read = news[i].Read
			l = l.with(s)
		}
	}
	return l
}

// merged returns other, the list that another tab has stored, with one change: if the user has read further in a room in
// this tab than in the other tab, that room gets Read from this tab's list.
func (l savedRooms) merged(other savedRooms) savedRooms {
	for _, s := range other {
		if here := l.named(s.Name).Read; here.Epoch == s.Read.Epoch && here.Seq > s.Read.Seq {
			s.Read = here
			other = other.with(s)
		}
	}
	return other
}

// ordered returns the names of the rooms in the order in which the page shows them, from top to bottom: first the pinned
// rooms, then the other rooms. Among the pinned rooms, and among the others, the room with the newest message is first.
func (l savedRooms) ordered(news []client.News) (names []string) {
	newest := map[string]int64{}
	for i := range news {
		if at := news[i].Newest; !at.IsZero() {
			newest[news[i].Room] = at.UnixMilli()
		}
	}
	sorted := slices.Clone(l)
	slices.SortStableFunc(sorted, func(a, b savedRoom) int {
		switch {
		case a.Pinned != b.Pinned && a.Pinned:
			return -1
		case a.Pinned != b.Pinned:
			return 1
		}
		return int(max(-1, min(1, newest[b.Name]-newest[a.Name])))
	})
	for _, s := range sorted {
		names = append(names, s.Name)
	}
	return names
}

// held returns the names in next, but in the order that they have in before; names that are not in before go to the end. The
// page uses this order while the user acts on the list: otherwise a row could move away under the pointer.
func held(before, next []string) (names []string) {
	for _, name := range before {
		if slices.Contains(next, name) {
			names = append(names, name)
		}
	}
	for _, name := range next {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// afterLeaving returns the room to show when the user leaves the room left. order is the list from top to bottom. The result
// is the room below left; if there is none, the room above; if there is no other room, the lobby.
func afterLeaving(order []string, left string) string {
	i := slices.Index(order, left)
	switch {
	case i >= 0 && i+1 < len(order):
		return order[i+1]
	case i > 0:
		return order[i-1]
	}
	return wire.DefaultRoom
}
