package main

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mayfly/server/certs"
)

// urlOf returns the URL under which people open a server with these certificates that listens on port.
func urlOf(c certificates, port string) (string, error) {
	host := c.Name()
	if host == "" {
		return "", configError{errors.New("-tls-cert has a certificate that names no host without an asterisk: " +
			"say under which address people open the chat, such as -public-url https://chat.example.com")}
	}
	return httpsURL(host, port), nil
}

// httpsURL returns the URL of a server that listens on port. host is a name or an IP address.
func httpsURL(host, port string) string {
	if port != "443" && port != noPort {
		host = net.JoinHostPort(host, port)
	} else if ip, err := netip.ParseAddr(host); err == nil && ip.Is6() {
		host = "[" + host + "]"
	}
	return (&url.URL{Scheme: "https", Host: host}).String()
}

// encrypt makes n speak TLS with these certificates. It registers the metrics of the certificates with metrics.
func (n *node) encrypt(c certificates, metrics prometheus.Registerer) {
	n.http.TLSConfig = c.Config()
	metrics.MustRegister(&expiries{c, prometheus.NewDesc("mayfly_certificate_days_left",
		"Days until the certificate for this host ends, 0 if there is none.", []string{"host"}, nil)})
	n.background(c.Run)
	n.onHangup(c.Reload)
}

// expiries is the metric with the days that are left for each certificate.
type expiries struct {
	certificates certificates
	desc         *prometheus.Desc
}

// Describe implements prometheus.Collector.
func (e *expiries) Describe(to chan<- *prometheus.Desc) { to <- e.desc }

// Collect implements prometheus.Collector.
func (e *expiries) Collect(to chan<- prometheus.Metric) {
	for _, x := range e.certificates.Expiries() {
		days := 0.0
		if !x.Until.IsZero() {
			days = time.Until(x.Until).Hours() / 24
		}
		to <- prometheus.MustNewConstMetric(e.desc, prometheus.GaugeValue, days, x.Name)
	}
}

// lead makes n answer plain HTTP on l: it leads people to the same address under https, and answers the authority that
// checks whether this server has its host names. The method close of n closes l.
func (n *node) lead(l net.Listener, c certificates) {
	handler := toHTTPS(n.url)
	if acme, ok := c.(*certs.ACME); ok {
		handler = acme.Challenges(handler)
	}
	n.leading = newHTTPServer(handler, n.log)
	n.leading.ConnState = n.waiting.State
	n.log.Info("leading people from http to https", "http_listen", l.Addr().String())
	n.ended.Go(func() {
		if err := n.leading.Serve(n.waiting.Listener(l)); !errors.Is(err, http.ErrServerClosed) {
			n.log.Error("the listener of -http-listen ended", "err", err)
		}
	})
}

// toHTTPS returns a handler that leads browsers to the same path under public, the URL of the chat. The host does not come
// from the request, so that nobody can be led elsewhere. Browsers do not store the redirect: for that there is -hsts.
func toHTTPS(public string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			http.Error(w, "This chat is at "+public+".", http.StatusBadRequest)
			return
		}
		http.Redirect(w, r, public+r.URL.RequestURI(), http.StatusFound)
	})
}

// onlyHTTPS returns next with a header in each answer that tells browsers to use only https for this host in the time
// forLong. The header does not cover subdomains of the host. If forLong is 0, onlyHTTPS returns next itself.
func onlyHTTPS(next http.Handler, forLong time.Duration) http.Handler {
	if forLong == 0 {
		return next
	}
	value := "max-age=" + strconv.FormatInt(int64(forLong/time.Second), 10)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Strict-Transport-Security", value)
		next.ServeHTTP(w, r)
	})
}
