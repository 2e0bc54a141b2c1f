package bench

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"syscall"

	"mayfly/shared/wire"
)

var (
	errReadOnly = errors.New("guests may only read on this server (-anonymous read), and the load comes from guests: " +
		"measure a server with -anonymous allow")
	errOther = errors.New("the server agrees to a WebSocket, but not to Mayfly's (" + wire.Subprotocol + ")")
)

// byeError is the error of a connection that the server has ended before it was in its room.
type byeError struct{ bye wire.Bye }

func (e *byeError) Error() string {
	return clause(fmt.Sprintf("the server said goodbye (%s): %s", e.bye.Code, e.bye.Message))
}

// refusedError is the error of a connection that the server does not let into its room.
type refusedError struct{ refused wire.Refused }

func (e *refusedError) Error() string {
	return clause(fmt.Sprintf("the server refused the room (%s): %s", e.refused.Code, e.refused.Message))
}

// clause returns said, a sentence of the server, without the period or the colon at its end, so that advice can follow.
func clause(said string) string { return strings.TrimRight(said, ".: ") }

// explain returns err with a text that says what to do, if the cause is known. err is the error with which a run could not
// begin.
func explain(err error, c Config) error {
	var rejected *rejectedError
	var bye *byeError
	var refused *refusedError
	var record tls.RecordHeaderError
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.As(err, &rejected):
		return fmt.Errorf("%w: %s", err, adviceOnStatus(rejected.status, c))
	case errors.As(err, &bye) && bye.bye.Reason == wire.ReasonAnonymousOff:
		return fmt.Errorf("%w: this server lets no guests in (-anonymous deny), and the load comes from guests: "+
			"measure a server with -anonymous allow", err)
	case errors.As(err, &bye):
		return err
	case errors.As(err, &refused) && refused.refused.Code == wire.CodeRoom:
		return fmt.Errorf("%w: use fewer with -rooms, or start the server with a higher -rooms", err)
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("nothing listens at %s: start the server first, such as: mayfly serve: %w", &c.Target, err)
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return fmt.Errorf("too many files are open: raise the limit with ulimit -n, or open fewer connections with "+
			"-conns: %w", err)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return fmt.Errorf("this machine has no ports left for connections to one address: open fewer with -conns, "+
			"or widen net.ipv4.ip_local_port_range: %w", err)
	case errors.As(err, &record):
		return fmt.Errorf("the server at %s speaks no TLS: want an http URL: %w", &c.Target, err)
	case errors.As(err, &certificate):
		return fmt.Errorf("the server's certificate is not good here: name it as the certificate does, or add its "+
			"authority to this machine's (on Linux SSL_CERT_FILE=FILE does, for this run): %w", err)
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("a connection took longer than %s: is the server reachable, and is it Mayfly? %w",
			connectTimeout, err)
	default:
		return fmt.Errorf("cannot connect to %s: %w", &c.Target, err)
	}
}

// adviceOnStatus says what to do when the server answers a request for a WebSocket with this status.
func adviceOnStatus(status int, c Config) string {
	switch status {
	case http.StatusTooManyRequests:
		return fmt.Sprintf("all connections come from one address: start the server with -conns-per-ip %d or more, "+
			"or open fewer with -conns", c.Conns)
	case http.StatusServiceUnavailable:
		return fmt.Sprintf("is the server stopping, or full? Start it with -conns %d or more, or open fewer with -conns",
			c.Conns)
	case http.StatusMovedPermanently, http.StatusFound, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return "name the address to which it redirects, perhaps with https"
	case http.StatusBadGateway, http.StatusGatewayTimeout:
		return "the proxy in front does not reach Mayfly"
	default:
		return "want the URL of a Mayfly server, or of a proxy that passes on WebSockets (docs/proxies.md)"
	}
}

// advice says what to do when posts are refused or connections end with a code; "" if the server's sentence is enough.
func advice(code string) string {
	switch wire.Code(code) {
	case wire.CodeRate:
		return "The server's limit on posts was in the way. To measure its speed, start it with a higher -rate, " +
			"such as -rate 1000000/1s; or post less with -rate, or from more -conns."
	case wire.CodeFull:
		return "A room was full. Let messages live shorter with -ttl, use more -rooms, or start the server with more " +
			"-room-messages, -room-bytes and -stream-bytes."
	case wire.CodeUnavailable:
		return "The server could not store as fast as messages were posted. Post less with -rate."
	case wire.CodeSlow:
		return "The server gave up connections whose queues were full: they were sent more than was read in time. Post " +
			"less with -rate, or give the generator another machine."
	case cut:
		return "Connections ended without a goodbye: see the log of the server, and of a proxy in front."
	}
	return ""
}
