package admission

import "net/http"

// Rejection says why a request does not become a connection, and what the server answers.
type Rejection struct {
	Reason  Reason
	Status  int // the HTTP status of the answer
	Message string
}

// Reason is the label of a Rejection in metrics.
type Reason string

// These are all reasons.
const (
	ReasonOrigin      Reason = "origin"      // a page of a foreign origin sent the request
	ReasonStopping    Reason = "stopping"    // the server is stopping
	ReasonConns       Reason = "conns"       // all slots are taken
	ReasonAddress     Reason = "address"     // all slots of the client's address are taken
	ReasonSubprotocol Reason = "subprotocol" // the request does not offer our WebSocket subprotocol
	ReasonHandshake   Reason = "handshake"   // the request is not a WebSocket handshake, or was cut off
	ReasonType        Reason = "type"        // the request's Content-Type is not wire.PollType
	ReasonSize        Reason = "size"        // the request's body has more than wire.MaxMessage bytes
)

// Foreign rejects a request of a page whose origin is not allowed.
var Foreign = &Rejection{ReasonOrigin, http.StatusForbidden,
	"This page's origin may not use this server. Its operator can allow it with -origins."}

// Stopping rejects a request because the server is stopping.
var Stopping = &Rejection{ReasonStopping, http.StatusServiceUnavailable, "This server is stopping. Try again soon."}

var (
	noSlot = &Rejection{ReasonConns, http.StatusServiceUnavailable,
		"This server takes no more connections now. Try again soon."}
	noSlotForAddress = &Rejection{ReasonAddress, http.StatusTooManyRequests,
		"Your network has as many connections here as one may have. Close some, or try again soon."}
)

// retryAfter is the value of the Retry-After header, in seconds. A rejection has this header if the client may try again.
const retryAfter = "5"

// Write writes the rejection as the answer to the request.
func (r *Rejection) Write(w http.ResponseWriter) {
	if r.Status == http.StatusServiceUnavailable || r.Status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", retryAfter)
	}
	http.Error(w, r.Message, r.Status)
}
