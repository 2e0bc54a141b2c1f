package main

import (
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"mayfly/server/certs"
	"mayfly/server/network"
)

// tlsFlags are the values of the flags for TLS.
type tlsFlags struct {
	cert, key  string           // files; empty: the operator has no certificate
	acme       certs.ACMEConfig // without domains: nobody is asked for certificates
	httpListen string           // the address of the listener that leads people from http to https; empty: there is none
	hsts       time.Duration    // for how long browsers are told to use https only; 0: they are not told
}

// enabled reports whether the public listener speaks TLS.
func (t *tlsFlags) enabled() bool { return t.cert != "" || len(t.acme.Domains) > 0 }

// httpOff is the value of -http-listen for no such listener.
const httpOff = "off"

// maxHSTS is the longest -hsts: two years, the time that the preload list of browsers recommends (hstspreload.org).
const maxHSTS = 2 * 365 * 24 * time.Hour

// defineTLSFlags defines the flags for TLS, which set c.tls. After the flags are parsed, call the returned function finish,
// which checks the flags, and sets the defaults of other fields of c that depend on them. Its error has every problem.
func defineTLSFlags(f *flag.FlagSet, c *config) (finish func() error) {
	t := &c.tls
	f.StringVar(&t.cert, "tls-cert", "", "`FILE` with the certificate for https and those of its signers, in PEM; "+
		"read again when it changes (default none)")
	f.StringVar(&t.key, "tls-key", "", "`FILE` with the key of that certificate, in PEM (default none)")
	domains := f.String("tls-domain", "", "`NAMES` of this host, such as chat.example.com: Mayfly gets certificates for "+
		"them by ACME, and listens on :443 and :80 (default none)")
	f.StringVar(&t.acme.CA, "acme-ca", "", "`URL` of the authority's directory (default "+certs.LetsEncrypt+")")
	f.StringVar(&t.acme.Roots, "acme-ca-cert", "", "`FILE` with the certificates that sign the authority's own, in PEM "+
		"(default those of the system)")
	f.StringVar(&t.acme.Email, "acme-email", "", "mail `ADDRESS` of yours for the authority (default none)")
	f.StringVar(&t.acme.Cache, "acme-cache", "", "`FOLDER` for keys and certificates "+
		"(default acme in -data, else mayfly/acme in the user's folder for caches)")
	f.StringVar(&t.httpListen, "http-listen", "", "`ADDRESS` that leads people from http to https, and answers the "+
		"authority; off for none (default :80 with -tls-domain, else off)")
	f.DurationVar(&t.hsts, "hsts", 0, "for how long browsers shall use only https for this host, such as 8760h "+
		"(Strict-Transport-Security); 0 to say nothing")
	return func() error {
		t.acme.Domains = commas(*domains)
		if len(t.acme.Domains) > 0 {
			c.setACMEDefaults(given(f))
		}
		if t.httpListen == httpOff {
			t.httpListen = ""
		}
		return errors.Join(append(t.check(given(f)), c.checkHSTS())...)
	}
}

// setACMEDefaults sets the fields whose default -tls-domain changes. given holds the names of the flags that are set.
func (c *config) setACMEDefaults(given map[string]bool) {
	if !given["listen"] {
		c.listen = ":443"
	}
	if !given["http-listen"] {
		c.tls.httpListen = ":80"
	}
	if c.tls.acme.Cache != "" {
		return
	}
	if c.data != "" {
		c.tls.acme.Cache = filepath.Join(c.data, "acme")
	} else if folder, err := os.UserCacheDir(); err == nil {
		c.tls.acme.Cache = filepath.Join(folder, "mayfly", "acme")
	}
}

// check returns every problem with t. given holds the names of the flags that are set.
func (t *tlsFlags) check(given map[string]bool) (errs []error) {
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	switch {
	case (t.cert == "") != (t.key == ""):
		wrong("-tls-cert and -tls-key belong together: want both, or neither")
	case t.cert != "" && len(t.acme.Domains) > 0:
		wrong("-tls-domain and -tls-cert are both set: want one of them, as the first gets certificates by itself")
	case t.cert != "":
		if _, err := certs.OpenFiles(t.cert, t.key, slog.New(slog.DiscardHandler)); err != nil {
			errs = append(errs, err)
		}
	}
	if len(t.acme.Domains) > 0 {
		domains, err := certs.ParseDomains(t.acme.Domains)
		if t.acme.Domains = domains; err != nil {
			wrong("-tls-domain: %w", err)
		}
		if t.acme.Cache == "" {
			wrong("-acme-cache is missing, and this user has no folder for caches: want a folder for keys and " +
				"certificates, such as /var/lib/mayfly-acme")
		}
	}
	if u, err := url.Parse(t.acme.CA); t.acme.CA != "" && (err != nil || u.Scheme != "https" || u.Host == "") {
		wrong("-acme-ca is %q: want the https URL of the authority's directory", t.acme.CA)
	}
	for _, name := range []string{"acme-ca", "acme-ca-cert", "acme-email", "acme-cache"} {
		if given[name] && !given["tls-domain"] {
			wrong("-%s is set, but not -tls-domain: want both, or neither", name)
		}
	}
	if t.httpListen != "" {
		if err := network.Check(t.httpListen); err != nil {
			wrong("-http-listen is %q: %w; or %s", t.httpListen, err, httpOff)
		} else if !given["tls-cert"] && !given["tls-domain"] {
			wrong("-http-listen is set, but neither -tls-domain nor -tls-cert: want one of them, so that there is https")
		}
	}
	return errs
}

// checkHSTS returns the problem with -hsts, if there is one.
func (c *config) checkHSTS() error {
	if c.tls.hsts < 0 || c.tls.hsts > maxHSTS || c.tls.hsts%time.Second != 0 {
		return fmt.Errorf("-hsts is %s: want whole seconds, and %s or less", c.tls.hsts, maxHSTS)
	}
	if c.tls.hsts > 0 && !c.tls.enabled() && !strings.HasPrefix(c.publicURL, "https:") {
		return errors.New("-hsts is set, but people do not open the chat by https: want -tls-domain, -tls-cert, " +
			"or a -public-url that begins with https")
	}
	return nil
}

// certificates are the certificates of the public listener. Run looks for new ones until ctx is done, and Reload looks at
// once.
type certificates interface {
	Config() *tls.Config
	Name() string // the host name in the certificate that people should open, "" if it has none
	Expiries() []certs.Expiry
	Run(ctx context.Context) error
	Reload()
}

// open returns the certificates, nil if the public listener speaks plain HTTP.
func (t *tlsFlags) open(log *slog.Logger) (certificates, error) {
	switch {
	case len(t.acme.Domains) > 0:
		return certs.NewACME(t.acme, log)
	case t.cert != "":
		return certs.OpenFiles(t.cert, t.key, log)
	default:
		return nil, nil
	}
}
