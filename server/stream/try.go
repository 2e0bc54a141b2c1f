package stream

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"mayfly/server/stream/seal"
)

// tryTimeout is how long TryCluster waits for each server.
const tryTimeout = 3 * time.Second

// TryCluster connects to each of the NATS servers, and asks for the stream. It changes nothing there. The error has
// every problem, one in each line, and names the flags of mayfly serve. warnings are what an operator should know
// although nodes can connect. Call TryCluster only if cluster.Check has returned nil.
func TryCluster(ctx context.Context, cluster Cluster) (warnings []string, err error) {
	var errs []error
	var known *nats.Conn
	options, err := cluster.options()
	if err != nil {
		return nil, err
	}
	options = append(options, nats.Timeout(tryTimeout), nats.NoReconnect(), nats.CustomInboxPrefix("_INBOX."+cluster.Name))
	for _, server := range cluster.URLs {
		conn, err := nats.Connect(server, options...)
		if err != nil {
			errs = append(errs, fmt.Errorf("-nats has %s: %w: %s", server, err, adviceFor(err)))
			continue
		}
		defer conn.Close()
		known = cmp.Or(known, conn)
	}
	if known == nil {
		return nil, errors.Join(errs...)
	}
	if servers := len(known.Servers()); servers < cluster.Replicas {
		warnings = append(warnings, fmt.Sprintf("-nats-replicas is %d, but only %d NATS servers are known: nodes start "+
			"when there are as many", cluster.Replicas, servers))
	}
	return warnings, errors.Join(append(errs, tryStream(ctx, known, cluster))...)
}

// adviceFor says what to do about the error of a connection.
func adviceFor(err error) string {
	text := err.Error()
	switch {
	case errors.Is(err, nats.ErrAuthorization) || strings.Contains(text, "nkeys"):
		return "want a user of these servers in -nats-creds"
	case errors.Is(err, nats.ErrSecureConnWanted):
		return "want NATS servers with TLS, or no -nats-ca, -nats-cert and -nats-key"
	case strings.Contains(text, "certificate") || strings.Contains(text, "tls:"):
		return "want the certificates of those who signed the server's in -nats-ca, and those that it asks for in " +
			"-nats-cert and -nats-key"
	}
	return "want the address of a NATS server that runs and that this machine can reach"
}

// tryStream asks the servers behind conn for Mayfly's stream, which need not be there yet.
func tryStream(ctx context.Context, conn *nats.Conn, cluster Cluster) error {
	ctx, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	js, err := jetstream.New(conn)
	if err != nil {
		return err
	}
	stream, err := js.Stream(ctx, cluster.Name)
	switch {
	case errors.Is(err, jetstream.ErrStreamNotFound):
		return nil
	case errors.Is(err, nats.ErrNoResponders), errors.Is(err, jetstream.ErrJetStreamNotEnabled),
		errors.Is(err, jetstream.ErrJetStreamNotEnabledForAccount):
		return errors.New("-nats has servers without JetStream: want a block jetstream in their configuration, as in " +
			"contrib/nats/nats-server.conf")
	case err != nil:
		return fmt.Errorf("-nats: the servers do not say whether they have the stream %s: %w: want JetStream, and a user "+
			"with the permissions of contrib/nats/accounts.conf", cluster.Name, err)
	}
	if _, err := strconv.Atoi(stream.CachedInfo().Config.Metadata[versionKey]); err != nil {
		return fmt.Errorf("-nats-name is %q: the servers have a stream of that name that is not Mayfly's: want another name",
			cluster.Name)
	}
	return nil
}

// TryFolder looks at the folder of -data, and changes nothing there. bytes is the most that all messages may take. The error
// says why no messages can be stored in it. warning says that the disk is too small for all of them.
func TryFolder(path string, bytes int64) (warning string, err error) {
	capacity, err := seal.TryFolder(path)
	if err != nil {
		return "", err
	}
	if capacity < bytes {
		warning = fmt.Sprintf("-stream-bytes is %d MiB, but the disk of -data has room for %d MiB of messages: want a "+
			"larger disk, or a lower -stream-bytes", bytes>>20, capacity>>20)
	}
	return warning, nil
}
