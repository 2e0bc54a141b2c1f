package main

import (
	"runtime/debug"
	"testing"

	"mayfly/server/servertest"
	"mayfly/shared/wire"
)

func TestVersionSaysWhatIsKnownOfTheBuild(t *testing.T) {
	revision := debug.BuildSetting{Key: "vcs.revision", Value: "1f2e"}
	at := debug.BuildSetting{Key: "vcs.time", Value: "2026-11-28T12:00:00Z"}
	modified := debug.BuildSetting{Key: "vcs.modified", Value: "true"}
	clean := debug.BuildSetting{Key: "vcs.modified", Value: "false"}
	for _, tt := range []struct {
		name string
		info debug.BuildInfo
		want string
	}{
		{"a checkout", debug.BuildInfo{GoVersion: "go1.26.8", Settings: []debug.BuildSetting{revision, at, clean}},
			" (commit 1f2e, 2026-11-28T12:00:00Z, go1.26.8)"},
		{"a checkout with changes", debug.BuildInfo{GoVersion: "go1.26.8", Settings: []debug.BuildSetting{revision, at, modified}},
			" (commit 1f2e, modified, 2026-11-28T12:00:00Z, go1.26.8)"},
		{"no checkout", debug.BuildInfo{GoVersion: "go1.26.8"}, " (go1.26.8)"},
		{"nothing", debug.BuildInfo{}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := buildOf(&tt.info).String(); got != wire.Version+tt.want {
				t.Errorf("version = %q, want %q", got, wire.Version+tt.want)
			}
		})
	}
}

func TestBuildInfoIsAMetric(t *testing.T) {
	b := thisBuild()
	commit := b.commit
	if b.modified {
		commit += "-modified"
	}
	series := "mayfly_build_info " + commit + " " + b.goBy + " " + wire.Version
	if got := servertest.Gather(t, newMetrics()); got[series] != 1 {
		t.Errorf("%s = %v, want 1", series, got[series])
	}
}
