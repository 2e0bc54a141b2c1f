#!/bin/sh
# Tries the configurations in this folder: starts Mayfly and each proxy that is installed on free ports of this machine, and sends
# 20 people with WebSockets through it by https, who must get every message. Then the page, a poll, and what Mayfly says about the
# proxy. A built binary is in $1, or bin/mayfly. On Debian, the proxies are: apt-get install nginx caddy haproxy apache2.
# Debian has no Traefik: put the program of its own releases into PATH.
#
#	contrib/proxies/try.sh
#
# It names what it could not try.
set -eu
cd "$(dirname "$0")/../.."
mayfly=$(realpath "${1:-bin/mayfly}")
folder=$(mktemp -d)
chmod 755 "$folder"
server=
proxy=
end() {
	[ -z "$1" ] || kill "$1" 2>/dev/null || true
	[ -z "$1" ] || wait "$1" 2>/dev/null || true
}
finish() {
	end "$proxy"
	end "$server"
	rm -rf "$folder"
}
trap finish EXIT

# A certificate for localhost, signed by an authority of its own.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=try \
	-keyout "$folder/ca.key" -out "$folder/ca.pem" 2>/dev/null
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost \
	-keyout "$folder/chat.key" -out "$folder/chat.csr" 2>/dev/null
printf 'subjectAltName=DNS:localhost\n' >"$folder/san"
openssl x509 -req -in "$folder/chat.csr" -CA "$folder/ca.pem" -CAkey "$folder/ca.key" -CAcreateserial -days 2 \
	-extfile "$folder/san" -out "$folder/chat.crt" 2>/dev/null
cat "$folder/chat.crt" "$folder/chat.key" >"$folder/chat.pem"
export SSL_CERT_FILE="$folder/ca.pem"
url=https://localhost:18443

# here NAME copies a configuration, with the ports and the certificate of this trial.
here() {
	sed -e "s|127.0.0.1:8080|127.0.0.1:18080|; s|/etc/ssl/chat.example.com|$folder/chat|; s|chat.example.com {|$url {\n    tls $folder/chat.pem $folder/chat.key|" \
		-e "s|chat.example.com|localhost|; s|listen 443|listen 127.0.0.1:18443|; s|bind :443|bind 127.0.0.1:18443|; s|\*:443|127.0.0.1:18443|" \
		"contrib/proxies/$1"
}

# wait_for URL waits until a server answers there.
wait_for() {
	for _ in $(seq 100); do
		if curl -s --cacert "$folder/ca.pem" -o /dev/null "$1"; then return; fi
		sleep 0.1
	done
	echo "nothing answers at $1" >&2
	cat "$folder/log" >&2
	exit 1
}

# try NAME COMMAND… starts a proxy that stays in the foreground, and sends people through it.
try() {
	name=$1
	shift
	"$mayfly" serve -listen 127.0.0.1:18080 -public-url $url -trusted-proxies 127.0.0.1 -admin 127.0.0.1:18090 >"$folder/log" 2>&1 &
	server=$!
	wait_for http://127.0.0.1:18080/healthz
	"$@" >>"$folder/log" 2>&1 &
	proxy=$!
	wait_for $url/healthz
	if ! result=$("$mayfly" bench -conns 20 -duration 3s $url 2>&1); then
		echo "$name: not every message came:" >&2
		echo "$result" >&2
		cat "$folder/log" >&2
		exit 1
	fi
	curl -s --cacert "$folder/ca.pem" $url/ | grep -q '<title>Mayfly</title>' || { echo "$name: no page" >&2; exit 1; }
	poll=$(curl -s -o /dev/null -w '%{http_code}' --cacert "$folder/ca.pem" -X POST -H 'Content-Type: application/json' -d '{}' $url/poll)
	[ "$poll" != 404 ] && [ "$poll" -lt 500 ] || { echo "$name: a poll is answered with $poll" >&2; exit 1; }
	if wrong=$(curl -s http://127.0.0.1:18090/metrics | grep '^mayfly_proxy_problems.* 1$'); then
		echo "$name: Mayfly says $wrong" >&2
		exit 1
	fi
	sockets=$(curl -s http://127.0.0.1:18090/metrics | sed -n 's/^mayfly_connections_total //p')
	[ "$sockets" -ge 20 ] || { echo "$name: $sockets WebSockets" >&2; exit 1; }
	end "$proxy"
	end "$server"
	proxy= server=
	echo "$name: 20 people get every message; $version"
}

# installed NAME PROGRAM reports whether a proxy can be tried.
installed() {
	command -v "$2" >/dev/null && return
	echo "$1: NOT TRIED, $2 is not installed"
	return 1
}

if installed nginx nginx; then
	version=$(nginx -v 2>&1)
	{
		echo "daemon off; pid $folder/nginx.pid; error_log stderr; events {}"
		[ "$(id -u)" != 0 ] || echo "user root;"
		echo "http { access_log off;"
		for kind in client_body proxy fastcgi uwsgi scgi; do echo "${kind}_temp_path $folder/$kind;"; done
		here nginx.conf
		echo "}"
	} >"$folder/nginx.conf"
	try nginx nginx -c "$folder/nginx.conf"
fi
if installed Caddy caddy; then
	version="Caddy $(caddy version)"
	{
		printf '{\n    admin off\n    auto_https disable_redirects\n}\n'
		here Caddyfile
	} >"$folder/Caddyfile"
	XDG_DATA_HOME=$folder XDG_CONFIG_HOME=$folder try Caddy caddy run --adapter caddyfile --config "$folder/Caddyfile"
fi
if installed HAProxy haproxy; then
	version=$(haproxy -v | head -n 1)
	here haproxy.cfg >"$folder/haproxy.cfg"
	try HAProxy haproxy -db -f "$folder/haproxy.cfg"
fi
if installed Apache apache2; then
	version=$(apache2 -v | head -n 1)
	modules=/usr/lib/apache2/modules
	{
		for module in mpm_event ssl socache_shmcb proxy proxy_http proxy_wstunnel authz_core headers; do
			[ ! -e $modules/mod_$module.so ] || echo "LoadModule ${module}_module $modules/mod_$module.so"
		done
		printf 'ServerName localhost\nPidFile %s\nListen 127.0.0.1:18443\nErrorLog /dev/stderr\nMutex file:%s\n' "$folder/apache.pid" "$folder"
		printf 'User nobody\nGroup nogroup\n'
		here apache.conf | sed "s|$folder/chat.pem|$folder/chat.crt|"
	} >"$folder/apache.conf"
	try Apache apache2 -X -f "$folder/apache.conf"
fi
if installed Traefik traefik; then
	version="Traefik $(traefik version | sed -n 's/^Version: *//p')"
	{
		here traefik.yml | sed 's|tls: { certResolver: acme }|tls: {}|'
		printf 'tls:\n  certificates:\n    - { certFile: "%s/chat.crt", keyFile: "%s/chat.key" }\n' "$folder" "$folder"
	} >"$folder/traefik.yml"
	try Traefik traefik --entryPoints.websecure.address=127.0.0.1:18443 --providers.file.filename="$folder/traefik.yml" \
		--global.checkNewVersion=false --global.sendAnonymousUsage=false
fi
