package browser

import (
	"context"
	"syscall/js"
	"time"
)

// Fetch gets url, or posts form to it if form is not empty. It blocks, for timeout at most.
//   - It sends cookies only to the page's own origin: a proxy in front of the server may need them. It sends no referrer.
//   - It stores nothing in a cache.
//   - It does not follow a redirect: it returns the status 302 and an empty body.
//   - The body must be text: bytes that are not UTF-8 are replaced.
func Fetch(url, form string, timeout time.Duration) (
	status int, header func(name string) string, body []byte, err error) {
	return fetchForm(url, form, timeout, privateOptions())
}

// FetchKeepalive works like Fetch, but its request goes on when the user leaves the page.
func FetchKeepalive(url, form string, timeout time.Duration) (
	status int, header func(name string) string, body []byte, err error) {
	options := privateOptions()
	options.Set("keepalive", true)
	return fetchForm(url, form, timeout, options)
}

// fetchForm sends the request of Fetch or FetchKeepalive. options are the options for the browser's function fetch, to which
// fetchForm adds the timeout and the form.
func fetchForm(url, form string, timeout time.Duration, options js.Value) (
	status int, header func(name string) string, body []byte, err error) {
	if response, ok, err := earlyConfig(url); err != nil {
		return 0, nil, nil, err
	} else if ok {
		return read(response)
	}
	options.Set("signal", call(global("AbortSignal"), "timeout", timeout.Milliseconds()))
	if form != "" {
		options.Set("method", "POST")
		options.Set("body", global("URLSearchParams").New(form)) // this also sets the content type
	}
	return fetch(url, options)
}

// Post posts body to url. body must be text; contentType is its content type. Post blocks until the answer is complete, and
// gives up when ctx is done. It treats cookies, caches, redirects and the body of the answer as Fetch does.
func Post(ctx context.Context, url, contentType string, body []byte) (
	status int, header func(name string) string, answer []byte, err error) {
	aborter := global("AbortController").New()
	defer context.AfterFunc(ctx, func() { call(aborter, "abort") })()
	options := privateOptions()
	options.Set("signal", aborter.Get("signal"))
	options.Set("method", "POST")
	options.Set("headers", object("Content-Type", contentType))
	options.Set("body", string(body))
	return fetch(url, options)
}

// privateOptions returns the options of a request that reveals and stores as little as possible.
func privateOptions() js.Value {
	return object("credentials", "same-origin", "cache", "no-store", "redirect", "manual", "referrerPolicy", "no-referrer")
}

// statusFound is the status that fetch returns for every redirect, because the browser hides the true status from a program.
const statusFound = 302

func fetch(url string, options js.Value) (status int, header func(name string) string, body []byte, err error) {
	response, err := await(call(js.Global(), "fetch", url, options))
	if err != nil {
		return 0, nil, nil, err
	}
	return read(response)
}

// maxConfigAge is the greatest age of an answer that earlyConfig returns. The client compares the time in the answer's
// header Date with the device's clock. If the answer were much older, the client would believe that the device's clock is
// wrong.
const maxConfigAge = 5 * time.Second

// earlyConfig returns the answer to the page's own request for /config.json, which the page has sent before the client ran
// (web/settings.js). ok is false if url is not /config.json, if the answer was returned before, or if it is too old. The
// error is that of the page's request.
func earlyConfig(url string) (response js.Value, ok bool, err error) {
	const name = "mayflyConfig"
	config := global(name)
	if url != "/config.json" || config.IsUndefined() {
		return js.Undefined(), false, nil
	}
	js.Global().Delete(name)
	answer, err := await(config)
	if err != nil {
		return answer, false, err
	}
	came := time.UnixMilli(int64(answer.Get("came").Float()))
	return answer.Get("response"), time.Since(came) < maxConfigAge, nil
}

// read reads the answer to a request.
func read(response js.Value) (status int, header func(name string) string, body []byte, err error) {
	if response.Get("type").String() == "opaqueredirect" {
		return statusFound, func(string) string { return "" }, nil, nil
	}
	text, err := await(call(response, "text"))
	if err != nil {
		return 0, nil, nil, err
	}
	header = func(name string) string { // returns "" if there is no such header, or if the answer's origin hides it
		if v := call(response.Get("headers"), "get", name); !v.IsNull() {
			return v.String()
		}
		return ""
	}
	return response.Get("status").Int(), header, []byte(text.String()), nil
}
