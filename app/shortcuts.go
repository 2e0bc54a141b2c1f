package app

import (
	"strings"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/dom"
)

// This file has the shortcuts: the keys that work everywhere in the page. window.go listens for them.

// A shortcut says what the page does when the user presses a key that works everywhere in the page.
type shortcut int

const (
	noShortcut shortcut = iota
	showHelp
	showPalette
	nextRegion   // F6 moves the focus to the next part of the page
	regionBefore // Shift+F6 moves the focus to the previous part of the page
)

// shortcutOf returns what the key press p does. inLog is true if the focus is in the message list. Only there the key ?
// opens the help: elsewhere a program that turns speech into key presses could open it by mistake (WCAG 2.1.4).
func shortcutOf(p press, inLog bool) shortcut {
	switch {
	case p.composing || p.alt:
		return noShortcut
	case p.key == "F6" && !p.command && p.shift:
		return regionBefore
	case p.key == "F6" && !p.command:
		return nextRegion
	case p.key == "/" && p.command: // p.shift may be true: on some keyboards / is a key with Shift
		return showHelp
	case p.command && !p.shift && (strings.EqualFold(p.key, "k") || p.code == "KeyK" && p.key >= "\u0080"):
		return showPalette // also by the key in the place of K, on a keyboard without Latin letters
	case (p.key == "?" || p.key == "؟") && !p.command && inLog:
		return showHelp
	}
	return noShortcut
}

// regionMark is the attribute of the parts of the page to which F6 leads, in the order of the document. Its value is the id
// of the element that gets the focus, or firstControl.
const (
	regionMark   = "data-region"
	firstControl = "first" // the first visible link, button or field in the part gets the focus
)

// regionAfter returns the index of the region to which the focus goes: the next region for nextRegion, the previous region
// for regionBefore. at is the index of the region that has the focus, -1 if no region has it. n is the number of regions.
// The first region comes after the last one.
func regionAfter(at, n int, does shortcut) int {
	switch {
	case does == nextRegion:
		return (at + 1) % n
	case at <= 0:
		return n - 1
	}
	return at - 1
}

// toRegion moves the focus to another region. The shortcut nextRegion moves it to the next region that is shown, and
// regionBefore moves it to the previous region that is shown.
func toRegion(does shortcut) {
	var shown []goapp.Value
	at, active, all := -1, dom.Active(), dom.All(dom.Document(), "["+regionMark+"]")
	for _, region := range all {
		if !dom.Shown(region) {
			continue
		}
		if region.Call("contains", active).Bool() {
			at = len(shown)
		}
		shown = append(shown, region)
	}
	if len(shown) == 0 {
		return
	}
	region := shown[regionAfter(at, len(shown), does)]
	if id := region.Call("getAttribute", regionMark).String(); id != firstControl {
		dom.Focus(id)
		return
	}
	for _, control := range dom.All(region, "a[href], button, input, select") {
		if dom.Shown(control) {
			control.Call("focus")
			return
		}
	}
}
