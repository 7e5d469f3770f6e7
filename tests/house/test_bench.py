"""`make bench` works, and its JSON has the keys that docs/performance.md promises. Never a timed assertion."""

import json
import math
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bench.__main__ import MODULES, main, table

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "performance.md"
DOCUMENT = {"began", "size", "machine", "versions", "noise", "results", "failed"}
FIGURE = {"what", "value", "unit"}
MAY_HAVE = {"against", "ratio", "target", "p95"}


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bench", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=900, check=False
    )


def test_list_names_every_benchmark() -> None:
    listed = bench("--list")
    assert listed.returncode == 0
    assert listed.stdout.split() == list(MODULES)
    others = {"__main__", "installation", "judged", "many_records", "material", "measuring", "search_reader", "visitor"}
    assert {path.stem for path in (ROOT / "bench").glob("*.py")} == {*MODULES, *others}


def test_unknown_names_are_refused() -> None:
    refused = bench("nonsense")
    assert refused.returncode == 2
    assert "there is no benchmark nonsense" in refused.stderr


@pytest.mark.parametrize(
    "arguments", [("vault_throughput",), (), ("--smoke", "search_engines"), ("--large", "search_engines")]
)
def test_sizes_are_for_the_benchmarks_that_take_them(arguments: tuple[str, ...]) -> None:
    refused = bench("--records", "100", *arguments)
    assert refused.returncode == 2
    assert "--records is for search_engines, search_latency, search_postgresql" in refused.stderr


@pytest.mark.parametrize("sizes", ["0", "100,-3", "many", ""])
def test_a_size_is_a_number_of_records(sizes: str) -> None:
    refused = bench("--records", sizes, "search_engines")
    assert refused.returncode == 2
    assert "--records" in refused.stderr


def test_sizes_that_are_given_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    import bench.__main__ as runner
    import bench.search_engines as engines

    asked: list[tuple[int, ...]] = []
    monkeypatch.setattr(engines, "measure", lambda sizes: asked.append(sizes) or {"figures": []})
    document = runner.measure(["search_engines"], large=False, smoke=False, records=(100, 2000))
    assert asked == [(100, 2000)]
    assert (document["size"], document["failed"]) == ("100,2000", {})


@pytest.mark.parametrize("name", MODULES)
def test_every_benchmark_has_its_table_on_the_page(name: str) -> None:
    page = PAGE.read_text("utf-8")
    assert f"python -m bench {name}" in page


def test_the_page_names_the_keys() -> None:
    page = PAGE.read_text("utf-8")
    assert {key for key in DOCUMENT | FIGURE | MAY_HAVE if f"`{key}`" not in page} == set()


@pytest.mark.slow
@pytest.mark.parametrize("name", MODULES)
def test_smallest_run(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each by itself, so that none waits for the others and a slow one is named; in this process, since loading the
    product and making a demo archive would be half of what each costs."""
    status = main(["--smoke", name])
    said = capsys.readouterr()
    assert status == 0, said.err[-3000:]
    checked(name, said.out)


def test_a_process_of_its_own_says_the_same() -> None:
    done = bench("--smoke", "vault_throughput")
    assert done.returncode == 0, done.stderr[-3000:]
    checked("vault_throughput", done.stdout)


def checked(name: str, said: str) -> None:
    """Assert that what a smallest run printed is one JSON document with the keys that are promised."""
    document: dict[str, Any] = json.loads(said)
    assert set(document) == DOCUMENT
    assert document["failed"] == {}
    assert set(document["results"]) == {name}
    result, shown = document["results"][name], table(document)
    assert result.get("figures") or result.get("skipped")
    assert re.search(rf"^{name}$", shown, re.MULTILINE)
    for figure in result.get("figures", ()):
        assert FIGURE <= set(figure) <= FIGURE | MAY_HAVE, figure
        assert figure["what"] in shown
        # Nothing about how large: the smallest run of a busy machine may be all noise.
        assert all(math.isfinite(figure[key]) for key in ("value", "ratio", "p95") if key in figure), figure


def test_one_failure_loses_no_other_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    import bench.__main__ as runner
    import bench.vault_throughput as vault

    def fails(_large: bool) -> dict[str, Any]:
        raise RuntimeError("the disk is away")

    def works(_large: bool) -> dict[str, Any]:
        return {"figures": [{"what": "x", "value": 1.0, "unit": "s"}]}

    import bench.start_up as start

    monkeypatch.setattr(vault, "run", fails)
    monkeypatch.setattr(start, "run", works)
    document = runner.measure(["vault_throughput", "start_up"], large=False, smoke=False)
    assert document["failed"] == {"vault_throughput": "RuntimeError: the disk is away"}
    assert document["results"]["start_up"]["figures"][0]["value"] == 1.0
    assert "FAILED: RuntimeError: the disk is away" in table(document)
