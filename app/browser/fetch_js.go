package browser

import (
	"context"
	"syscall/js"
	"time"
)

// Fetch gets url, or posts form to it if form is not empty. It sends no cookies and no referrer, leaves nothing in a cache,
// follows no redirect and takes no longer than timeout; keepalive: the page may go meanwhile. A body that is not text is
// mangled.
func Fetch(url, form string, keepalive bool, timeout time.Duration) (status int, header func(name string) string, body []byte, err error) {
	options := bare()
	options.Set("keepalive", keepalive)
	options.Set("signal", call(global("AbortSignal"), "timeout", timeout.Milliseconds()))
	if form != "" {
		options.Set("method", "POST")
		options.Set("body", global("URLSearchParams").New(form)) // sets the content type, too
	}
	return fetch(url, options)
}

// Post posts body, a text of that content type, to url until ctx is done. Otherwise it is as Fetch.
func Post(ctx context.Context, url, contentType string, body []byte) (status int, header func(name string) string, answer []byte, err error) {
	aborter := global("AbortController").New()
	defer context.AfterFunc(ctx, func() { call(aborter, "abort") })()
	options := bare()
	options.Set("signal", aborter.Get("signal"))
	options.Set("method", "POST")
	options.Set("headers", object("Content-Type", contentType))
	options.Set("body", string(body))
	return fetch(url, options)
}

// bare returns options for a request that says and keeps as little as can be.
func bare() js.Value {
	return object("credentials", "omit", "cache", "no-store", "redirect", "error", "referrerPolicy", "no-referrer")
}

func fetch(url string, options js.Value) (status int, header func(name string) string, body []byte, err error) {
	response, err := await(call(js.Global(), "fetch", url, options))
	if err != nil {
		return 0, nil, nil, err
	}
	text, err := await(call(response, "text"))
	if err != nil {
		return 0, nil, nil, err
	}
	header = func(name string) string { // a provider of another origin shows few of them
		if v := call(response.Get("headers"), "get", name); !v.IsNull() {
			return v.String()
		}
		return ""
	}
	return response.Get("status").Int(), header, []byte(text.String()), nil
}
