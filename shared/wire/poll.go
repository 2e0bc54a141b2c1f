package wire

import "time"

// PollType is the Content-Type of a poll's request and of its answer.
const PollType = "application/x-ndjson"

// PollWait is the longest time for which a poll waits for news: some proxies cut a request after 30 s.
const PollWait = 25 * time.Second
