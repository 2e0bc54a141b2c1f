package servertest

import (
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// Gather returns the value of every metric. The key is the name of the metric and then the values of its labels, with a
// space before each, such as "mayfly_refusals_total rate". The value of a histogram is the number of its observations.
func Gather(t testing.TB, metrics prometheus.Gatherer) map[string]float64 {
	t.Helper()
	families, err := metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			series := f.GetName()
			for _, l := range m.GetLabel() {
				series += " " + l.GetValue()
			}
			// A metric is a counter, a gauge or a histogram. Two of these three values are 0, because the metric is not
			// of their kind; so the sum is the value of the metric.
			all[series] = m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	return all
}

// Metric returns the value of the metric with that name. label is the value of the metric's label, or "" if the metric has
// no label. The test fails if the metric does not exist.
func Metric(t testing.TB, metrics prometheus.Gatherer, name, label string) float64 {
	t.Helper()
	value, ok := Gather(t, metrics)[strings.TrimSpace(name+" "+label)]
	if !ok {
		t.Fatalf("there is no %s %s", name, label)
	}
	return value
}
