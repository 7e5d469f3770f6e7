#!/usr/bin/env bash
# Attack a demo archive on loopback with public tools, as nobody, clerk, official and records officer: docs/attack-run.md.
#   tools/attack.sh OUTPUT_FOLDER [SECONDS_FOR_EACH_RUN]
# Needs sqlmap (Debian) and wapiti (Debian, or wapiti3 in the environment that WAPITI names). Contacts 127.0.0.1 only, is
# bounded in time, makes its own archive in OUTPUT_FOLDER and stops the server that it started.
set -euo pipefail
cd "$(dirname "$0")/.."
out=$(realpath -m "${1:?output folder}")
seconds=${2:-150}
wapiti=${WAPITI:-wapiti}
edms=(.venv/bin/edms --config "$out/config.toml")
for tool in "$wapiti" sqlmap curl timeout; do command -v "$tool" >/dev/null || { echo "there is no $tool" >&2; exit 2; }; done
[ ! -e "$out" ] || { echo "$out is there already" >&2; exit 2; }
mkdir -p "$out"
port=$(.venv/bin/python -c 'import socket; print(socket.create_server(("127.0.0.1", 0)).getsockname()[1])')
url="http://127.0.0.1:$port"
printf '[server]\nport = %s\npublic_lookups_per_minute = 10000\nsign_ins_per_minute = 10000\n' "$port" >"$out/config.toml"
"${edms[@]}" init --demo --samples --if-missing >"$out/init.log" 2>&1
"${edms[@]}" serve --workers 1 >"$out/server.log" 2>&1 &
server=$!
trap 'kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true' EXIT
for _ in $(seq 120); do curl -sf "$url/healthz" >/dev/null && break; sleep 0.5; done
curl -sf "$url/healthz" >/dev/null || { echo "the server does not answer" >&2; exit 1; }

token_of() { grep -o 'name="csrf-token" content="[^"]*"' | sed 's/.*content="//; s/"$//' | sed -n 1p; }

# Sign PERSON in and print the cookies of the session as one header value.
cookies_of() {
  local person=$1 jar="$out/$1.jar" password token
  password=$(awk -v person="$person" '$1 == person { print $2 }' "$out/init.log")  # a new one would have to be changed first
  token=$(curl -s -c "$jar" "$url/sign-in" | token_of)
  curl -s -o /dev/null -b "$jar" -c "$jar" --data-urlencode "csrf_token=$token" --data-urlencode "username=$person" \
    --data-urlencode "password=$password" "$url/sign-in"
  curl -s -b "$jar" -c "$jar" "$url/" | grep 'action="/sign-out"' >/dev/null || { echo "$person is not signed in" >&2; exit 1; }
  awk '($1 !~ /^#/ || $1 ~ /^#HttpOnly_/) && NF >= 7 { printf "%s%s=%s", (n++ ? "; " : ""), $6, $7 }' "$jar"
}

# Requests that two servers in a row could read differently: each must be refused, or answered once.
raw() {
  .venv/bin/python - "$port" <<'PYTHON'
import re, socket, sys
port = int(sys.argv[1])
head = b"POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\n"
hidden = b"GET /nope HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
cases = {
    "a length and chunks": head + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + hidden,
    "two lengths": head + b"Content-Length: 0\r\nContent-Length: 30\r\n\r\n" + hidden,
    "a length with a sign": head + b"Content-Length: +0\r\n\r\n" + hidden,
    "a space before the colon": head + b"Content-Length : 30\r\n\r\n" + hidden,
    "an unknown coding": head + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + hidden,
    "a folded header": head + b"X: a\r\n Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n" + hidden,
    "a size of a chunk that is no number": head + b"Transfer-Encoding: chunked\r\n\r\n0x5\r\nAAAAA\r\n0\r\n\r\n" + hidden,
    "the same as a form": head + b"Content-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n" + hidden,
    "a bare line feed in a name": head + b"X\nTransfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n" + hidden,
    "an underscore for a hyphen": head + b"Content_Length: 30\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" + hidden,
    "a header of 20,000 bytes": head + b"X: " + b"a" * 20000 + b"\r\n\r\n",
    "200 headers": head + b"".join(b"X%d: a\r\n" % n for n in range(200)) + b"\r\n",
    "a line of 9,000 bytes": b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "no version": b"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
}
for name, request in cases.items():
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(request)
        try:
            connection.shutdown(socket.SHUT_WR)
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
        except OSError:
            answer = b""
    print(f"   {name}: {[int(code) for code in re.findall(rb'HTTP/1.1 ([0-9]+)', answer)] or 'closed'}")
PYTHON
}

