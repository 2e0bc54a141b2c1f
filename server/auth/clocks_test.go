package auth_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/server/auth"
	"mayfly/server/authtest"
)

// TestIssuerWhoseClockDiffers tells the operator, once, by how much the issuer's clock is ahead of the server's.
func TestIssuerWhoseClockDiffers(t *testing.T) {
	answers := 0 // of the issuer whose clock is set right
	for _, tt := range []struct {
		name   string
		header func() http.Header
		says   string // "": nothing
		warns  string
	}{
		{"ahead", func() http.Header { return http.Header{"Date": {in(9 * time.Minute)}} }, "issuer_ahead=9m0s",
			"9m0s ahead of"},
		{"behind", func() http.Header { return http.Header{"Date": {in(-10 * time.Minute)}} }, "issuer_ahead=-10m0s",
			"10m0s behind"},
		{"until it is set right", func() http.Header {
			answers++
			return http.Header{"Date": {in(9 * time.Minute / time.Duration(answers*answers*answers))}}
		}, "issuer_ahead=9m0s", ""},
		{"by what is tolerated", func() http.Header { return http.Header{"Date": {in(time.Minute)}} }, "", ""},
		{"right", func() http.Header { return http.Header{"Date": {in(0)}} }, "", ""},
		{"right, from a cache", func() http.Header { return http.Header{"Date": {in(-time.Hour)}, "Age": {"3600"}} }, "",
			""},
		{"no date", func() http.Header { return http.Header{} }, "", ""},
		{"no date, but nonsense", func() http.Header { return http.Header{"Date": {"today"}} }, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(_ *auth.Config, i *authtest.Issuer) {
				i.Says(pathKeys, func(w http.ResponseWriter, _ *http.Request) {
					for name, values := range tt.header() {
						w.Header()[name] = values
					}
					w.Header().Set("Cache-Control", "max-age=300")
					writeJSON(w, object{"keys": []object{jwk("k1", key1())}})
				})
			}, func(t *testing.T, r *rig) {
				time.Sleep(time.Hour) // several fetches happen meanwhile
				synctest.Wait()
				logs := r.logs.String()
				if n := strings.Count(logs, "clock"); n > 1 || (n == 1) != (tt.says != "") || !strings.Contains(logs, tt.says) {
					t.Errorf("the log says %q, want %q", logs, tt.says)
				}
				if warning := r.Warning(); !strings.Contains(warning, tt.warns) || (warning == "") != (tt.warns == "") {
					t.Errorf("the warning is %q, want %q", warning, tt.warns)
				}
			})
		})
	}
}

// in returns the value that the header Date has after d.
func in(d time.Duration) string { return time.Now().Add(d).UTC().Format(http.TimeFormat) }
