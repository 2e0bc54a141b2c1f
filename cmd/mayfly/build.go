package main

import (
	"cmp"
	"runtime/debug"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"mayfly/shared/wire"
)

// build says from what the binary was built.
type build struct {
	version  string // the version of Mayfly
	commit   string // "" if the binary was built outside a checkout
	modified bool   // whether the built files differed from the commit
	time     string // when the commit was made, in RFC 3339
	goBy     string // the version of Go
}

// stamped is the version of a release. The linker sets it (scripts/release); in other builds it is "".
var stamped string

// thisBuild returns the build of the running binary.
func thisBuild() build {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = &debug.BuildInfo{}
	}
	return buildOf(info)
}

// buildOf returns the build that info describes.
func buildOf(info *debug.BuildInfo) build {
	b := build{version: cmp.Or(stamped, wire.Version), goBy: info.GoVersion}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.commit = s.Value
		case "vcs.modified":
			b.modified = s.Value == "true"
		case "vcs.time":
			b.time = s.Value
		}
	}
	return b
}

// String returns the text that "mayfly version" prints behind the word mayfly: the version and, in parentheses, the known
// facts about the build.
func (b build) String() string {
	var known []string
	if b.commit != "" {
		commit := "commit " + b.commit
		if b.modified {
			commit += ", modified"
		}
		known = append(known, commit)
	}
	if b.time != "" {
		known = append(known, b.time)
	}
	if b.goBy != "" {
		known = append(known, b.goBy)
	}
	if len(known) == 0 {
		return b.version
	}
	return b.version + " (" + strings.Join(known, ", ") + ")"
}

// metric returns the metric mayfly_build_info. Its value is always 1; its labels contain the version, the commit and the
// version of Go.
func (b build) metric() prometheus.Collector {
	commit := b.commit
	if b.modified {
		commit += "-modified"
	}
	info := prometheus.NewGauge(prometheus.GaugeOpts{Name: "mayfly_build_info",
		Help:        "Always 1; the labels say from what this Mayfly was built.",
		ConstLabels: prometheus.Labels{"version": b.version, "commit": commit, "goversion": b.goBy}})
	info.Set(1)
	return info
}
