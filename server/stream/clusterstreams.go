package stream

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"mayfly/server/hub"
)

const (
	// versionKey is the key in a stream's metadata for the version of the stream's configuration. A node never changes a
	// stream that has a later version than configVersion.
	versionKey    = "mayfly_config"
	configVersion = 1

	codeNoMemory  = jetstream.ErrorCode(10028) // JetStream's code for: the limits of all streams take more than its memory
	codeNoCluster = jetstream.ErrorCode(10074) // JetStream's code for: a single server cannot have several replicas
	codeNoPeers   = jetstream.ErrorCode(10005) // JetStream's code for: there are fewer servers than replicas
)

// founder makes the streams that all nodes share. Several nodes may do that at once. Its fields are static.
type founder struct {
	js    jetstream.JetStream
	links *links
	log   *slog.Logger
}

// open creates the streams, or raises the limits of existing ones.
func (f founder) open(ctx context.Context, config Config, replicas int) (opened, error) {
	events := f.links.names.eventStream(config)
	events.Subjects = append(events.Subjects, f.links.names.epoch().name)
	for _, wanted := range []jetstream.StreamConfig{events, f.links.names.factStream(config)} {
		wanted.Replicas = replicas
		wanted.Metadata = map[string]string{versionKey: strconv.Itoa(configVersion)}
		if err := f.ensure(ctx, wanted); err != nil {
			return opened{}, fmt.Errorf("the stream %s: %w", wanted.Name, err)
		}
	}
	epoch, err := f.ensureEpoch(ctx)
	return opened{epoch: epoch, maxAge: events.MaxAge}, err
}

// ensure creates the stream wanted. If the stream exists already, ensure raises its limits to those in wanted. It never
// lowers a limit: JetStream would delete messages beyond the new limit, and nodes with other flags would undo each
// other's changes.
func (f founder) ensure(ctx context.Context, wanted jetstream.StreamConfig) error {
	existing, err := f.js.Stream(ctx, wanted.Name)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		// If another node creates the stream at this moment, JetStream may refuse this attempt. The next attempt finds the
		// stream.
		_, err = f.js.CreateStream(ctx, wanted)
		return asPermanent(err)
	}
	if err != nil {
		return asPermanent(err)
	}
	old := existing.CachedInfo().Config
	version, err := strconv.Atoi(old.Metadata[versionKey])
	if err != nil {
		return permanentError{errors.New("it is there already and is not Mayfly's: want another -nats-name")}
	}
	if version > configVersion {
		return nil // a node of a newer version has set the limits that it needs
	}
	raised := raise(old, wanted)
	if raised.MaxAge == old.MaxAge && raised.MaxMsgsPerSubject == old.MaxMsgsPerSubject && raised.MaxMsgs == old.MaxMsgs &&
		raised.MaxBytes == old.MaxBytes && raised.MaxMsgSize == old.MaxMsgSize && raised.Replicas == old.Replicas &&
		version == configVersion {
		return nil
	}
	f.log.Info("raising the limits of a stream", "stream", wanted.Name, "replicas", raised.Replicas)
	_, err = f.js.UpdateStream(ctx, raised)
	return asPermanent(err)
}

// raise returns old with the higher limits of old and wanted, and with the version (versionKey) of wanted.
func raise(old, wanted jetstream.StreamConfig) jetstream.StreamConfig {
	raised := old
	raised.MaxAge = max(old.MaxAge, wanted.MaxAge)
	raised.MaxMsgsPerSubject = higher(old.MaxMsgsPerSubject, wanted.MaxMsgsPerSubject)
	raised.MaxMsgs = higher(old.MaxMsgs, wanted.MaxMsgs)
	raised.MaxBytes = higher(old.MaxBytes, wanted.MaxBytes)
	raised.MaxMsgSize = higher(old.MaxMsgSize, wanted.MaxMsgSize)
	raised.Replicas = max(old.Replicas, wanted.Replicas)
	raised.Metadata = maps.Clone(old.Metadata)
	raised.Metadata[versionKey] = wanted.Metadata[versionKey]
	return raised
}

// higher returns the higher of two limits. A limit below 1 means: no limit.
func higher[N int32 | int64](a, b N) N {
	if a < 1 || b < 1 {
		return min(a, b, -1)
	}
	return max(a, b)
}

// asPermanent returns err, for some errors with advice for the operator. The result is a permanentError if JetStream
// says that the request itself is wrong.
func asPermanent(err error) error {
	var api *jetstream.APIError
	if errors.As(err, &api) && api.ErrorCode == codeNoCluster {
		return permanentError{fmt.Errorf("%w: want -nats-replicas 1 with a single server", err)}
	}
	if errors.As(err, &api) && (api.ErrorCode == codeNoMemory || api.ErrorCode == codeNoResources) {
		return fmt.Errorf("%w: want max_memory_store of the NATS servers at least 64 MB above -stream-bytes", err)
	}
	if errors.As(err, &api) && api.ErrorCode == codeNoPeers { // the others may be starting
		return fmt.Errorf("%w: want as many NATS servers as -nats-replicas says", err)
	}
	if errors.As(err, &api) && api.Code == http.StatusBadRequest && api.ErrorCode != jetstream.JSErrCodeStreamNameInUse {
		return permanentError{err}
	}
	return err
}

// The epoch of a cluster's stream is a message in the stream that never expires. If all servers that keep the stream
// are stopped at the same time, the stream loses its messages, the epoch included. Then the seqs begin again at 1, but
// the stream and its metadata still exist, because NATS has those on disk. So only a new epoch tells the nodes of the
// loss.

// ensureEpoch returns the epoch that is stored in the stream of events. If there is none, it stores a new one.
func (f founder) ensureEpoch(ctx context.Context) (string, error) {
	subj := f.links.names.epoch()
	_, data, err := f.links.head(ctx, subj)
	if err != nil || len(data) > 0 {
		return string(data), err
	}
	msg := nats.NewMsg(subj.name)
	msg.Data = []byte(rand.Text())
	msg.Header.Set(jetstream.MsgTTLHeader, noTTL)
	// If another node stores an epoch at the same time, JetStream refuses one of the two. The next attempt finds the other.
	if _, err := f.js.PublishMsg(ctx, msg, jetstream.WithExpectLastSequencePerSubject(0)); err != nil {
		return "", fmt.Errorf("store the epoch: %w", err)
	}
	return string(msg.Data), nil
}

// setRight corrects the times of the event e if the clock of the node that stored it is ahead by more than
// maxClockOffset: then e is as old as the stream's leader says, and lives as long as that node meant. Every node comes
// to the same times. Without setRight, e would live too long, and would set forward the clocks of all nodes.
func (s storedMsg) setRight(e *hub.Event) {
	stored, err := time.Parse(time.RFC3339Nano, s.msg.Header.Get(headerTime))
	if err != nil {
		return
	}
	if ahead := e.At - stored.UnixMilli(); ahead > maxClockOffset.Milliseconds() {
		e.At, e.Expires = e.At-ahead, e.Expires-ahead
	}
}
