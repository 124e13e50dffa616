#!/bin/sh
# Shows an echo server answering TCP and UDP clients, in both styles. Usage: demo.sh PATH-OF-COIL
set -eu
coil=$1
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$work"' EXIT

say() { printf '\n== %s\n' "$*"; }

# Starts a server and waits for the line that tells where it listens.
start() {
  : > "$work/out"  # What the last one said must not be taken for this one's.
  "$coil" "$@" > "$work/out" 2> "$work/err" &
  server=$!
  tries=0
  until grep -q '^listening on ' "$work/out"; do
    tries=$((tries + 1))
    if [ "$tries" -gt 200 ] || ! kill -0 "$server" 2>/dev/null; then
      echo "the server did not start:"
      cat "$work/out" "$work/err"
      exit 1
    fi
    sleep 0.05
  done
  cat "$work/out"
  port=$(sed -n '1s/^listening on .*:\([0-9]*\) .*/\1/p' "$work/out")
}

# Ends it as a service manager would (a shell starts background programs deaf to Ctrl-C) and shows
# its summary.
stop() {
  kill -TERM "$server"
  status=0
  wait "$server" 2>/dev/null || status=$?
  if [ "$status" -ne 143 ]; then  # 128 + SIGTERM: it says what ended it.
    echo "the server ended with $status"
    exit 1
  fi
  server=
  sed -n '2,$p' "$work/out"
  cat "$work/err"
}

"$coil" reactors
for style in coroutine protocol; do
  say "TCP echo server, $style style"
  start echo --listen tcp:0:interface=127.0.0.1 --style "$style"
  "$coil" echo-client --connect "tcp:127.0.0.1:$port" --connections 20 --messages 50 --size 2000
  python3 - "$port" <<'PYTHON'
import socket, sys
with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as peer:
    peer.sendall(b"a foreign client says hello")
    peer.shutdown(socket.SHUT_WR)
    reply = b""
    while chunk := peer.recv(100):
        reply += chunk
print("a Python client got:", reply.decode())
assert reply == b"a foreign client says hello"
PYTHON
  stop
  say "UDP echo server, $style style"
  start udp-echo --listen udp:0:interface=127.0.0.1 --style "$style"
  "$coil" udp-ping --connect "udp:127.0.0.1:$port" --count 10 --size 1400
  "$coil" udp-ping --connect "udp:127.0.0.1:$port" --count 1 --size 65507
  stop
done
say "timers"
"$coil" timers
say "everything answered as it should"
