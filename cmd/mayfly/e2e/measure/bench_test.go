package measure_test

import (
	"bufio"
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"mayfly/cmd/mayfly/bench"
	"mayfly/cmd/mayfly/e2e/rig"
)

var (
	benchTo     = flag.String("table", "", "the page, relative to the repository, into which TestBench writes its table; none: it only prints it")
	benchRounds = flag.Int("turns", 3, "how often TestBench measures each server with each load")
)

// benchLoads are the loads of the table, from light to heavy.
var benchLoads = []struct{ name, flags string }{
	{"100 connections in 1 room, 20 messages a second", "-conns 100 -rooms 1 -rate 20/1s"},
	{"1,000 connections in 1 room, 20 messages a second", "-conns 1000 -rooms 1 -rate 20/1s"},
	{"1,000 connections in 100 rooms, 500 messages a second", "-conns 1000 -rooms 100 -rate 500/1s"},
}

// The marks in docs/benchmarks.md between which make bench writes the table.
const (
	benchBegin = "<!-- make bench writes the table from here -->\n"
	benchEnd   = "<!-- to here -->\n"
)

// TestBench runs mayfly bench against the built server, and against the floor (bare writes), by turns. It prints a table with
// the medians of all turns, and fails if a message was lost or doubled.
func TestBench(t *testing.T) {
	floor := filepath.Join(t.TempDir(), "floor")
	if out, err := exec.Command("go", "build", "-o", floor, "mayfly/cmd/mayfly/e2e/measure/floor").CombinedOutput(); err != nil {
		t.Fatalf("build the floor: %v\n%s", err, out)
	}
	table := circumstances() + "\n\n| load | server | deliveries a second | median | 95 % | 99 % | worst | processor of the server | generator |\n" +
		"|---|---|---|---|---|---|---|---|---|\n"
	for _, load := range benchLoads {
		var floors, mayflies []bench.Result
		for range *benchRounds {
			t.Run("floor", func(t *testing.T) { floors = append(floors, benchFloor(t, floor, load.flags)) })
			t.Run("mayfly", func(t *testing.T) { mayflies = append(mayflies, benchMayfly(t, load.flags)) })
		}
		if t.Failed() {
			t.FailNow()
		}
		table += benchRow(load.name, "floor", floors) + benchRow("", "Mayfly", mayflies)
	}
	t.Logf("medians of %d runs each, by turns:\n%s", *benchRounds, table)
	if *benchTo == "" {
		return
	}
	path := filepath.Join(root, *benchTo)
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, begins := strings.Cut(string(page), benchBegin)
	_, after, ends := strings.Cut(rest, benchEnd)
	if !begins || !ends {
		t.Fatalf("%s lacks the lines %q and %q, between which the table goes", *benchTo, benchBegin, benchEnd)
	}
	if err := os.WriteFile(path, []byte(before+benchBegin+table+benchEnd+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

// circumstances says when and where the table was measured.
func circumstances() string {
	said := fmt.Sprintf("%s, %s, %d processors", time.Now().Format("2 January 2006"), runtime.Version(), runtime.NumCPU())
	if average, err := os.ReadFile("/proc/loadavg"); err == nil {
		minute, _, _ := strings.Cut(string(average), " ")
		said += "; load before the first run: " + minute
	}
	return said + "."
}

// benchMayfly measures a new Mayfly, whose limits are out of the way, with a load.
func benchMayfly(t *testing.T, flags string) bench.Result {
	t.Helper()
	server := rig.Serve(t, "-rate", "1000000/1s", "-conns", "100000", "-conns-per-ip", "100000", "-room-messages", "1000000",
		"-room-bytes", "1GiB", "-stream-bytes", "1GiB")
	return benchServer(t, "http://"+server.Addr(), server.Pid(), flags)
}

// benchFloor measures a new floor with a load.
func benchFloor(t *testing.T, program, flags string) bench.Result {
	t.Helper()
	addr := rig.FreeAddr(t)
	cmd := exec.Command(program, addr)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Kill() // fails if it has ended
		_ = cmd.Wait()
	}()
	if _, err := bufio.NewReader(stdout).ReadString('\n'); err != nil {
		t.Fatalf("the floor does not start: %v", err)
	}
	return benchServer(t, "http://"+addr, cmd.Process.Pid, flags)
}

// benchServer runs mayfly bench. The messages live for a minute, so that none expires when the machine stands still for a while.
func benchServer(t *testing.T, url string, pid int, flags string) (r bench.Result) {
	t.Helper()
	args := append([]string{"bench", "-json", "-ttl", "1m", url}, strings.Fields(flags)...)
	if bench.HasTimeOf(pid) {
		args = append(args, "-pid", strconv.Itoa(pid))
	}
	out, code := rig.Run(t, args...)
	if err := json.NewDecoder(strings.NewReader(out)).Decode(&r); err != nil || code != 0 {
		t.Fatalf("mayfly bench: exit code %d, %v\n%s", code, err, out)
	}
	return r
}

// benchRow returns the row of a server in the table, with the median of each figure.
func benchRow(load, name string, results []bench.Result) string {
	of := func(figure func(r bench.Result) float64) float64 {
		all := make([]float64, len(results))
		for i, r := range results {
			all[i] = figure(r)
		}
		slices.Sort(all)
		return all[len(all)/2]
	}
	ms := func(figure func(l bench.Times) float64) string {
		t := of(func(r bench.Result) float64 { return figure(r.Deliveries.Latency) })
		digits := 0
		switch {
		case t < 10:
			digits = 2
		case t < 100:
			digits = 1
		}
		return fmt.Sprintf("%.*f ms", digits, t)
	}
	processor := ""
	if results[0].Processor.ServerPerDelivery != nil {
		processor = fmt.Sprintf("%.2f µs a delivery", of(func(r bench.Result) float64 { return *cmp.Or(r.Processor.ServerPerDelivery, new(0.0)) }))
	}
	generator := ""
	if results[0].Processor.Generator != nil {
		generator = fmt.Sprintf("%.0f %%", of(func(r bench.Result) float64 { return 100 * *cmp.Or(r.Processor.Generator, new(0.0)) }))
	}
	return fmt.Sprintf("| %s | %s | %s | %s | %s | %s | %s | %s | %s |\n", load, name,
		thousands(of(func(r bench.Result) float64 { return r.Deliveries.PerSecond })),
		ms(func(l bench.Times) float64 { return l.Median }), ms(func(l bench.Times) float64 { return l.P95 }),
		ms(func(l bench.Times) float64 { return l.P99 }), ms(func(l bench.Times) float64 { return l.Worst }), processor, generator)
}

// thousands returns n, which is below a million, with a comma where the page has one.
func thousands(n float64) string {
	if n < 1000 {
		return fmt.Sprintf("%.0f", n)
	}
	whole := int(n + 0.5)
	return fmt.Sprintf("%d,%03d", whole/1000, whole%1000)
}
