package app

import (
	"mayfly/app/browser"
	"mayfly/app/dom"
	"mayfly/app/unread"
)

// The notifications tell the user of messages that come while no page of Mayfly is visible. unread.Notifier decides of which
// messages, and the service worker shows the notifications (web/worker.js).
type notifications struct {
	*model
	notifier unread.Notifier
}

// update shows and closes notifications. The page calls it after each view, and after a change of the settings or of the
// list of rooms.
func (n *notifications) update(list *roomlist) {
	chosen := n.settings[notifying]
	show, closed := n.notifier.Observe(list.shown, unread.Wishes{
		Scope: func(room string) unread.Scope {
			if chosen == "" {
				return unread.Nothing
			}
			return list.rooms.named(room).scope()
		},
		Text:   chosen == notifyText,
		Hidden: dom.Hidden(),
	})
	for i := range closed {
		browser.CloseNotification(forWorker(&closed[i]))
	}
	for i := range show {
		browser.ShowNotification(forWorker(&show[i]))
	}
}

// forWorker returns n in the form in which the service worker gets it.
func forWorker(n *unread.Notification) browser.Notification {
	return browser.Notification{Room: n.Room, Epoch: n.At.Epoch, Seq: n.At.Seq, Title: n.Title, Text: n.Text,
		Path: pathOf(n.Room)}
}

// forget closes all notifications. The page calls it when the user has signed out or another user has signed in.
func (n *notifications) forget() {
	n.notifier = unread.Notifier{}
	browser.CloseNotifications()
}
