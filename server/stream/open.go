package stream

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"mayfly/shared/wire"
)

// noTTL is the time to live of a message that JetStream never deletes by itself.
const noTTL = "never"

// opened is what openStream or founder.open has found or chosen.
type opened struct {
	epoch  string
	maxAge time.Duration // JetStream deletes a message after this time, even if the message has a longer time to live
}

// openStream creates the streams of events and of facts with the limits in config. If a stream exists already,
// openStream updates its limits.
func (n *NATS) openStream(ctx context.Context, config Config) error {
	wanted := n.links.names.eventStream(config)
	wanted.Metadata = map[string]string{epochKey: rand.Text(), bootKey: bootID()}
	if n.folder != nil {
		// On disk the stream itself has no limit in bytes (-1). Instead the NATS server limits the bytes
		// (JetStreamMaxStore, see newEmbedded), because this limit may be different at each start.
		wanted.Storage, wanted.MaxBytes = jetstream.FileStorage, -1
	}
	existing, err := n.js.Stream(ctx, wanted.Name)
	switch {
	case errors.Is(err, jetstream.ErrStreamNotFound):
		_, err = n.js.CreateStream(ctx, wanted)
	case err == nil:
		n.clock.AdvanceTo(existing.CachedInfo().State.LastTime) // the wall clock may have been set back after that time
		err = updateStream(ctx, n.js, existing.CachedInfo().Config, &wanted)
	}
	if err != nil {
		return err
	}
	n.opened = opened{epoch: wanted.Metadata[epochKey], maxAge: wanted.MaxAge}
	facts := n.links.names.factStream(config)
	facts.Storage = wanted.Storage
	if _, err := n.js.CreateOrUpdateStream(ctx, facts); err != nil {
		return fmt.Errorf("the facts: %w", err)
	}
	return nil
}

// eventStream returns the configuration of the stream of events, in memory and with the limits in config.
func (n names) eventStream(config Config) jetstream.StreamConfig {
	// JetStream deletes older messages, even if their own time to live is longer, unless that is noTTL. A ban may be stored
	// for longer than any message of a user.
	maxAge := natsTTL(max(config.MaxTTL, wire.MaxBar))
	rooms := n.room("*")
	return jetstream.StreamConfig{
		Name:                 rooms.stream,
		Subjects:             []string{rooms.name},
		Storage:              jetstream.MemoryStorage,
		MaxAge:               maxAge,
		AllowMsgTTL:          true,
		AllowDirect:          true,
		Duplicates:           min(duplicates, maxAge),
		MaxMsgsPerSubject:    int64(config.RoomEvents),
		MaxBytes:             config.Bytes,
		MaxMsgSize:           maxStored,
		Discard:              jetstream.DiscardNew, // a full stream refuses new messages and keeps the old ones
		DiscardNewPerSubject: true,
		RePublish:            &jetstream.RePublish{Source: rooms.name, Destination: n.room("{{wildcard(1)}}").live},
	}
}

// factStream returns the configuration of the stream of facts, in memory and with the limits in config.
func (n names) factStream(config Config) jetstream.StreamConfig {
	facts := n.fact()
	return jetstream.StreamConfig{
		Name:        facts.stream,
		Subjects:    []string{facts.name},
		Storage:     jetstream.MemoryStorage,
		MaxAge:      natsTTL(wire.MaxTokenLife),
		AllowMsgTTL: true,
		AllowDirect: true,
		Duplicates:  factRepeats,
		MaxMsgs:     max(1, min(factBytes, config.Bytes/4)/factSize),
		Discard:     jetstream.DiscardOld,
		RePublish:   &jetstream.RePublish{Source: facts.name, Destination: facts.live},
	}
}

// updateStream changes the configuration of an existing stream from old to wanted, without losing a message. The epoch
// stays the same, unless the system was rebooted since the last start: a reboot may lose the last messages, and JetStream
// would give their seqs to new messages.
func updateStream(
	ctx context.Context, js jetstream.JetStream, old jetstream.StreamConfig, wanted *jetstream.StreamConfig,
) error {
	if epoch := old.Metadata[epochKey]; epoch != "" && old.Metadata[bootKey] == wanted.Metadata[bootKey] {
		wanted.Metadata[epochKey] = epoch
	}
	// Never give JetStream a lower limit than before: it would delete the oldest messages beyond the new limit. The hub
	// applies the lower limit.
	wanted.MaxAge = max(wanted.MaxAge, old.MaxAge)
	wanted.MaxMsgsPerSubject = max(wanted.MaxMsgsPerSubject, old.MaxMsgsPerSubject)
	_, err := js.UpdateStream(ctx, *wanted)
	return err
}

// natsTTL returns the time to live that Mayfly gives JetStream for ttl. It rounds ttl up to whole seconds, because
// JetStream cuts off fractions of a second. Then it adds one second, so that JetStream never deletes a message early.
func natsTTL(ttl time.Duration) time.Duration {
	return (ttl + time.Second - 1).Truncate(time.Second) + time.Second
}

// bootID returns an id that the system makes at each boot, "" if the system has no such id.
func bootID() string {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(id))
}