# What contacts servers elsewhere by itself (ssrf, xxe, log4shell, nikto, wapp, cms, htp, takeover) is left out.
modules=backup,crlf,csp,csrf,exec,file,htaccess,http_headers,ldap,methods,permanentxss,redirect,shellshock,sql,upload,xss
crawl() { # NAME COOKIES [PATH TO BEGIN WITH...]; its own folders, since two runs in one lock each other out
  local headers=() path
  [ -z "$2" ] || headers=(-H "Cookie: $2")
  for path in "${@:3}"; do headers+=(-s "$url$path"); done
  timeout --foreground $((seconds * 4)) "$wapiti" -u "$url/" --scope folder -m "$modules" "${headers[@]}" -x "$url/sign-out" \
    -x "$url/language" --max-scan-time "$seconds" --max-attack-time $((seconds / 6)) --max-links-per-page 20 --max-files-per-dir 15 --max-parameters 8 --flush-session --store-session "$out/session-$1" --store-config "$out/config-$1" --no-bugreport \
    --endpoint "$url/" -f json -o "$out/wapiti-$1.json" </dev/null >"$out/wapiti-$1.log" 2>&1 || echo "wapiti as $1 ended with $?"
}
inject() { # NAME COOKIES PATH [DATA]
  local name=$1 told=()
  [ -z "$2" ] || told+=(--cookie "$2")
  [ -n "${4:-}" ] || told+=(--threads 2)
  [ -z "${4:-}" ] || told+=(--data "$4" --csrf-token csrf_token --csrf-url "$url/sign-in")
  timeout --foreground "$seconds" sqlmap -u "$url$3" "${told[@]}" --batch --level 1 --risk 2 --disable-coloring --timeout 10 --retries 1 \
    --skip-waf --flush-session --ignore-code 400,401,404,429 --output-dir "$out/sqlmap" </dev/null >"$out/sqlmap-$name.log" 2>&1 || echo "sqlmap $name ended with $?"
}

clerk=$(cookies_of clerk-dinkes)
official=$(cookies_of official-dinkes)
officer=$(cookies_of records)
# Procedures that are begun, each with its page of forms; by their ids the addresses that the crawl begins with.
id_in() { grep -oE '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}' | sed -n 1p; }
begun=(
  "/proceedings/$("${edms[@]}" transfer open --as records --title Pemindahan --office dinkes --to setda --json | id_in)"
  "/proceedings/$("${edms[@]}" review open --as records --title Penilaian --office dinkes --json | id_in)"
  "/disposals/$("${edms[@]}" disposal open --as records --tier LT10 --title Pemusnahan --json | id_in)"
  "/digitisations/$("${edms[@]}" digitisation open --as records --title Alih --place Kota --source Lemari --condition baik | id_in)"
)
started=$SECONDS
record=$(curl -s -H "Cookie: $clerk" "$url/search?q=imunisasi" | grep -oE '/records/[0-9a-f-]{36}' | sed -n 1p)
crawl nobody ""
crawl clerk "$clerk"
crawl official "$official"
crawl officer "$officer" "${begun[@]}" /rules "/rules/forecast?year=2031" /events/awaiting /retention/lists/destroy /holds
inject sign-in "" "/sign-in" "username=a&password=b&next=/"
inject public-page "" "/v/AAAAAAAAAAAAAAAA*?lang=en"
inject search "$clerk" "/search?q=imunisasi&class_code=400.7&office=1&year=2025&sort=newest&page=1&level=open"
inject search-official "$official" "/search?q=imunisasi&class_code=400.7&office=1&year=2025&sort=newest&page=1&level=open"
[ -z "$record" ] || inject pages "$clerk" "$record/pages/1?width=900"
inject progress "$clerk" "/capture/progress?records=1"
inject complete "$clerk" "/search/complete.json?q=lap"
inject json "$clerk" "/search.json?q=imunisasi&facets=1&sort=newest&cursor=a&limit=5&office=dinkes"
inject export "$clerk" "/search/list.csv?q=imunisasi&class_code=400.7&year=2025&level=open"
[ -z "$record" ] || inject page-hits "$clerk" "$record/read/1?q=imunisasi"
inject retention "$officer" "/retention?as_of=2030-01-01&office=dinkes&outcome=eligible&page=1"
inject lists "$officer" "/retention/lists/destroy?office=dinkes&as_of=2030-01-01&year=2025&by=class&class=400&after=a"
inject list-file "$officer" "/retention/lists/past_due/csv?office=dinkes&class=400&year=2025"
inject files "$officer" "/retention/files/contents/csv?office=dinkes&through=2026-01-01"
inject outlook "$officer" "/retention/outlook?office=dinkes"
inject awaiting "$officer" "/events/awaiting?type=CONTRACT_END&office=dinkes&page=1"
inject rules "$officer" "/rules/editions/jra-pekalongan-63-2024?under=400"
inject compare "$officer" "/rules/compare?one=jra-pekalongan-63-2024&two=jra-contoh&draft=a"
inject forecast "$officer" "/rules/forecast?year=2031&draft=1"
inject proceedings "$officer" "/proceedings?kind=transfer"
inject holds "$officer" "/holds?all=yes"

echo "== what became of odd requests"
raw
echo "== what sqlmap found"
grep -hE "is vulnerable|injectable \(|Type: |sqlmap identified" "$out"/sqlmap-*.log || echo "no parameter is injectable"
echo "== what wapiti found"
.venv/bin/python - "$out" <<'PYTHON'
import collections, json, pathlib, sys
for report in sorted(pathlib.Path(sys.argv[1]).glob("wapiti-*.json")):
    told = json.loads(report.read_text("utf-8"))
    print(report.stem, "pages:", told["infos"].get("crawled_pages_nbr"))
    for part in ("vulnerabilities", "anomalies"):
        for kind, found in told[part].items():
            places = collections.Counter((one["method"], one["path"], one["parameter"] or "", one["info"][:100]) for one in found)
            for place, count in sorted(places.items()):
                print("  ", part, kind, *place, f"x{count}")
PYTHON
echo "== errors in the server's log"
grep -cE "Traceback|ERROR" "$out/server.log" || true
grep -hE "Error|Traceback" "$out/server.log" | sort | uniq -c | sort -rn | head -20 || true
curl -sf "$url/healthz" >/dev/null && echo "the server is well after $((SECONDS - started)) seconds"
