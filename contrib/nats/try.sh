#!/bin/sh
# Starts three NATS servers and two nodes of Mayfly on this machine, for trying out many nodes. Ctrl+C ends all of them.
# Run it in the repository, when `go generate ./...` has built the web client:
#
#	contrib/nats/try.sh
#
# The nodes are at http://localhost:8081 and http://localhost:8082. Kill one of the processes that it lists, and see what happens.
set -eu
folder=$(mktemp -d)
pids=
finish() {
	# shellcheck disable=SC2086 # the ids are several words
	kill $pids 2>/dev/null || true
	wait
	rm -rf "$folder"
}
trap finish EXIT
trap 'exit 0' INT TERM

go build -o "$folder/nats-server" github.com/nats-io/nats-server/v2
go build -o "$folder/mayfly" ./cmd/mayfly
routes=nats-route://127.0.0.1:6221,nats-route://127.0.0.1:6222,nats-route://127.0.0.1:6223
for i in 1 2 3; do
	"$folder/nats-server" -n "n$i" -a 127.0.0.1 -p "422$i" -js -sd "$folder/n$i" -l "$folder/n$i.log" \
		-cluster_name try -cluster "nats-route://127.0.0.1:622$i" -routes "$routes" &
	pids="$pids $!"
	echo "NATS server n$i is process $!"
done
for i in 1 2; do
	"$folder/mayfly" serve -listen "127.0.0.1:808$i" \
		-nats nats://127.0.0.1:4221,nats://127.0.0.1:4222,nats://127.0.0.1:4223 &
	pids="$pids $!"
	echo "node $i is process $!"
done
wait
