package pkce

import "time"

const maxAnswer = 256 << 10 // the longest answer that post accepts, in bytes

// get returns the JSON object at url, nil if it cannot read one. It blocks.
func get(b *Browser, url string, timeout time.Duration) object {
	status, _, body := post(b.Fetch, url, "", timeout)
	if status != 200 {
		return nil
	}
	return parseObject(body)
}

// post posts form to url, or gets url if form is empty. fetch is Browser.Fetch or Browser.FetchKeepalive. status is 0 if no
// answer came or the answer is too long. post blocks.
func post(fetch Fetch, url, form string, timeout time.Duration) (status int, header func(string) string, body []byte) {
	status, header, body, err := fetch(url, form, timeout)
	if err != nil || len(body) > maxAnswer {
		return 0, nil, nil
	}
	return status, header, body
}
