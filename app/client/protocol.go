package client

import "mayfly/shared/wire"

// askAfter is after how many attempts in vain, each time, the session asks which protocol the server speaks.
const askAfter = 3

// suspect asks which protocol the server speaks, if it has been in vain for long enough. A server of another version is none
// the worse, and one that speaks another protocol lets nobody in who speaks ours, but a browser tells that from no other
// failure. The attempts go on: it may have been one server of several.
func (s *Client) suspect() {
	if s.speaks == nil || s.retry.Failures()%askAfter != 0 {
		return
	}
	s.work.Go(func() {
		protocol := s.speaks()
		s.do(func() {
			if protocol != "" && (s.link == nil || !s.link.welcomed) {
				s.view.Outdated, s.changed = protocol != wire.Subprotocol, true
			}
		})
	})
}
