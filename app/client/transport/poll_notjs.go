//go:build !js

package transport

import (
	"bytes"
	"context"
	"io"
	"net/http"

	"mayfly/shared/wire"
)

// PostTo returns a Poster for native programs. url is the address of the server's polls, such as
// "http://localhost:8080/poll". Each poll has an HTTP connection of its own, which is closed when the poll has ended.
func PostTo(url string) Poster {
	client := http.Client{Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true}}
	return func(ctx context.Context, frames []byte) (status int, header func(name string) string, answer []byte, err error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(frames))
		if err != nil {
			return 0, nil, nil, err
		}
		r.Header.Set("Content-Type", wire.PollType)
		resp, err := client.Do(r)
		if err != nil {
			return 0, nil, nil, err
		}
		defer resp.Body.Close()
		answer, err = io.ReadAll(resp.Body)
		return resp.StatusCode, resp.Header.Get, answer, err
	}
}
