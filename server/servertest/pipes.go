package servertest

import (
	"context"
	"net"
	"sync"
)

// pipes is a net.Listener for connections in memory (net.Pipe). These connections work under synctest.
type pipes struct {
	conns  chan net.Conn // the server's ends of new connections; dial and Server.Accept send, pipes.Accept receives
	closed chan struct{} // closed by Close
	once   sync.Once
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80} }

// remoteConn is a connection whose RemoteAddr returns addr, an IP address and a port.
type remoteConn struct {
	net.Conn
	addr string
}

func (f remoteConn) RemoteAddr() net.Addr {
	ap, err := net.ResolveTCPAddr("tcp", f.addr)
	if err != nil {
		panic(err)
	}
	return ap
}

func (p *pipes) dial(addr string) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, _, _ string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		select {
		case p.conns <- remoteConn{theirs, addr}:
			return ours, nil
		case <-p.closed:
			return nil, net.ErrClosed
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
