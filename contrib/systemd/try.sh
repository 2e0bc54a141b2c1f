#!/bin/sh
# Checks the unit for systemd: that systemd understands every line, and how much the service is cut off from the machine. Then it
# starts Mayfly with the unit's own command, as a user without rights. A built binary is in $1, or bin/mayfly.
#
#	contrib/systemd/try.sh
#
# systemd itself need not run; its program systemd-analyze must be there. This script does not try DynamicUser and the
# filters: they need a systemd that runs, such as: systemd-nspawn -D ROOT --register=no --keep-unit --boot
set -eu
cd "$(dirname "$0")/../.."
binary=$(realpath "${1:-bin/mayfly}")
command -v systemd-analyze >/dev/null || { echo "systemd-analyze is missing: install systemd" >&2; exit 1; }
folder=$(mktemp -d)
pid=
finish() {
	[ -z "$pid" ] || kill "$pid" 2>/dev/null || true
	[ -z "$pid" ] || wait "$pid" 2>/dev/null || true
	rm -rf "$folder"
}
trap finish EXIT

# The unit names a binary that need not be installed here.
unit=$folder/mayfly.service
sed "s|/usr/local/bin/mayfly|$binary|" contrib/systemd/mayfly.service >"$unit"
warnings=$(systemd-analyze verify "$unit" 2>&1) || { echo "$warnings" >&2; exit 1; }
# Only lines about this unit count: a machine without systemd lacks others.
if echo "$warnings" | grep 'mayfly\.service' >&2; then exit 1; fi
echo "systemd understands every line"
# The exposure from 0 to 10, in tenths: the program fails above it.
systemd-analyze security --offline=true --threshold=20 --no-pager "$unit" | tail -n 1

# The command of the unit, with other folders and a free port, and only rights that everybody has.
mkdir -m 777 "$folder/state"
chmod 711 "$folder"
cp contrib/systemd/mayfly.yml "$folder/mayfly.yml"
cp "$binary" "$folder/mayfly"
chmod 755 "$folder/mayfly"
chmod 644 "$folder/mayfly.yml"
command=$(sed -n 's/^ExecStart=//p' "$unit" | sed "s|$binary|$folder/mayfly|; s|/etc/mayfly.yml|$folder/mayfly.yml|; s|%S|$folder/state|")
as=
[ "$(id -u)" != 0 ] || as="setpriv --reuid=65534 --regid=65534 --clear-groups --no-new-privs --bounding-set=-all"
# shellcheck disable=SC2086 # the commands are several words
$as $command -listen 127.0.0.1:18080 -admin 127.0.0.1:18090 >"$folder/log" 2>&1 &
pid=$!
for _ in $(seq 100); do
	if "$binary" health http://127.0.0.1:18080 >/dev/null 2>&1; then
		kill "$pid"
		wait "$pid" || { echo "Mayfly did not stop in order:" >&2; cat "$folder/log" >&2; exit 1; }
		pid=
		[ -d "$folder/state/mayfly/keys" ] || { echo "there are no messages on disk" >&2; exit 1; }
		echo "the unit's command serves, as a user without rights, and stops in order"
		exit 0
	fi
	kill -0 "$pid" 2>/dev/null || break
	sleep 0.2
done
cat "$folder/log" >&2
exit 1
