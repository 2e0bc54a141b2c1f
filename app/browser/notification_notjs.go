//go:build !js

package browser

// NotifyPermission returns Unsupported: there is no page.
func NotifyPermission() Permission { return Unsupported }

// AskToNotify returns Unsupported.
func AskToNotify() Permission { return Unsupported }

func tellWorker(string, Notification) {}
