#!/bin/sh
# Tries the last stage of the Containerfile as a chroot, without a container runtime: its files, its user, its variables, its
# command and its health check, on a root that this user cannot write to. Run it as root, with a static binary in $1, or
# bin/mayfly from `make build`:
#
#	contrib/container/try.sh
#
# What this cannot try: the stage that builds, and the network of a container.
set -eu
cd "$(dirname "$0")/../.."
binary=${1:-bin/mayfly}
file=contrib/container/Containerfile
root=$(mktemp -d)
pid=
finish() {
	[ -z "$pid" ] || kill "$pid" 2>/dev/null || true
	[ -z "$pid" ] || wait "$pid" 2>/dev/null || true
	rm -rf "$root" "$root.log"
}
trap finish EXIT
fail() {
	echo "$*" >&2
	[ ! -e "$root.log" ] || cat "$root.log" >&2
	exit 1
}

# What a line of the Containerfile has, such as USER.
last() { sed -n "s/^$1 //p" "$file" | tail -n 1; }
# The words of a line in the form of JSON, such as ["/mayfly", "health"].
words() { tr -d '[],"' | sed 's/^ *//'; }

mkdir -p "$root/etc/ssl/certs" "$root/data" "$root/dev/shm"
cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
cp "$binary" "$root/mayfly"
user=$(last USER)
chown -R root:root "$root"
chmod 755 "$root" "$root/mayfly"
chown "$user" "$root/data"
chmod 700 "$root/data"
chmod 1777 "$root/dev/shm" # every container has a small file system in memory there
# In a container the port is always free; here another one.
variables=$(last ENV | sed 's/:8080/127.0.0.1:18080/')
command="$(last ENTRYPOINT | words) $(last CMD | words)"
health="$(sed -n 's/^HEALTHCHECK.* CMD //p' "$file" | words) http://127.0.0.1:18080"

enter="env -i PATH=$PATH $variables chroot --userspec=$user $root"

# shellcheck disable=SC2086 # the commands are several words
$enter $command -public-url http://localhost:18080 -data /data >"$root.log" 2>&1 &
pid=$!
up=
for _ in $(seq 100); do
	# shellcheck disable=SC2086
	if $enter $health >/dev/null 2>&1; then up=yes; break; fi
	kill -0 "$pid" 2>/dev/null || fail "the server ended"
	sleep 0.2
done
[ -n "$up" ] || fail "the server is not healthy"
owner=$(stat -c %u "/proc/$pid")
[ "$owner" = "${user%%:*}" ] || fail "the server runs as user $owner"
written=$(find "$root" -path "$root/data" -prune -o -path "$root/dev/shm" -prune -o -newer "$root/mayfly" -type f -print)
[ -z "$written" ] || fail "the server wrote $written"
kill "$pid"
wait "$pid" || fail "the server did not stop in order"
pid=
# shellcheck disable=SC2086
if $enter $health >/dev/null 2>&1; then fail "a stopped server is healthy"; fi
echo "the container's files serve as user $user, write to /data alone, and stop in order"
