package certs_test

import (
	"log/slog"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/server/certs"
	"mayfly/server/certs/certstest"
	"mayfly/server/servertest"
)

// follow runs test on virtual time, with Files of a certificate for old.example that is valid for 30 days.
func follow(t *testing.T, test func(f *certs.Files, a *certstest.Authority, dir string, log *servertest.Log)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		a, dir, log := certstest.New(t), t.TempDir(), &servertest.Log{}
		cert, key := a.Sign(time.Now().Add(30*24*time.Hour), "old.example").Write(t, dir)
		f, err := certs.OpenFiles(cert, key, slog.New(slog.NewTextHandler(log, nil)))
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			if err := f.Run(t.Context()); err != nil {
				t.Error(err)
			}
		}()
		test(f, a, dir, log)
	})
}

// polled is a time after which Files has looked at its files twice.
const polled = 25 * time.Second

func TestNewFilesAreTaken(t *testing.T) {
	follow(t, func(f *certs.Files, a *certstest.Authority, dir string, log *servertest.Log) {
		until := time.Now().Add(90 * 24 * time.Hour)
		a.Sign(until, "*.example", "new.example").Write(t, dir)
		if time.Sleep(polled); f.Name() != "new.example" || !strings.Contains(log.Take(), "new certificate") {
			t.Errorf("the certificate is for %q", f.Name())
		}
		if x := f.Expiries(); len(x) != 1 || x[0].Name != "new.example" || x[0].Until.Sub(until).Abs() > time.Second {
			t.Errorf("expiries = %v", x)
		}
		a.Sign(until, "third.example").Write(t, dir)
		if f.Reload(); f.Name() != "third.example" {
			t.Errorf("after Reload the certificate is for %q", f.Name())
		}
		log.Take()
		if f.Reload(); !strings.Contains(log.Take(), "has not changed") {
			t.Error("a Reload without a change says nothing")
		}
	})
}

func TestBadFilesChangeNothing(t *testing.T) {
	for _, tt := range []struct {
		name  string
		wrong func(a *certstest.Authority, dir string)
		says  string
	}{
		{"nonsense", func(_ *certstest.Authority, dir string) { certstest.Replace(t, dir+"/cert.pem", []byte("nonsense")) },
			"both in PEM"},
		{"another key", func(a *certstest.Authority, dir string) {
			certstest.Replace(t, dir+"/key.pem", a.Sign(time.Now(), "x").Key)
		}, "private key does not match"},
		{"no file", func(_ *certstest.Authority, dir string) { os.Remove(dir + "/key.pem") }, "no such file"},
		{"a file of the past", func(a *certstest.Authority, dir string) {
			a.SignFrom(time.Now().Add(-2*time.Hour), time.Now().Add(-time.Hour), "new.example").Write(t, dir)
		}, "was valid until"},
		{"a file of the future", func(a *certstest.Authority, dir string) {
			a.SignFrom(time.Now().Add(time.Hour), time.Now().Add(2*time.Hour), "new.example").Write(t, dir)
		}, "set the clock"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			follow(t, func(f *certs.Files, a *certstest.Authority, dir string, log *servertest.Log) {
				tt.wrong(a, dir)
				time.Sleep(10 * polled)
				said := log.Take()
				if f.Name() != "old.example" || strings.Count(said, "the old one stays") != 1 ||
					!strings.Contains(said, tt.says) {
					t.Errorf("the certificate is for %s, the log says %q, want %q once", f.Name(), said, tt.says)
				}
				if f.Reload(); !strings.Contains(log.Take(), tt.says) {
					t.Error("Reload does not say what is wrong")
				}
				a.Sign(time.Now().Add(time.Hour*24*90), "mended.example").Write(t, dir)
				if time.Sleep(polled); f.Name() != "mended.example" {
					t.Errorf("after the mending the certificate is for %s", f.Name())
				}
			})
		})
	}
}

// TestFilesThatAreBeingWrittenAreNotComplainedOf: a look at the files comes between two steps of the program that renews
// them.
func TestFilesThatAreBeingWrittenAreNotComplainedOf(t *testing.T) {
	for name, first := range map[string]func(p certstest.Pair, dir string){
		"the certificate is replaced": func(p certstest.Pair, dir string) { certstest.Replace(t, dir+"/cert.pem", p.Cert) },
		"the certificate is removed":  func(_ certstest.Pair, dir string) { os.Remove(dir + "/cert.pem") },
	} {
		t.Run(name, func(t *testing.T) {
			follow(t, func(f *certs.Files, a *certstest.Authority, dir string, log *servertest.Log) {
				p := a.Sign(time.Now().Add(time.Hour*24*90), "new.example")
				first(p, dir)
				time.Sleep(polled / 2)
				p.Write(t, dir)
				time.Sleep(polled)
				if said := log.Take(); f.Name() != "new.example" || strings.Contains(said, "ERROR") {
					t.Errorf("the certificate is for %s, the log says %q", f.Name(), said)
				}
			})
		})
	}
}

func TestEndOfACertificateIsWarnedOf(t *testing.T) {
	const hours, day = time.Hour, 24 * time.Hour
	follow(t, func(f *certs.Files, a *certstest.Authority, dir string, log *servertest.Log) {
		a.Sign(time.Now().Add(7*day+2*hours), "x.example").Write(t, dir)
		f.Reload()
		log.Take()
		time.Sleep(hours)
		if said := log.Take(); said != "" {
			t.Errorf("more than a week before the end the log says %q", said)
		}
		time.Sleep(2 * hours)
		if said := log.Take(); strings.Count(said, "days_left=6") != 1 {
			t.Errorf("a week before the end the log says %q", said)
		}
		a.Sign(time.Now().Add(2*hours), "x.example").Write(t, dir)
		f.Reload()
		time.Sleep(hours)
		if said := log.Take(); strings.Count(said, "days_left=0") != 1 {
			t.Errorf("on the last day the log says %q", said)
		}
		time.Sleep(2 * hours)
		if said := log.Take(); strings.Count(said, "has ended") != 1 {
			t.Errorf("after the end the log says %q", said)
		}
	})
}

func TestFilesThatCannotBeUsedAreAnErrorAtTheStart(t *testing.T) {
	a, dir := certstest.New(t), t.TempDir()
	cert, key := a.Sign(time.Now().Add(-time.Minute), "old.example").Write(t, dir)
	log := &servertest.Log{}
	if _, err := certs.OpenFiles(cert, key, slog.New(slog.NewTextHandler(log, nil))); err != nil ||
		!strings.Contains(log.Take(), "renew it") {
		t.Errorf("a certificate of the past: %v, want a line in the log", err)
	}
	for _, tt := range []struct{ cert, key, says string }{
		{cert, dir + "/none", "-tls-key: open"}, {dir + "/none", key, "-tls-cert: open"}, {key, cert, "both in PEM"},
	} {
		if _, err := certs.OpenFiles(tt.cert, tt.key, slog.New(slog.DiscardHandler)); err == nil ||
			!strings.Contains(err.Error(), tt.says) {
			t.Errorf("OpenFiles(%s, %s) = %v, want %q", tt.cert, tt.key, err, tt.says)
		}
	}
}
