#!/bin/sh
# Lists the modules that are in the binary and in the web client, each with its licence, and fails if a licence is not one of those
# that may be combined with Mayfly's. It reads the licences from the modules' own files, which Go has downloaded.
#
#	scripts/licences.sh
set -eu
cd "$(dirname "$0")/.."
{
	go list -deps -f '{{with .Module}}{{.Path}} {{.Version}} {{.Dir}}{{end}}' ./cmd/mayfly
	GOOS=js GOARCH=wasm go list -deps -f '{{with .Module}}{{.Path}} {{.Version}} {{.Dir}}{{end}}' ./cmd/mayfly-web
} | sort -u | {
	failed=0
	while read -r module version folder; do
		[ "$module" != mayfly ] || continue
		file=$(find "$folder" -maxdepth 1 -iname 'licen[cs]e*' -o -maxdepth 1 -iname 'copying*' | sort | head -n 1)
		text=$(tr -s '[:space:]' ' ' <"${file:-/dev/null}")
		case $text in
		*"Apache License"*"Version 2.0"*) licence=Apache-2.0 ;;
		*"Permission is hereby granted, free of charge"*) licence=MIT ;;
		*"Permission to use, copy, modify, and"*"distribute this software"*) licence=ISC ;;
		*"Redistribution and use in source and binary forms"*"Neither the name"*) licence=BSD-3-Clause ;;
		*"Redistribution and use in source and binary forms"*) licence=BSD-2-Clause ;;
		*"This is free and unencumbered software released into the public domain"*) licence=Unlicense ;;
		*"Mozilla Public License"*) licence=MPL-2.0 ;;
		*)
			licence="UNKNOWN: look at ${file:-$folder, which has no licence}"
			failed=1
			;;
		esac
		printf '%-60s %-40s %s\n' "$module" "$version" "$licence"
	done
	exit $failed
}
