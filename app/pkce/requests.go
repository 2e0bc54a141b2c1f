package pkce

import "time"

const maxAnswer = 256 << 10 // bytes of an answer

// get returns the JSON object at url, nil if there is none. It blocks.
func get(b *Browser, url string, timeout time.Duration) object {
	status, _, body := post(b.Fetch, url, "", timeout)
	if status != 200 {
		return nil
	}
	return parseObject(body)
}

// post posts form to url with one of the Browser's Fetch functions. status is 0 if there is no answer or it is too long. It
// blocks.
func post(fetch Fetch, url, form string, timeout time.Duration) (status int, header func(string) string, body []byte) {
	status, header, body, err := fetch(url, form, timeout)
	if err != nil || len(body) > maxAnswer {
		return 0, nil, nil
	}
	return status, header, body
}
