package measure_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mayfly/cmd/mayfly/bench"
	"mayfly/cmd/mayfly/e2e/rig"
)

// crowd has the limits of a server out of the way of mayfly bench.
var crowd = []string{"-rate", "1000000/1s", "-conns", "100000", "-conns-per-ip", "100000", "-room-messages", "1000000",
	"-room-bytes", "128MiB", "-stream-bytes", "256MiB", "-rooms", "100000"}

// round is what one run of mayfly bench has measured.
type round struct {
	bench.Result
	nodes, nats time.Duration // the processor time of all nodes and of all NATS servers
}

// TestCostOfNodes runs mayfly bench by turns against one server with its stream inside, and against one, two and three nodes
// that share three NATS servers. A round-robin proxy for TCP is in front of all of them. It prints a table with medians.
func TestCostOfNodes(t *testing.T) {
	table := circumstances() +
		"\n\n| load | nodes | deliveries a second | median | 95 % | 99 % | processor of the nodes | of NATS |\n" +
		"|---|---|---|---|---|---|---|---|\n"
	for _, load := range benchLoads {
		rounds := make([][]round, 4) // by how many nodes there are; 0: the stream is inside
		for range *benchRounds {
			for n := range rounds {
				t.Run(fmt.Sprintf("%d nodes", n), func(t *testing.T) {
					rounds[n] = append(rounds[n],
						costOfNodes(t, n, load.flags))
				})
			}
		}
		if t.Failed() {
			t.FailNow()
		}
		name := load.name
		for n, all := range rounds {
			table += nodesRow(name, n, all)
			name = ""
		}
	}
	t.Logf("medians of %d runs each, by turns:\n%s", *benchRounds, table)
}

// costOfNodes measures n new nodes, or a single server if n is 0.
func costOfNodes(t *testing.T, n int, flags string) (r round) {
	t.Helper()
	var nodes, nats []int
	var addrs []string
	if n == 0 {
		s := rig.Serve(t, crowd...)
		nodes, addrs = []int{s.Pid()}, []string{s.Addr()}
	} else {
		c := rig.ServeNodes(t, n, crowd...)
		for _, s := range c.Nodes {
			nodes, addrs = append(nodes, s.Pid()), append(addrs, s.Addr())
		}
		for _, s := range c.NATS.Servers {
			nats = append(nats, s.Pid())
		}
	}
	url := "http://" + inTurn(t, addrs)
	before := [2]time.Duration{bench.TimeOf(nodes...), bench.TimeOf(nats...)}
	out, code := rig.Run(t, append([]string{"bench", "-json", "-ttl", "1m", url}, strings.Fields(flags)...)...)
	if err := json.NewDecoder(strings.NewReader(out)).Decode(&r.Result); err != nil || code != 0 {
		t.Fatalf("mayfly bench: exit code %d, %v\n%s", code, err, out)
	}
	r.nodes, r.nats = bench.TimeOf(nodes...)-before[0], bench.TimeOf(nats...)-before[1]
	return r
}

// TestMemoryOfNodes posts 60,000 messages of 100 characters on two nodes, and prints by how much each process has grown.
func TestMemoryOfNodes(t *testing.T) {
	c := rig.ServeNodes(t, 2, crowd...)
	pids := map[string]int{}
	for i, s := range c.Nodes {
		pids[fmt.Sprintf("node %d", i+1)] = s.Pid()
	}
	for _, s := range c.NATS.Servers {
		pids["NATS "+s.Name] = s.Pid()
	}
	url := "http://" + inTurn(t, []string{c.Nodes[0].Addr(), c.Nodes[1].Addr()})
	post := func(seconds int) {
		t.Helper()
		out, code := rig.Run(t, "bench", "-json", "-ttl", "1h", "-conns", "200", "-rooms", "100", "-rate", "1000/1s",
			"-duration", fmt.Sprintf("%ds", seconds), url)
		if code != 0 {
			t.Fatalf("mayfly bench: exit code %d\n%s", code, out)
		}
	}
	post(2) // so that what the connections need is there already
	before := map[string]int64{}
	for name, pid := range pids {
		before[name] = resident(t, pid)
	}
	const seconds = 60
	post(seconds)
	for _, name := range slices.Sorted(maps.Keys(pids)) {
		grown := resident(t, pids[name]) - before[name]
		t.Logf("%s: from %d MiB by %d MiB, %d bytes a message", name, before[name]>>20, grown>>20, grown/(seconds*1000))
	}
}

// resident returns how many bytes of memory a process has (RSS).
func resident(t *testing.T, pid int) int64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatalf("the memory of a process, which only Linux tells so: %v", err)
	}
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	var kib int64
	if _, err := fmt.Sscan(rest, &kib); err != nil {
		t.Fatal(err)
	}
	return kib << 10
}

// nodesRow returns the row of n nodes in the table, with the median of each figure.
func nodesRow(load string, n int, rounds []round) string {
	of := func(figure func(r round) float64) float64 {
		all := make([]float64, len(rounds))
		for i, r := range rounds {
			all[i] = figure(r)
		}
		slices.Sort(all)
		return all[len(all)/2]
	}
	each := func(spent func(r round) time.Duration) float64 {
		return of(func(r round) float64 { return float64(spent(r).Microseconds()) / float64(r.Deliveries.Came) })
	}
	name := fmt.Sprint(n)
	if n == 0 {
		name = "1, its stream inside"
	}
	return fmt.Sprintf("| %s | %s | %s | %.1f ms | %.1f ms | %.1f ms | %.1f µs a delivery | %.1f µs a delivery |\n", load,
		name,
		thousands(of(func(r round) float64 { return r.Deliveries.PerSecond })),
		of(func(r round) float64 { return r.Deliveries.Latency.Median }),
		of(func(r round) float64 { return r.Deliveries.Latency.P95 }),
		of(func(r round) float64 { return r.Deliveries.Latency.P99 }),
		each(func(r round) time.Duration { return r.nodes }), each(func(r round) time.Duration { return r.nats }))
}

// inTurn starts a proxy for TCP that forwards each connection to the next of addrs, and returns its address. The system
// copies the bytes (splice), so that the proxy takes little time. It ends with the test.
func inTurn(t *testing.T, addrs []string) (addr string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var next atomic.Uint64
	var running sync.WaitGroup
	running.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", addrs[next.Add(1)%uint64(len(addrs))])
			if err != nil {
				client.Close()
				continue
			}
			for _, to := range [][2]net.Conn{{client, server}, {server, client}} {
				running.Go(func() {
					_, _ = io.Copy(to[0], to[1]) // ends when one of the two has ended
					client.Close()
					server.Close()
				})
			}
		}
	})
	t.Cleanup(func() {
		listener.Close()
		running.Wait()
	})
	return listener.Addr().String()
}
