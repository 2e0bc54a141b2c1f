// Command release builds the archives of a release into the folder dist: one for each system, with the binary and what
// operators need, and SHA256SUMS. make release runs it, after it has built the web client.
//
// The same commit gives the same bytes, on every machine and in every folder: the Go release is the one that go.mod names,
// the binaries have no paths in them (-trimpath), and the archives have the files in a fixed order, with the commit's time
// and no user. scripts/reproducible.sh shows it. The checkout must be clean, because the binaries name the commit.
package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"mayfly/shared/wire"
)

// targets are the systems that a release is for.
var targets = []struct{ system, arch string }{
	{"darwin", "amd64"}, {"darwin", "arm64"}, {"linux", "amd64"}, {"linux", "arm64"},
	{"windows", "amd64"}, {"windows", "arm64"},
}

// into is the folder for the archives. alongside has the files and folders that an archive has beside the binary.
const into = "dist"

var alongside = []string{"CHANGELOG.md", "LICENSE", "README.md", "contrib", "docs"}

func main() {
	if err := release(); err != nil {
		fmt.Fprintln(os.Stderr, "release: "+err.Error())
		os.Exit(1)
	}
}

func release() error {
	version, at, err := commit()
	if err != nil {
		return err
	}
	shared, err := files()
	if err != nil {
		return err
	}
	if err := errors.Join(os.RemoveAll(into), os.Mkdir(into, 0o755)); err != nil {
		return err
	}
	var sums bytes.Buffer
	for _, target := range targets {
		name := fmt.Sprintf("mayfly_%s_%s_%s", version, target.system, target.arch)
		program, err := build(version, target.system, target.arch)
		if err != nil {
			return err
		}
		pack, archive := packTar, name+".tar.gz"
		if target.system == "windows" {
			pack, archive = packZip, name+".zip"
			program.name += ".exe"
		}
		packed, err := pack(name, append([]file{program}, shared...), at)
		if err != nil {
			return err
		}
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(packed), archive)
		if err := os.WriteFile(filepath.Join(into, archive), packed, 0o644); err != nil {
			return err
		}
		fmt.Printf("%s %.1f MB\n", archive, float64(len(packed))/1e6)
	}
	return os.WriteFile(filepath.Join(into, "SHA256SUMS"), sums.Bytes(), 0o644)
}

// commit returns the version and the time of the commit that is checked out. The version of a commit with a tag is the
// tag's, which must be wire.Version; the version of another commit names the commit.
func commit() (version string, at time.Time, err error) {
	changed, err := git("status", "--porcelain")
	if err != nil {
		return "", at, err
	}
	if changed != "" {
		return "", at, fmt.Errorf("the checkout differs from its commit: commit or remove these first:\n%s", changed)
	}
	seconds, err := git("log", "-1", "--format=%ct")
	if err != nil {
		return "", at, err
	}
	unix, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return "", at, err
	}
	at = time.Unix(unix, 0).UTC()
	if tag, err := git("describe", "--exact-match", "--tags", "--match", "v[0-9]*"); err == nil {
		if tag != "v"+wire.Version {
			return "", at, fmt.Errorf("the tag is %s and Version in shared/wire is %s: want the same", tag, wire.Version)
		}
		return wire.Version, at, nil
	}
	short, err := git("rev-parse", "--short=12", "HEAD")
	return wire.Version + "-dev." + short, at, err
}

func git(args ...string) (string, error) {
	out, err := exec.Command("git", args...).Output()
	if err != nil {
		return "", fmt.Errorf("git %s: %w", strings.Join(args, " "), err)
	}
	return strings.TrimSpace(string(out)), nil
}

// file is a file of an archive.
type file struct {
	name    string
	mode    fs.FileMode
	content []byte
}

// files returns the files that all archives have, in a fixed order: those that git knows below the paths in alongside.
func files() ([]file, error) {
	list, err := git(append([]string{"ls-files", "--"}, alongside...)...)
	if err != nil {
		return nil, err
	}
	var all []file
	for _, name := range slices.Sorted(strings.SplitSeq(list, "\n")) {
		info, err := os.Stat(name)
		if err != nil {
			return nil, err
		}
		content, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		mode := fs.FileMode(0o644)
		if info.Mode()&0o100 != 0 {
			mode = 0o755
		}
		all = append(all, file{name, mode, content})
	}
	return all, nil
}

// build returns the program for a system.
func build(version, system, arch string) (file, error) {
	out := filepath.Join(into, "mayfly")
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=true", "-ldflags=-s -w -buildid= -X main.stamped="+version,
		"-o", out, "./cmd/mayfly")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+system, "GOARCH="+arch, "GOAMD64=v1", "GOARM64=v8.0",
		"GOEXPERIMENT=", "GOFLAGS=-mod=readonly")
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return file{}, fmt.Errorf("build for %s/%s: %w", system, arch, err)
	}
	content, err := os.ReadFile(out)
	return file{"mayfly", 0o755, content}, errors.Join(err, os.Remove(out))
}

// packTar returns a compressed tar archive of files, which are in a folder of this name. at is the time of each file.
func packTar(folder string, files []file, at time.Time) ([]byte, error) {
	var out bytes.Buffer
	gz, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	archive := tar.NewWriter(gz)
	for _, f := range files {
		header := &tar.Header{Name: path.Join(folder, f.name), Mode: int64(f.mode), Size: int64(len(f.content)), ModTime: at,
			Format: tar.FormatUSTAR}
		if err := archive.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := archive.Write(f.content); err != nil {
			return nil, err
		}
	}
	err = errors.Join(archive.Close(), gz.Close())
	return out.Bytes(), err
}

// packZip returns a zip archive of files, which are in a folder of this name. at is the time of each file.
func packZip(folder string, files []file, at time.Time) ([]byte, error) {
	var out bytes.Buffer
	archive := zip.NewWriter(&out)
	for _, f := range files {
		header := &zip.FileHeader{Name: path.Join(folder, f.name), Method: zip.Deflate, Modified: at}
		header.SetMode(f.mode)
		w, err := archive.CreateHeader(header)
		if err != nil {
			return nil, err
		}
		if _, err := io.Copy(w, bytes.NewReader(f.content)); err != nil {
			return nil, err
		}
	}
	err := archive.Close()
	return out.Bytes(), err
}
