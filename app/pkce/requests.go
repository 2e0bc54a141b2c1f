package pkce

import "time"

// requests makes requests that take no longer than a timeout. Its methods block.
type requests struct {
	fetch, keepalive func(url, form string, timeout time.Duration) (
		status int, header func(name string) string, body []byte, err error)
}

const maxAnswer = 256 << 10 // bytes of an answer

// get returns the JSON object at url, nil if there is none.
func (r *requests) get(url string, timeout time.Duration) object {
	status, _, body := r.post(url, "", timeout)
	if status != 200 {
		return nil
	}
	return parseObject(body)
}

// post posts form to url. status is 0 if there is no answer or it is too long.
func (r *requests) post(url, form string, timeout time.Duration) (status int, header func(string) string, body []byte) {
	status, header, body, err := r.fetch(url, form, timeout)
	if err != nil || len(body) > maxAnswer {
		return 0, nil, nil
	}
	return status, header, body
}

// postKeepalive posts form to url, also when the page is left meanwhile. It reports whether there was an answer.
func (r *requests) postKeepalive(url, form string, timeout time.Duration) bool {
	_, _, body, err := r.keepalive(url, form, timeout)
	return err == nil && len(body) <= maxAnswer
}
