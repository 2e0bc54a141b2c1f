// Package natstest runs a cluster of NATS servers for tests. Each server is a process of its own, which a test can kill,
// stop and start again. The process is the test binary itself, so a TestMain that calls Main must be in the test's package.
package natstest

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"mayfly/server/tcptest"
)

// configVariable tells Main that this process is a NATS server. Its value is the name of the server's configuration file.
const configVariable = "MAYFLYTEST_NATS_CONFIG"

// timeout ends a test that hangs. It is so long that a test on a busy machine does not reach it.
const timeout = 2 * time.Minute

// Main runs a NATS server and does not return if this process was started as one. Call it first in TestMain.
func Main() {
	file := os.Getenv(configVariable)
	if file == "" {
		return
	}
	options, err := server.ProcessConfigFile(file)
	if err == nil {
		var s *server.Server
		if s, err = server.NewServer(options); err == nil {
			s.ConfigureLogger()
			s.Start()
			s.WaitForShutdown()
			os.Exit(0)
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// Cluster is some NATS servers with JetStream that know each other.
type Cluster struct {
	Servers []*Server

	t     testing.TB
	links []link // nil: the servers connect without proxies
}

// Server is one NATS server.
type Server struct {
	Name   string
	URL    string
	Folder string // in which JetStream has its files

	t       testing.TB
	addr    string // at which nodes connect
	file    string // of its configuration
	monitor string // the URL of its monitoring port
	log     string // the file of its log
	process *exec.Cmd
}

// Place says where a server of a cluster runs. A test makes the server's configuration from it.
type Place struct {
	Name                 string
	Port, Route, Monitor int    // on 127.0.0.1: for nodes, for the other servers, and for /healthz
	Routes               []int  // on 127.0.0.1: the ports at which the server finds the others
	Folder               string // for the server alone
	Log                  string // the file for its log
}

// Start starts a cluster of n servers, and waits until it is ready. The servers end with the test. more is put into the
// configuration of each server.
func Start(t testing.TB, n int, more string) *Cluster {
	t.Helper()
	return StartWith(t, n, func(p Place) string { return p.config(n, "") + more })
}

// config returns the configuration of one of n servers, with more in the part about the other servers.
func (p Place) config(n int, more string) string {
	config := fmt.Sprintf("server_name: %s\nhost: 127.0.0.1\nport: %d\nhttp: \"127.0.0.1:%d\"\nlog_file: %q\n"+
		"jetstream { store_dir: %q, max_memory_store: 512MB, max_file_store: 256MB }\n",
		p.Name, p.Port, p.Monitor, p.Log, p.Folder)
	if n > 1 {
		config += fmt.Sprintf("cluster { name: test, host: 127.0.0.1, port: %d, %s routes: [", p.Route, more)
		for _, port := range p.Routes {
			config += fmt.Sprintf("nats-route://127.0.0.1:%d, ", port)
		}
		config = strings.TrimSuffix(config, ", ") + "] }\n"
	}
	return config
}

// StartWith does what Start does, with the configuration that the function configure returns for each server.
func StartWith(t testing.TB, n int, configure func(Place) string) *Cluster {
	t.Helper()
	c := &Cluster{t: t}
	folder, ports := t.TempDir(), make([]int, 3*n)
	for i := range ports {
		ports[i] = tcptest.FreePort(t)
	}
	for i := range n {
		name := fmt.Sprintf("n%d", i+1)
		place := Place{name, ports[i], ports[n+i], ports[2*n+i], ports[n : 2*n],
			filepath.Join(folder, name), filepath.Join(folder, name+".log")}
		addr := fmt.Sprintf("127.0.0.1:%d", place.Port)
		s := &Server{Name: name, URL: "nats://" + addr, addr: addr, Folder: place.Folder, t: t,
			file: filepath.Join(folder, name+".conf"), log: place.Log,
			monitor: fmt.Sprintf("http://127.0.0.1:%d", place.Monitor)}
		if err := os.WriteFile(s.file, []byte(configure(place)), 0o600); err != nil {
			t.Fatal(err)
		}
		c.Servers = append(c.Servers, s)
		s.Start()
		t.Cleanup(s.end)
	}
	for _, s := range c.Servers {
		s.WaitHealthy()
	}
	return c
}

// URLs returns the addresses of the servers.
func (c *Cluster) URLs() (urls []string) {
	for _, s := range c.Servers {
		urls = append(urls, s.URL)
	}
	return urls
}

// Leader returns the server that leads the stream.
func (c *Cluster) Leader(stream string) *Server {
	c.t.Helper()
	conn, err := nats.Connect(strings.Join(c.URLs(), ","), nats.MaxReconnects(-1))
	if err != nil {
		c.t.Fatal(err)
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		c.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	for {
		found, err := js.Stream(ctx, stream)
		if err == nil {
			for _, s := range c.Servers {
				if info := found.CachedInfo().Cluster; info != nil && info.Leader == s.Name {
					return s
				}
			}
		}
		if ctx.Err() != nil {
			c.t.Fatalf("the stream %s has no leader: %v", stream, err)
		}
	}
}

// Start starts a server that does not run. WaitHealthy waits until it is ready.
func (s *Server) Start() {
	s.t.Helper()
	s.process = exec.Command(os.Args[0])
	s.process.Env = append(os.Environ(), configVariable+"="+s.file)
	s.process.Stderr = os.Stderr
	s.process.SysProcAttr = withParent()
	if err := s.process.Start(); err != nil {
		s.t.Fatal(err)
	}
}

// WaitHealthy waits until the server has everything that it must keep.
func (s *Server) WaitHealthy() {
	s.t.Helper()
	client := http.Client{Timeout: 5 * time.Second}
	defer client.CloseIdleConnections()
	var last string
	for deadline := time.Now().Add(timeout); time.Now().Before(deadline); {
		resp, err := client.Get(s.monitor + "/healthz")
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return
			}
			last = resp.Status
		} else {
			last = err.Error()
		}
		<-time.After(20 * time.Millisecond)
	}
	log, _ := os.ReadFile(s.log)
	s.t.Fatalf("%s is not healthy: %s\n%s", s.Name, last, log)
}

// Pid returns the process ID of the server.
func (s *Server) Pid() int { return s.process.Process.Pid }

// Kill kills the server with SIGKILL, and waits until it has ended.
func (s *Server) Kill() {
	s.t.Helper()
	s.signal(syscall.SIGKILL)
	_ = s.process.Wait()
}

// Stop stops the server with SIGTERM, and waits until it has ended.
func (s *Server) Stop() {
	s.t.Helper()
	s.signal(syscall.SIGTERM)
	_ = s.process.Wait()
}

// Pause makes the server stand still until Continue.
func (s *Server) Pause() { s.signal(syscall.SIGSTOP) }

// Continue lets a server go on after Pause.
func (s *Server) Continue() { s.signal(syscall.SIGCONT) }

func (s *Server) signal(which syscall.Signal) {
	s.t.Helper()
	if err := s.process.Process.Signal(which); err != nil {
		s.t.Error(err)
	}
}

// end kills the server if it runs.
func (s *Server) end() {
	if s.process.ProcessState == nil {
		_ = s.process.Process.Kill()
		_ = s.process.Wait()
	}
}
