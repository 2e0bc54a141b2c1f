package app

import (
	"strings"

	"mayfly/shared/wire"
)

const roomPath = "/r/" // what the path of a room's page begins with

// pathOf returns the path of a room's page. Each room has one.
func pathOf(room string) string {
	if room == wire.DefaultRoom {
		return "/"
	}
	return roomPath + room
}

// roomOf returns the name of the room in a path. It understands other ways to write a room's path: capital letters, white
// space around the name, and slashes after it. ok is false if no room can have the name.
func roomOf(path string) (room string, ok bool) {
	if path == "/" {
		return wire.DefaultRoom, true
	}
	room, ok = strings.CutPrefix(path, roomPath)
	if !ok {
		return "", false
	}
	if room = plainName(strings.TrimRight(room, "/")); room == "" {
		return wire.DefaultRoom, true
	}
	if !wire.ValidRoom(room) {
		return "", false
	}
	return room, true
}

// roomNamed returns the name of the room that the user means by text: a name, perhaps with a #, or the address of a room's
// page, with or without this server's origin or host. ok is false if no room can have the name.
func roomNamed(text, origin string) (room string, ok bool) {
	text = strings.TrimSpace(text)
	address, isAddress := text, strings.HasPrefix(text, "/")
	_, host, _ := strings.Cut(origin, "://")
	for _, here := range []string{origin, host} {
		rest, ok := cutPrefixFold(text, here)
		if ok && (strings.HasPrefix(rest, "/") || rest == "" && here == origin) {
			address, isAddress = rest, true
		}
	}
	if isAddress {
		if end := strings.IndexAny(address, "?#"); end >= 0 {
			address = address[:end]
		}
		if address == "" {
			address = "/"
		}
		return roomOf(address)
	}
	room = plainName(strings.TrimLeft(text, "#"))
	return room, wire.ValidRoom(room)
}

// plainName returns a room's name without white space around it and without capital letters.
func plainName(name string) string { return strings.ToLower(strings.TrimSpace(name)) }

// cutPrefixFold works like strings.CutPrefix, but takes capital letters for small ones.
func cutPrefixFold(text, prefix string) (rest string, ok bool) {
	if len(text) < len(prefix) || !strings.EqualFold(text[:len(prefix)], prefix) {
		return text, false
	}
	return text[len(prefix):], true
}
