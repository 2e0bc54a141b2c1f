package servertest

import (
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// Gather returns every metric by name, with its label's value behind a space. Of a histogram it returns how much was
// counted.
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
			// All but one of them are nil, which has 0.
			all[series] = m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	return all
}

// Metric returns the value of one metric, which must be there; label is the value of its label, if it has one.
func Metric(t testing.TB, metrics prometheus.Gatherer, name, label string) float64 {
	t.Helper()
	value, ok := Gather(t, metrics)[strings.TrimSpace(name+" "+label)]
	if !ok {
		t.Fatalf("there is no %s %s", name, label)
	}
	return value
}
