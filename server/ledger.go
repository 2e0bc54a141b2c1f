package server

import (
	"context"
	"strings"
	"time"

	"mayfly/shared/backoff"
)

// run reads the ledger and keeps in it what is to be kept, until ctx is done.
func (s *signouts) run(ctx context.Context) {
	stop := s.load(ctx)
	if stop == nil {
		return
	}
	defer stop()
	tidy := time.NewTicker(tidyEvery)
	defer tidy.Stop()
	retry, failed := time.NewTimer(0), newKeepRetry()
	defer retry.Stop()
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.Background(), flushTimeout)
			defer cancel()
			if err := s.flush(last); err != nil {
				s.log.Error("sign-outs were not kept: they don't outlive this process", "sign_outs", s.waiting(), "err", err)
			}
			return
		case now := <-tidy.C:
			s.tidy(now)
			continue
		case <-s.wake:
			if failed.Failures() > 0 {
				continue // it fails: the next attempt comes when it is due
			}
		case <-retry.C:
		}
		if err := s.flush(ctx); err == nil {
			failed.Reset()
		} else if ctx.Err() == nil {
			wait := failed.Next()
			s.log.Warn("sign-outs cannot be kept now; they hold on this node", "sign_outs", s.waiting(), "err", err, "retry", wait)
			retry.Reset(wait)
		}
	}
}

// newKeepRetry returns the waits after failures of the ledger, which this node alone waits out: they need no jitter.
func newKeepRetry() backoff.Backoff {
	return backoff.Backoff{First: firstKeepRetry, Last: lastKeepRetry}
}

// load reads the ledger, however often that fails, and returns what ends following it; nil if ctx was done before.
func (s *signouts) load(ctx context.Context) (stop func()) {
	for failed := newKeepRetry(); ; {
		stop, err := s.ledger.Follow(ctx, s.deliver)
		if err == nil {
			close(s.loaded)
			return stop
		}
		if ctx.Err() != nil {
			return nil
		}
		wait := failed.Next()
		s.log.Warn("cannot read who has signed out: nobody can sign in", "err", err, "retry", wait)
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return nil
		}
	}
}

// deliver takes an entry of the ledger, this node's own included. It skips what it does not know: another node is newer.
func (s *signouts) deliver(entry string, until time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	word, keys, _ := strings.Cut(entry, " ")
	if !until.After(time.Now()) {
		return
	}
	switch word {
	case entryOut:
		s.revokeLocked(key(keys), until)
	case entrySaw:
		session, token, _ := strings.Cut(keys, " ")
		s.sawLocked(key(session), key(token), until)
	}
}

// keepLocked has entry kept until that time.
func (s *signouts) keepLocked(entry string, until time.Time) {
	most := maxUnkept
	if strings.HasPrefix(entry, entrySaw) {
		most /= 2
	}
	if len(s.unkept) >= most {
		s.log.Error("too much waits to be kept: a sign-out may not reach other nodes, nor outlive this process", "waiting", len(s.unkept))
		return
	}
	s.unkept = append(s.unkept, unkept{entry, until})
	signal(s.wake)
}

// flush keeps what waits, in its order, until something cannot be.
func (s *signouts) flush(ctx context.Context) error {
	for {
		s.mu.Lock()
		if len(s.unkept) == 0 {
			s.unkept = nil
			s.mu.Unlock()
			return nil
		}
		next := s.unkept[0]
		s.mu.Unlock()
		if err := s.ledger.Keep(ctx, next.entry, next.until); err != nil {
			return err
		}
		s.mu.Lock()
		s.unkept = s.unkept[1:] // which nobody else shortens
		s.mu.Unlock()
	}
}

// waiting returns how much waits to be kept.
func (s *signouts) waiting() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.unkept)
}
