package bench

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"mayfly/shared/wire"
)

// load says what load a run with c makes.
func (c Config) load() string {
	rate := fmt.Sprintf("%s every %s", count(c.Posts, "message"), c.Per)
	if c.Per == time.Second {
		rate = count(c.Posts, "message") + " a second"
	}
	return fmt.Sprintf("Posting %s for %s. Ctrl+C ends it early.", rate, c.Duration)
}

// warning returns a sentence if connections would post more than the server's limit for one person, else "".
func (c Config) warning(limits wire.Limits) string {
	if limits.Posts < 1 || limits.PerMS < 1 {
		return ""
	}
	period := time.Duration(limits.PerMS) * time.Millisecond
	each := float64(c.Posts) * min(period, c.Duration).Seconds() / c.Per.Seconds() / float64(c.Conns)
	if each <= float64(limits.Posts) {
		return ""
	}
	return fmt.Sprintf("Each connection will post some %.0f messages in %s, and this server's -rate allows a person %d: "+
		"it will refuse the others.", each, min(period, c.Duration), limits.Posts)
}

// Print writes r for people.
func (r Result) Print(w io.Writer) error {
	var b strings.Builder
	table := tabwriter.NewWriter(&b, 0, 0, 3, ' ', 0)
	row := func(cells ...string) { fmt.Fprintln(table, strings.Join(cells, "\t")) }
	c, p, d := r.Connections, r.Posts, r.Deliveries
	opened := fmt.Sprintf("%s of %s, in %s", number(c.Opened), number(c.Wanted), count(c.Rooms, "room"))
	if c.Opened == c.Wanted {
		opened += ", all open after " + human(c.Took)
	}
	row("connections", opened)
	for _, e := range c.Ended {
		row("  ended early", fmt.Sprintf("%s %s: %s", number(e.Count), e.Code, e.Message))
	}
	row("posted", fmt.Sprintf("%s of %s, %s a second", number(p.Sent), number(p.Wanted), rounded(p.PerSecond)))
	row("  accepted", number(p.Accepted))
	for _, e := range p.Refused {
		row("  refused", fmt.Sprintf("%s %s: %s", number(e.Count), e.Code, e.Message))
	}
	if p.Unanswered > 0 {
		row("  unanswered", number(p.Unanswered))
	}
	row("delivered", fmt.Sprintf("%s of %s, %s a second", number(d.Came), number(d.Wanted), rounded(d.PerSecond)))
	row("  lost", number(d.Lost))
	row("  doubled", number(d.Doubled))
	if d.Missed > 0 {
		row("  missed", number(d.Missed)+", by connections that had ended")
	}
	if d.Misplaced > 0 {
		row("  misplaced", number(d.Misplaced)+", which came after later ones")
	}
	r.Processor.print(row)
	if err := table.Flush(); err != nil {
		return err
	}
	line := func(what, median, p95, p99, worst string) {
		fmt.Fprintf(&b, "%-22s%12s%12s%12s%12s\n", what, median, p95, p99, worst)
	}
	b.WriteByte('\n')
	line("", "median", "95 %", "99 %", "worst")
	c.Each.print(line, "to connect and join")
	d.Latency.print(line, "from post to delivery")
	for _, n := range r.Notes {
		b.WriteString("\n" + n + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (t Times) print(line func(what, median, p95, p99, worst string), what string) {
	if t == (Times{}) {
		line(what, "–", "–", "–", "–")
		return
	}
	line(what, human(t.Median), human(t.P95), human(t.P99), human(t.Worst))
}

func (p Processor) print(row func(...string)) {
	if p.Generator != nil {
		row("generator", fmt.Sprintf("%.0f %% of a processor", 100**p.Generator))
	}
	if p.Server != nil && p.ServerPerDelivery != nil {
		row("server", fmt.Sprintf("%.0f %% of a processor, %.2f µs a delivery", 100**p.Server, *p.ServerPerDelivery))
	}
}

// count returns n and the noun, in the singular or the plural, such as "1 room".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if stem, ok := strings.CutSuffix(noun, "y"); ok {
		noun = stem + "ie"
	}
	return number(n) + " " + noun + "s"
}

// number returns n with commas, such as 20,000.
func number(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// rounded returns a rate as text: with one decimal if it is below 100, otherwise as a whole number.
func rounded(perSecond float64) string {
	if perSecond < 100 {
		return strconv.FormatFloat(perSecond, 'f', 1, 64)
	}
	return number(int(perSecond + 0.5))
}

// human returns a time in milliseconds as text, with a unit and about three digits.
func human(ms float64) string {
	switch {
	case ms >= 1_000:
		return fmt.Sprintf("%.2f s", ms/1000)
	case ms >= 100:
		return fmt.Sprintf("%.0f ms", ms)
	case ms >= 10:
		return fmt.Sprintf("%.1f ms", ms)
	default:
		return fmt.Sprintf("%.2f ms", ms)
	}
}
