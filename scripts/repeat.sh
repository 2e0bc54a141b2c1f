#!/usr/bin/env bash
# Runs `make test` again and again, first alone, then with busy loops beside it, to show that the tests pass every time.
#
#	scripts/repeat.sh             ten times alone, then five times beside four busy loops
#	scripts/repeat.sh 3 0         three times alone
#	scripts/repeat.sh 0 5 8       five times beside eight busy loops
#
# Each run has a line with its result and its seconds. The output of a run that failed is kept; the exit code is then 1.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

alone=${1:-10} beside=${2:-5} loops=${3:-4}
dir=$(mktemp -d "${TMPDIR:-/tmp}/mayfly-repeat-XXXXXX")
failed=0
busy=()

stop_loops() {
	[ ${#busy[@]} = 0 ] || kill "${busy[@]}" 2>/dev/null
	busy=()
}
trap stop_loops EXIT
trap 'exit 130' INT TERM

# run N KIND runs the tests once, as run N of that kind, which names its log.
run() {
	local log="$dir/$2-$1.log" start=$SECONDS
	if make --no-print-directory test >"$log" 2>&1 </dev/null; then
		echo "$2 $1: passed in $((SECONDS - start)) s"
		rm "$log"
	else
		echo "$2 $1: FAILED after $((SECONDS - start)) s: $log"
		grep -E '^ *--- FAIL|^FAIL' "$log"
		failed=$((failed + 1))
	fi
}

for ((n = 1; n <= alone; n++)); do
	run "$n" alone
done
if [ "$beside" -gt 0 ]; then
	for ((n = 0; n < loops; n++)); do
		while :; do :; done &
		busy+=($!)
	done
	for ((n = 1; n <= beside; n++)); do
		run "$n" "beside-$loops-loops"
	done
fi
echo "$((alone + beside)) runs, $failed failed"
[ "$failed" = 0 ]
