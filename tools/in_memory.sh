#!/usr/bin/env bash
# Run a command whose temporary files are kept in memory, where the machine has 8 GiB to spare for them; else as usual.
#   tools/in_memory.sh COMMAND...
# Thousands of tests each make an archive durable, and would wait for the disk most of their time.
set -uo pipefail
place=/dev/shm
need=$((8 * 1024 * 1024))
room=$(df --output=avail "$place" 2>/dev/null | tail -1)
memory=$(awk '/^MemAvailable:/ {print $2}' /proc/meminfo 2>/dev/null)
if [ "${room:-0}" -lt "$need" ] || [ "${memory:-0}" -lt "$need" ] || [ ! -w "$place" ]; then exec "$@"; fi

TMPDIR=$(mktemp -d "$place/edms.XXXXXX")
export TMPDIR
chmod 711 "$TMPDIR" # as /tmp is: servers under test run as users of their own
trap 'rm -rf "$TMPDIR"' EXIT
"$@"
