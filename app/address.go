package app

import (
	"strings"

	"mayfly/shared/wire"
)

const roomPath = "/r/" // what the path of a room's page begins with

// pathOf returns the path of a room's page. Each room has only one path.
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

// roomAt returns the name of the room at the address with this path and this fragment. People write "#tea" for the room tea,
// so the path "/" with the fragment "tea" leads there. The fragment composerID names no room, because the page itself links
// to it. elsewhere is true if the room's page has another address.
func roomAt(path, fragment string) (room string, elsewhere, ok bool) {
	room, ok = roomOf(path)
	named := plainName(strings.TrimLeft(fragment, "#"))
	if path == "/" && fragment != composerID && wire.ValidRoom(named) {
		return named, true, true
	}
	return room, ok && pathOf(room) != path, ok
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
		address, fragment, _ := strings.Cut(address, "#")
		address, _, _ = strings.Cut(address, "?")
		if address == "" {
			address = "/"
		}
		room, _, ok = roomAt(address, fragment)
		return room, ok
	}
	room = plainName(strings.TrimLeft(text, "#"))
	return room, wire.ValidRoom(room)
}

// plainName returns a room's name without white space around it and without capital letters.
func plainName(name string) string { return strings.ToLower(strings.TrimSpace(name)) }

// cutPrefixFold works like strings.CutPrefix, but does not distinguish capital and small letters.
func cutPrefixFold(text, prefix string) (rest string, ok bool) {
	if len(text) < len(prefix) || !strings.EqualFold(text[:len(prefix)], prefix) {
		return text, false
	}
	return text[len(prefix):], true
}
