package main

import (
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"

	"mayfly/server/network"
)

// networkFlags are the values of the flags that say how connections come to the public listener.
type networkFlags struct {
	insecure      bool // plain http may be on an address that strangers can reach
	proxyProtocol bool // the proxies tell the clients' addresses by the PROXY protocol
	inherited     network.Inherited
}

// defineNetworkFlags defines the flags that set c.network. After the flags are parsed, call the returned function finish,
// which checks them. Its error has every problem.
func defineNetworkFlags(f *flag.FlagSet, c *config, env environment) (finish func() error) {
	f.BoolVar(&c.network.insecure, "insecure-http", false, "speak plain http where strangers can reach it (default off)")
	f.BoolVar(&c.network.proxyProtocol, "proxy-protocol", false, "the proxies of -trusted-proxies, or behind a Unix "+
		"socket, begin each connection with the PROXY protocol, version 1 or 2 (default off)")
	c.network.inherited = network.InheritedBy(os.Getpid(), func(name string) string { return env[name] })
	return func() error {
		var errs []error
		if c.network.proxyProtocol && len(c.proxies) == 0 && !onUnixSocket(c.listen) {
			errs = append(errs, errors.New("-proxy-protocol is set, but not -trusted-proxies: "+
				"want the addresses of the proxies that use it"))
		}
		if onUnixSocket(c.listen) && c.publicURL == "" && !c.tls.enabled() {
			errs = append(errs, errors.New("-listen is a Unix socket, which has no address for people: "+
				"want -public-url, such as https://chat.example.com"))
		}
		if host, _, err := net.SplitHostPort(c.listen); err == nil && network.Check(c.listen) == nil &&
			!strings.HasPrefix(c.listen, network.Systemd+":") && !onUnixSocket(c.listen) {
			errs = append(errs, c.checkReach(host))
		}
		return errors.Join(errs...)
	}
}

func onUnixSocket(addr string) bool { return strings.HasPrefix(addr, network.UnixPrefix) }

// checkReach returns an error if strangers can reach the address host and nothing encrypts there: the server has neither
// TLS nor trusted proxies. With -insecure-http it returns nil.
func (c *config) checkReach(host string) error {
	if c.tls.enabled() || len(c.proxies) > 0 || c.network.insecure || !network.Public(host) {
		return nil
	}
	return fmt.Errorf("-listen is %s, where strangers may read along, because nothing encrypts: "+
		"want -tls-domain with the name of this host, or -tls-cert and -tls-key, or -trusted-proxies with the address of "+
		"your proxy that speaks https, or another address, such as -listen 127.0.0.1:8080; "+
		"or say with -insecure-http that plain http is what you want", c.listen)
}

// listenPublic opens the public listener.
func (c *config) listenPublic(log *slog.Logger) (net.Listener, error) {
	l, err := listen("-listen", c.listen, c.network.inherited)
	if err != nil {
		return nil, err
	}
	if tcp, ok := l.Addr().(*net.TCPAddr); ok {
		if err := c.checkReach(tcp.IP.String()); err != nil { // the address is systemd's
			return nil, errors.Join(configError{err}, l.Close())
		}
	} else if c.publicURL == "" && !c.tls.enabled() {
		err := errors.New("systemd has opened a Unix socket, which has no address for people: want -public-url, such as " +
			"https://chat.example.com")
		return nil, errors.Join(configError{err}, l.Close())
	}
	if c.network.proxyProtocol {
		l = network.Proxied(l, c.proxies.Contain, log)
	}
	return l, nil
}
