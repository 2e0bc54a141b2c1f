package admission

import "net/http"

// Rejection says why a request does not become a connection, and how it is answered.
type Rejection struct {
	Reason  Reason
	Status  int // of HTTP
	Message string
}

// Reason labels a Rejection in metrics.
type Reason string

// The reasons there are.
const (
	ReasonOrigin      Reason = "origin"      // a page of a foreign origin sent the request
	ReasonStopping    Reason = "stopping"    // the server is stopping
	ReasonConns       Reason = "conns"       // all slots are taken
	ReasonAddress     Reason = "address"     // all slots of its address are taken
	ReasonSubprotocol Reason = "subprotocol" // it does not offer our subprotocol
	ReasonHandshake   Reason = "handshake"   // it is no WebSocket handshake, or was cut off
	ReasonType        Reason = "type"        // its content is not frames
	ReasonSize        Reason = "size"        // its body has more than wire.MaxMessage bytes
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

// retryAfter is after how many seconds a client may try again whose rejection may pass.
const retryAfter = "5"

// Write answers the rejected request.
func (r *Rejection) Write(w http.ResponseWriter) {
	if r.Status == http.StatusServiceUnavailable || r.Status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", retryAfter)
	}
	http.Error(w, r.Message, r.Status)
}
