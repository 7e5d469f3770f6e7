#!/usr/bin/env bash
# Make a machine ready: system packages, virtual environment from the lock file. Safe and fast to repeat.
#   tools/prepare.sh run|test|lint
# System packages are installed when we are root or may use sudo without a password; else one line names them.
set -euo pipefail
cd "$(dirname "$0")/.."
purpose=${1:?run, test or lint}
python=${PYTHON:-python3}
ocr="tesseract-ocr tesseract-ocr-ind tesseract-ocr-eng"

missing=()
have() { command -v "$1" >/dev/null 2>&1; }
need_ocr() {
  have tesseract && tesseract --list-langs 2>/dev/null | grep -qx ind && tesseract --list-langs 2>/dev/null | grep -qx eng && return
  missing+=($ocr)
}
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "edms needs Python 3.11 or newer; $python is older (name another with PYTHON=...)" >&2; exit 2; }
"$python" -c 'import ensurepip, venv' 2>/dev/null || missing+=("python3-venv")
[ "$purpose" = lint ] || need_ocr
if [ "$purpose" = test ]; then
  have pdfsig || missing+=(poppler-utils)
  have openssl || missing+=(openssl)
  have chromium || have chromium-browser || have google-chrome || missing+=(chromium)
fi

if [ ${#missing[@]} -gt 0 ]; then
  as_root=()
  if [ "$(id -u)" -ne 0 ]; then as_root=(sudo -n); fi
  if have apt-get && { [ "$(id -u)" -eq 0 ] || sudo -n true 2>/dev/null; }; then
    echo "installing: ${missing[*]}"
    "${as_root[@]}" apt-get update -qq || true
    DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq "${missing[@]}" >/dev/null || echo "not all of these could be installed: ${missing[*]}" >&2
  else
    echo "missing system packages: ${missing[*]} (install them as root: apt-get install ${missing[*]}); going on without, so scans are not recognised and some tests do not run" >&2
  fi
fi
"$python" -c 'import ensurepip, venv' 2>/dev/null || { echo "python3-venv is missing and could not be installed: apt-get install python3-venv" >&2; exit 2; }

lock=requirements.lock
[ "$purpose" = run ] || lock=requirements-dev.lock
stamp=$(cat requirements.lock requirements-dev.lock pyproject.toml | sha256sum | cut -c1-64)
done_for=$(cat .venv/.prepared 2>/dev/null || true)
case "$done_for" in "$stamp dev") exit 0 ;; "$stamp run") [ "$purpose" = run ] && exit 0 ;; esac

echo "preparing .venv from $lock"
[ -x .venv/bin/python ] || "$python" -m venv .venv
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r "$lock"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index -e .
[ "$purpose" = run ] && echo "$stamp run" >.venv/.prepared || echo "$stamp dev" >.venv/.prepared
