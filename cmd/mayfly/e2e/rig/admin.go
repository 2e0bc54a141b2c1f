package rig

import (
	"bufio"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
)

// Get sends a GET request to url, and returns the status and the body of the answer.
func Get(t testing.TB, url string) (status int, body string) {
	t.Helper()
	client := http.Client{Timeout: Timeout, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

// Scrape returns every metric of the server whose flag -admin has the value admin. The key is the series as Prometheus
// writes it: name{label="value"}.
func Scrape(t testing.TB, admin string) map[string]float64 {
	t.Helper()
	status, body := Get(t, "http://"+admin+"/metrics")
	if status != http.StatusOK {
		t.Fatalf("/metrics = %d: %s", status, body)
	}
	all := map[string]float64{}
	for lines := bufio.NewScanner(strings.NewReader(body)); lines.Scan(); {
		series, value, ok := strings.Cut(lines.Text(), " ")
		if v, err := strconv.ParseFloat(value, 64); ok && err == nil && !strings.HasPrefix(series, "#") {
			all[series] = v
		}
	}
	return all
}
