#!/usr/bin/env bash
# Pin every dependency with its hashes, for Python 3.11 and newer on Linux. Needs the network; users never need this.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet uv
common=(--universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links --quiet)
printf 'hatchling\neditables\n' >"$work/build.in"
"$work/venv/bin/uv" pip compile "${common[@]}" pyproject.toml "$work/build.in" -o requirements.lock
"$work/venv/bin/uv" pip compile "${common[@]}" --group dev pyproject.toml "$work/build.in" -c requirements.lock -o requirements-dev.lock
