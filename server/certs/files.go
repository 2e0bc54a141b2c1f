package certs

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// pollEvery is how often Files reads its files, to find out whether they have changed. Reading them is cheap, and needs
// neither a watch on a folder nor times of files, which the tools that renew certificates treat differently.
const pollEvery = 10 * time.Second

// Files has the certificate of two files in the format PEM: the certificate with those of its signers, and its key. When
// the files change, Files takes the new certificate. It keeps the old one as long as the new one cannot be used.
type Files struct {
	cert, key string       // static; the paths
	log       *slog.Logger // static

	current atomic.Pointer[tls.Certificate]

	mu     sync.Mutex // guards what follows
	used   content    // what the files had when current was made
	bad    *content   // what the files had when the last poll could not use them; nil: it could
	warned bool       // the log has said why bad cannot be used
	late   int        // the days left in the last warning in the log; warnDays: there was no warning
}

// content is what the two files have.
type content struct{ cert, key []byte }

func (c content) equal(o content) bool {
	return bytes.Equal(c.cert, o.cert) && bytes.Equal(c.key, o.key)
}

// OpenFiles reads the certificate in the file cert and its key in the file key. The error says what to do. A certificate
// whose time is up is no error, because a server with it can still serve those who accept it: the log warns of it.
func OpenFiles(cert, key string, log *slog.Logger) (*Files, error) {
	f := &Files{cert: cert, key: key, log: log, late: warnDays}
	read, err := f.read()
	if err != nil {
		return nil, err
	}
	c, err := f.parse(read)
	if err != nil {
		return nil, err
	}
	if err := checkTime(c.Leaf, time.Now()); err != nil {
		log.Error("browsers refuse the certificate: renew it", "file", cert, "err", err)
	}
	f.current.Store(c)
	f.used = read
	return f, nil
}

// Certificate returns the certificate, for tls.Config.GetCertificate.
func (f *Files) Certificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return f.current.Load(), nil
}

// Config returns the settings of a TLS server with this certificate.
func (f *Files) Config() *tls.Config { return config(f.Certificate) }

// Name returns the first host name in the certificate, or else the first IP address; "" if it has neither.
func (f *Files) Name() string { return firstName(f.current.Load().Leaf) }

// Expiries returns until when the certificate is valid.
func (f *Files) Expiries() []Expiry {
	leaf := f.current.Load().Leaf
	return []Expiry{{firstName(leaf), leaf.NotAfter}}
}

// Run looks for changes of the files until ctx is done.
func (f *Files) Run(ctx context.Context) error {
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-ticker.C:
			f.poll(now)
		}
	}
}

// poll takes the certificate in the files if they have changed. A program may be writing them: so if they cannot be used,
// the log says so only when the next poll finds the same.
func (f *Files) poll(now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	read, err := f.takeLocked(now)
	if err == nil {
		f.bad, f.warned = nil, false
		f.warnLocked(now)
		return
	}
	if again := f.bad != nil && f.bad.equal(read); again && !f.warned {
		f.warned = true
		f.logLocked(err)
	} else if !again {
		f.bad, f.warned = &read, false
	}
}

// Reload reads the files at once, and logs what came of it.
func (f *Files) Reload() {
	f.mu.Lock()
	defer f.mu.Unlock()
	before := f.current.Load()
	if _, err := f.takeLocked(time.Now()); err != nil {
		f.logLocked(err)
	} else if f.current.Load() == before {
		f.log.Info("the certificate has not changed", "file", f.cert)
	}
}

// takeLocked reads the files, and makes their certificate the current one if they have changed. It returns what it has
// read.
func (f *Files) takeLocked(now time.Time) (content, error) {
	read, err := f.read()
	if err != nil || read.equal(f.used) {
		return read, err
	}
	c, err := f.parse(read)
	if err != nil {
		return read, err
	}
	if err := checkTime(c.Leaf, now); err != nil {
		return read, fmt.Errorf("%s: %w", f.cert, err)
	}
	f.current.Store(c)
	f.used, f.late = read, warnDays
	f.log.Info("new certificate", "file", f.cert, "name", firstName(c.Leaf), "until", c.Leaf.NotAfter.UTC())
	return read, nil
}

// logLocked logs why the files cannot be used.
func (f *Files) logLocked(err error) {
	f.log.Error("the new certificate cannot be used, the old one stays: put a certificate in PEM and its key there",
		"err", err, "old_until", f.current.Load().Leaf.NotAfter.UTC())
}

// warnLocked logs once a day that the certificate ends soon or has ended.
func (f *Files) warnLocked(now time.Time) {
	leaf := f.current.Load().Leaf
	days := daysLeft(leaf, now)
	if days >= f.late {
		return
	}
	if f.late = days; days < 0 {
		f.log.Error("the certificate has ended, and browsers refuse it: renew it", "file", f.cert,
			"until", leaf.NotAfter.UTC())
	} else {
		f.log.Warn("the certificate ends soon: renew it", "file", f.cert, "until", leaf.NotAfter.UTC(), "days_left", days)
	}
}

func (f *Files) read() (c content, err error) {
	if c.cert, err = os.ReadFile(f.cert); err != nil {
		return c, fmt.Errorf("-tls-cert: %w", err)
	}
	if c.key, err = os.ReadFile(f.key); err != nil {
		return c, fmt.Errorf("-tls-key: %w", err)
	}
	return c, nil
}

func (f *Files) parse(c content) (*tls.Certificate, error) {
	pair, err := tls.X509KeyPair(c.cert, c.key)
	if err != nil {
		return nil, fmt.Errorf("-tls-cert is %q and -tls-key is %q: %w: want a certificate with those of its signers, "+
			"and its key, both in PEM", f.cert, f.key, err)
	}
	return &pair, nil
}
