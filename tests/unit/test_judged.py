"""The measures of the benchmark of relevance, by hand-reckoned answers."""

import json
import math
from pathlib import Path

import pytest

from bench import relevance
from bench.judged import Quality, collections, judged, mean


def test_measures_of_an_answer() -> None:
    found = judged(["x", "a", "y", "b"], frozenset({"a", "b", "c"}))
    gain = 1 / math.log2(3) + 1 / math.log2(5)
    assert math.isclose(found.ndcg, gain / (1 + 1 / math.log2(3) + 1 / math.log2(4)))
    assert (found.reciprocal, found.recall) == (0.5, 2 / 3)
    assert judged([], frozenset({"a"})) == Quality(0, 0, 0)
    assert judged(["a"], frozenset({"a"})) == Quality(1, 1, 1)
    assert judged([*"0123456789", "a"], frozenset({"a"})).ndcg == 0
    assert mean([Quality(0, 0, 0), Quality(1, 0.5, 1)]) == Quality(0.5, 0.25, 0.5)


def lines(texts: dict[str, str]) -> str:
    return "\n".join(json.dumps({"_id": key, "text": text}) for key, text in texts.items())


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "ir" / "kecil"
    folder.mkdir(parents=True)
    texts = {"d1": "banjir di kota", "d2": "izin mendirikan bangunan", "d3": "pembangunan jalan"}
    asked = {"q1": "banjir kota", "q2": "izin bangunan", "q3": "tanpa jawaban"}
    (folder / "corpus.jsonl").write_text(lines(texts))
    (folder / "queries.jsonl").write_text(lines(asked))
    (folder / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq1\td1\t2\nq2\td2\t1\nq3\td3\t0\n")
    monkeypatch.setenv("EDMS_CORPUS", str(tmp_path))
    return tmp_path


def test_every_collection_is_measured_on_our_engines(small: Path) -> None:
    (only,) = collections(small / "ir")
    assert [key for key, _text in only.questions] == ["q1", "q2"]
    measured = relevance.measure(peers={})
    shown = {figure["what"]: figure["value"] for figure in measured["figures"]}
    for engine in relevance.ENGINES:
        assert shown[f"kecil, ours: {engine}"] == 1
        assert shown[f"kecil, ours: {engine}, questions held out"] == 1


def test_an_absent_corpus_is_said_aloud(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EDMS_CORPUS", str(tmp_path / "nowhere"))
    assert relevance.smoke() == {"skipped": relevance.ABSENT}
    assert "ABSENT" in capsys.readouterr().err
