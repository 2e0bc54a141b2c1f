#!/usr/bin/env bash
# Prints the path of a Chromium for the end-to-end tests. If there is none, it installs one as root on Debian or Ubuntu, with
# fonts for text and emoji; elsewhere it says how to install it. CHROMIUM names a Chromium that is not in PATH. As root on
# Debian, and if CHROMIUM is not set, it also installs Chromium's headless shell. Most tests then use the shell, because it
# needs less of the processor.
set -euo pipefail

find_chromium() {
	for name in "${CHROMIUM:-}" chromium chromium-browser google-chrome google-chrome-stable; do
		if [ -n "$name" ] && command -v "$name"; then
			return
		fi
	done
	for app in "/Applications/Chromium.app/Contents/MacOS/Chromium" "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"; do
		if [ -x "$app" ]; then
			echo "$app"
			return
		fi
	done
	return 1
}

may_install=
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
	may_install=yes
	export DEBIAN_FRONTEND=noninteractive
fi
if [ -n "$may_install" ] && ! find_chromium >/dev/null; then
	{
		apt-get -q update
		apt-get -q install -y --no-install-recommends chromium fonts-noto-color-emoji fonts-dejavu-core
	} </dev/null >&2
fi
# The tests also work without the shell, which other systems may not have as a package. It must have the version of the
# installed Chromium: a newer shell would replace that Chromium.
if [ -n "$may_install" ] && [ -z "${CHROMIUM:-}" ] && ! command -v chromium-headless-shell >/dev/null &&
	! command -v chrome-headless-shell >/dev/null && apt-cache show chromium-headless-shell >/dev/null 2>&1; then
	version=$(dpkg-query -W -f '${Version}' chromium 2>/dev/null || true)
	apt-get -q install -y --no-install-recommends "chromium-headless-shell${version:+=$version}" </dev/null >&2 || true
fi
if find_chromium; then
	exit
fi
echo "The end-to-end tests need Chromium or Chrome. Install one (Debian: apt-get install chromium chromium-headless-shell" \
	"fonts-noto-color-emoji, macOS: brew install chromium), or set CHROMIUM to its path." >&2
exit 1
