package browser

// NotifyPermission returns whether the page may show notifications.
func NotifyPermission() Permission {
	is := global("Notification")
	if is.IsUndefined() || workers().IsUndefined() {
		return Unsupported
	}
	return Permission(is.Get("permission").String())
}

// AskToNotify makes the browser ask the user whether the page may show notifications, and blocks until the user has
// answered. If the user has answered before, the browser does not ask again. Call it after a click of the user, because some
// browsers don't ask otherwise.
func AskToNotify() Permission {
	_, _ = await(call(global("Notification"), "requestPermission"))
	return NotifyPermission()
}

// tellWorker asks the page's worker, if there is one, to do something with n.
func tellWorker(does string, n Notification) {
	postToWorker(map[string]any{"does": does, "room": n.Room, "epoch": n.Epoch, "seq": n.Seq, "title": n.Title,
		"text": n.Text, "path": n.Path})
}
