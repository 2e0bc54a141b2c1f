#!/bin/sh
# Shows that the same commit gives the same release twice: clones the checked-out commit into two folders, runs `make release` in
# each, without a shared cache of builds, and compares the bytes. It takes some minutes.
#
#	scripts/reproducible.sh
set -eu
cd "$(dirname "$0")/.."
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
for name in one a-much-longer-name-for-two; do
	git clone -q . "$folder/$name"
	GOCACHE="$folder/cache-$name" make -s -C "$folder/$name" release
done
cd "$folder"
cat one/dist/SHA256SUMS
cmp one/dist/SHA256SUMS a-much-longer-name-for-two/dist/SHA256SUMS
(cd a-much-longer-name-for-two/dist && sha256sum --quiet --check ../../one/dist/SHA256SUMS)
echo "both releases have the same bytes"
