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
have_browser() { have chromium || have chromium-browser || have google-chrome; }
can_install() { have apt-get && { [ "$(id -u)" -eq 0 ] || sudo -n true 2>/dev/null; }; }
# Where no list of packages was fetched yet, it may be.
is_offered() { apt-cache show "$1" >/dev/null 2>&1 || ! compgen -G "${APT_LISTS:-/var/lib/apt/lists}/*_Packages*" >/dev/null; }
# Reads to the end: with -q grep would leave early, and pipefail take the writer's broken pipe for a missing language.
has_language() { tesseract --list-langs 2>/dev/null | grep -x "$1" >/dev/null; }
refuse() {
  echo "$1" >&2
  exit 2
}

have "$python" || refuse "there is no $python: install Python 3.11 or newer (apt-get install python3 python3-venv), or name one with PYTHON=..."
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
  refuse "edms needs Python 3.11 or newer; $python is older (name another with PYTHON=...)"
"$python" -c 'import ensurepip, venv' 2>/dev/null || missing+=("python3-venv")
if [ "$purpose" != lint ]; then
  { have tesseract && has_language ind && has_language eng; } || missing+=($ocr)
fi
if [ "$purpose" = test ]; then
  have pdfsig || missing+=(poppler-utils)
  have openssl || missing+=(openssl)
  have javac || missing+=(default-jdk-headless)
  [ -e /usr/share/java/bcpkix.jar ] || missing+=(libbcpkix-java)
  have softhsm2-util || missing+=(softhsm2)
  have clamd || missing+=(clamav-daemon)
  have catdoc || missing+=(catdoc)
  have dovecot || [ -x /usr/sbin/dovecot ] || missing+=(dovecot-imapd)
  [ -x /usr/sbin/slapd ] || have slapd || missing+=(slapd)
  have swaks || missing+=(swaks)
  # Chromium without a window takes a quarter of the time; Debian has it, and where it is not to be had, any will do.
  if ! have chromium-headless-shell; then
    if can_install && is_offered chromium-headless-shell; then
      missing+=(chromium-headless-shell)
    else
      have_browser || missing+=(chromium)
    fi
  fi
fi

if [ ${#missing[@]} -gt 0 ]; then
  as_root=()
  if [ "$(id -u)" -ne 0 ]; then as_root=(sudo -n); fi
  if can_install; then
    echo "installing: ${missing[*]}"
    "${as_root[@]}" apt-get update -qq || true
    install() { "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$@" >/dev/null 2>&1; }
    # Where one of them is not known, none is installed; then each goes by itself.
    absent=()
    install "${missing[@]}" || for package in "${missing[@]}"; do
      install "$package" || { [ "$package" = chromium-headless-shell ] && { have_browser || install chromium; }; } ||
        absent+=("$package")
    done
    [ ${#absent[@]} -eq 0 ] || echo "could not be installed: ${absent[*]}; going on without" >&2
  else
    without="scans are not recognised"
    [ "$purpose" = run ] || without="some tests do not run"
    echo "missing system packages: ${missing[*]} (as root: apt-get install ${missing[*]}); going on without, so $without" >&2
  fi
fi
"$python" -c 'import ensurepip, venv' 2>/dev/null ||
  refuse "python3-venv is missing and could not be installed; as root: apt-get install python3-venv"

lock=requirements.lock
[ "$purpose" = run ] || lock=requirements-dev.lock
stamp=$(cat requirements.lock requirements-dev.lock pyproject.toml tools/js/package-lock.json tools/judges/requirements.lock | sha256sum | cut -c1-64)
# What has been made ready serves what needs no more of it: everything is there for tests, and only the libraries for lint.
made_for=$(cat .venv/.prepared 2>/dev/null || true)
if .venv/bin/python -c '' 2>/dev/null; then # else the environment was copied, or its Python has gone: it is made anew
  case "$made_for for $purpose" in
    "$stamp test for "* | "$stamp lint for lint" | "$stamp lint for run" | "$stamp run for run") exit 0 ;;
  esac
fi

echo "preparing .venv from $lock; the first time takes minutes"
# 464 MB with all it needs: named, and left to who runs the archive.
if [ "$purpose" != lint ] && ! have soffice; then
  echo "optional: without LibreOffice office documents have no PDF/A copy (as root: apt-get install --no-install-recommends libreoffice-writer-nogui libreoffice-calc-nogui libreoffice-impress-nogui)"
fi
.venv/bin/python -m pip --version >/dev/null 2>&1 || "$python" -m venv --clear .venv
# The validators of exchange packages hold libraries at old versions, so they have an environment of their own. The lock
# file names each with all it needs, so nothing is resolved. Where they cannot be had their tests say so.
if [ "$purpose" = test ]; then
  { [ -x .venv/judges/bin/python ] || "$python" -m venv .venv/judges; } &&
    .venv/judges/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r tools/judges/requirements.lock ||
    echo "eark-validator and bagit could not be fetched; some tests do not run" >&2
fi
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r "$lock"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index -e .
# The tus client that a test sends with and the sign-in provider that tests sign in by, as they are released, by their
# digests in the lock file. Where there is no npm these tests say so and are skipped.
if [ "$purpose" = test ] && have npm; then
  mkdir -p .venv/js
  cp tools/js/package.json tools/js/package-lock.json .venv/js/
  npm ci --silent --no-audit --no-fund --ignore-scripts --prefix .venv/js ||
    echo "tus-js-client and oidc-provider could not be fetched; some tests do not run" >&2
fi
echo "$stamp $purpose" >.venv/.prepared
