#!/bin/sh
# Looks up known vulnerabilities in the code that is used: of the modules and the Go release that go.mod names. Fails if there
# is one. The database is the Go project's own, and comes from the module proxy as golang.org/x/vulndb. Its version is fixed
# here, so that the answer does not change without a change here. "latest" asks the newest one.
#
#	scripts/vuln.sh [VERSION]
set -eu
cd "$(dirname "$0")/.."
version=${1:-v0.0.0-20261105234957-e22db6528018}

answer=$(go mod download -json "golang.org/x/vulndb@$version") || {
	echo "$answer" >&2
	echo "scripts/vuln.sh: the database cannot be fetched: let this machine reach the module proxy (go env GOPROXY)" >&2
	exit 1
}
folder=$(echo "$answer" | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')

# Not a tool of go.mod, as staticcheck is: it would raise the versions of golang.org/x in the product.
bin=$(mktemp -d)
trap 'rm -rf "$bin"' EXIT
GOBIN=$bin go install golang.org/x/vuln/cmd/govulncheck@v1.9.0

# govulncheck judges the standard library of the go command that it finds, which may be another release than go.mod's.
GOTOOLCHAIN=$(sed -n 's/^toolchain //p' go.mod)
export GOTOOLCHAIN
echo "scripts/vuln.sh: $GOTOOLCHAIN, golang.org/x/vulndb ${folder##*@}"
"$bin/govulncheck" -db "file://$folder/data/osv" ./...
