package app

import (
	"strings"

	"mayfly/app/browser"
	"mayfly/shared/wire"
)

const roomPath = "/r/" // the path of a room's page is roomPath and the room's name; wire.DefaultRoom has the path "/"

// pathOf returns the usual path of a room's page. The function roomOf also understands other ways to write that path.
func pathOf(room string) string {
	if room == wire.DefaultRoom {
		return "/"
	}
	return roomPath + room
}

// linkTo returns the whole address of a room's page, for other people.
func linkTo(room string) string { return browser.Origin() + pathOf(room) }

// roomOf returns the name of the room in a path. It understands other ways to write a room's path: capital letters, white
// space around the name, slashes after it, and "/r/" without a name for wire.DefaultRoom. ok is false if path is not the
// path of a room, or if no room can have the name.
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
// so the path "/" with the fragment "tea" leads to the room tea. The fragment composerID names no room, because the page
// itself has a link to that fragment. elsewhere is true if the address is not the usual address of the room (see pathOf).
func roomAt(path, fragment string) (room string, elsewhere, ok bool) {
	room, ok = roomOf(path)
	named := plainName(strings.TrimLeft(fragment, "#"))
	if path == "/" && fragment != composerID && wire.ValidRoom(named) {
		return named, true, true
	}
	return room, ok && pathOf(room) != path, ok
}

// roomNamed returns the name of the room that the user means by text. The user may have written the room's name, also with
// a # before it, or the address of the room's page. The address may be only a path, or may begin with this server's host or
// origin (the parameter origin, such as https://chat.example.com). ok is false if no room can have the name.
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
