"""Known weaknesses of the pinned dependencies, held against the lock files off line.

    python -m tools.advisories             what the stored advisories say of the lock files: no network (`make lint`)
    python -m tools.advisories --refresh   ask OSV for the advisories of every pinned package first (`make audit`)

`tools/advisories.json` holds, by package, the ids of all its advisories and the versions that they are about, also
those that are not pinned: so a pin that is set back is found without asking again. What ranges mean: the OSV schema
(https://ossf.github.io/osv-schema/). Exceptions stand in pyproject.toml, each with its reason. Ends with 1 when an
advisory without an exception is about a pin; that nothing is known is said together with how old the knowledge is.
"""

import argparse
import json
import re
import sys
import tomllib
import urllib.request
from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

ROOT = Path(__file__).resolve().parents[1]
LOCKS = ("requirements.lock", "requirements-dev.lock")
STORED = ROOT / "tools" / "advisories.json"
SERVICE = "https://api.osv.dev"
OLD_DAYS = 30
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", re.MULTILINE)
_MOST_BYTES = 64 * 1024 * 1024
_MOST_PAGES = 50

Advisory = dict[str, Any]


def pins(root: Path = ROOT) -> set[tuple[str, str]]:
    """Return name (canonical) and version of every package that a lock file pins."""
    found = [pin for lock in LOCKS for pin in _PIN.findall((root / lock).read_text("utf-8"))]
    return {(str(canonicalize_name(name)), version) for name, version in found}


def exceptions(root: Path = ROOT) -> dict[str, str]:
    """Return why an advisory does not concern us, by its id."""
    told = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    return dict(told["tool"]["edms"]["advisories"]["exceptions"])


def reduced(advisory: Advisory, name: str) -> Advisory | None:
    """Return what is needed of an OSV advisory to judge a version of `name`; None if withdrawn or not about it."""
    if "withdrawn" in advisory:
        return None
    mine = [one for one in advisory.get("affected", []) if _is_of(one.get("package", {}), name)]
    ranges = [span["events"] for one in mine for span in one.get("ranges", []) if span.get("type") == "ECOSYSTEM"]
    versions = sorted({version for one in mine for version in one.get("versions", [])})
    if not ranges and not versions:
        return None
    # Beside a range its versions are named one by one as well; they are needed only where there is none.
    aliases = sorted(advisory.get("aliases", []))
    return {"id": advisory["id"], "aliases": aliases, "ranges": ranges, "versions": [] if ranges else versions}


def _is_of(package: dict[str, str], name: str) -> bool:
    return package.get("ecosystem") == "PyPI" and canonicalize_name(package.get("name", "")) == name


def concerns(advisory: Advisory, version: str) -> bool:
    """Whether a reduced advisory is about `version`. One that cannot be read counts as concerned."""
    try:
        return version in advisory["versions"] or any(_within(events, version) for events in advisory["ranges"])
    except InvalidVersion:
        return True


def _within(events: list[dict[str, str]], version: str) -> bool:
    asked, inside = Version(version), False
    told = [(kind, Version("0.dev0" if at == "0" else at)) for event in events for kind, at in event.items()]
    for kind, at in sorted(told, key=lambda event: event[1]):
        if kind == "introduced" and asked >= at:
            inside = True
        elif (kind == "fixed" and asked >= at) or (kind == "last_affected" and asked > at):
            inside = False
    return inside


def known(stored: dict[str, Any], pinned: Iterable[tuple[str, str]]) -> list[tuple[str, str, Advisory]]:
    """Return name, version and advisory wherever a stored advisory is about a pin."""
    about = stored["packages"]
    return [
        (name, version, advisory)
        for name, version in sorted(pinned)
        for advisory in about.get(name, [])
        if concerns(advisory, version)
    ]


def fetched(names: Iterable[str], service: str = SERVICE) -> dict[str, Any]:
    """Ask OSV for every advisory of each package. Raises OSError when it cannot be reached or says no."""
    packages = {name: sorted(_advisories(name, service), key=lambda one: one["id"]) for name in sorted(names)}
    return {"asked": datetime.now(UTC).date().isoformat(), "packages": packages}


def _advisories(name: str, service: str) -> list[Advisory]:
    found: list[Advisory] = []
    page = ""
    for _ in range(_MOST_PAGES):
        question = {"package": {"ecosystem": "PyPI", "name": name}, **({"page_token": page} if page else {})}
        body, kind = json.dumps(question).encode(), {"Content-Type": "application/json"}
        asked = urllib.request.Request(f"{service}/v1/query", body, kind)  # noqa: S310 - our constant, or a test's
        with urllib.request.urlopen(asked, timeout=30) as answer:  # noqa: S310 # nosec B310 # as above
            told = json.loads(answer.read(_MOST_BYTES))
        found += [one for one in (reduced(each, name) for each in told.get("vulns", [])) if one is not None]
        page = told.get("next_page_token", "")
        if not page:
            return found
    raise OSError(f"the advisories of {name} do not end")


def report(stored: dict[str, Any], pinned: set[tuple[str, str]], excused: dict[str, str], today: date) -> list[str]:
    """Print what is known of the pins, and how old that is; return the ids that nobody has excused."""
    if not stored["asked"]:
        print(f"advisories: NEVER FETCHED, so nothing is known of {len(pinned)} pins; with a network: make audit")
        return []
    age = (today - date.fromisoformat(stored["asked"])).days
    unasked = sorted({name for name, _ in pinned} - stored["packages"].keys())
    print(f"advisories of {stored['asked']}, {age} days old{': OLD, run make audit' if age > OLD_DAYS else ''}")
    if unasked:
        print(f"  not asked about {len(unasked)} packages pinned since: {', '.join(unasked)}")
    open_ids = []
    found = known(stored, pinned)
    for name, version, advisory in found:
        reason = excused.get(advisory["id"])
        if reason is None:
            open_ids.append(advisory["id"])
        print(f"  {name} {version}: {advisory['id']} {' '.join(advisory['aliases'])} - {reason or 'NOT EXCUSED'}")
    idle = sorted(excused.keys() - {advisory["id"] for _, _, advisory in found})
    if idle:
        print(f"  exceptions that excuse nothing any more: {', '.join(idle)}")
    print(f"  {len(pinned)} pins, {len(found)} advisories about them, {len(found) - len(open_ids)} excused")
    return open_ids + idle


def main() -> int:
    """Run as described above; return the exit code."""
    parser = argparse.ArgumentParser(description="known weaknesses of the pinned dependencies")
    parser.add_argument("--refresh", action="store_true", help="ask OSV first; needs a network")
    pinned = pins()
    if parser.parse_args().refresh:
        try:
            answer = fetched({name for name, _ in pinned})
        except (OSError, ValueError) as error:
            print(f"the advisories could not be fetched, those that are stored stay: {error}", file=sys.stderr)
            return 2
        STORED.write_text(json.dumps(answer, indent=1, sort_keys=True) + "\n", "utf-8")
    stored = json.loads(STORED.read_text("utf-8"))
    return 1 if report(stored, pinned, exceptions(), datetime.now(UTC).date()) else 0


if __name__ == "__main__":
    sys.exit(main())
