"""kill -9 of everything that takes part in an import, on both databases: nothing lost, nothing twice, exact at the end.

A round for each kind of victim runs with every suite. The whole proof is 100 rounds over 500 files:

    EDMS_KILL_ROUNDS=100 EDMS_KILL_FILES=500 pytest -s tests/faults/test_kill_nine_import.py

`EDMS_KILL_VICTIMS=connections` names the victims (all by default), here to cut connections in every round.
"""

import json
import os
import random
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from archive_fixtures import settings_in
from import_under_kill import Ordeal
from ordeal_parts import Batch, PostgreSql, from_corpus, letters

from edms.access.actors import console_actor
from edms.bootstrap import initialise

ROUNDS = int(os.environ.get("EDMS_KILL_ROUNDS", "0"))
FILES = int(os.environ.get("EDMS_KILL_FILES", "20"))
VICTIMS = os.environ.get("EDMS_KILL_VICTIMS", "").split(",")
SEED = int(os.environ.get("EDMS_KILL_SEED", "20261125"))
REAL = FILES // 5 if FILES >= 100 else 0
"""How many of the files are real documents; the small run is of letters alone, so that it is quick."""


@pytest.fixture(params=["sqlcipher", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def ordeal(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ordeal]:
    chance = random.Random(SEED)
    batches: list[Batch] = [letters(tmp_path / "surat", FILES - REAL, chance)]
    if REAL:
        batches.append(from_corpus(request.getfixturevalue("corpus"), REAL, chance))
    home, postgresql = tmp_path / "archive", None
    home.mkdir()
    if request.param == "sqlcipher":
        shutil.copytree(request.getfixturevalue("demo_template") / "storage", home / "storage")
    else:
        postgresql = PostgreSql(Path(tempfile.mkdtemp(prefix="edms-killed-")) / "data")
        initialise(settings_in(home, postgresql.url), console_actor("tests"), demo=True)
    found = Ordeal(home, batches, SEED, postgresql)
    yield found
    found.end()


@pytest.mark.slow
@pytest.mark.timeout(6 * 3600 if ROUNDS else 900)
def test_an_import_in_which_everything_is_killed_is_exact(ordeal: Ordeal) -> None:
    began = time.monotonic()
    victims = [kind for kind in ordeal.victims() if VICTIMS == [""] or kind in VICTIMS]
    if not victims:
        pytest.skip(f"none of {VICTIMS} is there on this database")
    rounds = ROUNDS or len(victims)
    kinds = [victims[number % len(victims)] for number in range(rounds)]
    ordeal.chance.shuffle(kinds)
    for number, kind in enumerate(kinds):
        ordeal.round(kind, (number + 1) / rounds, number)
    totals = ordeal.require_exact(ordeal.settle())
    if set(kinds) == {"connections"}:
        assert totals["given up"] == 0, "a file was set aside for what is not its fault"
    report = json.loads(ordeal.run("verify", "--all", "--json"))
    assert report["ok"], report["faults"]
    print(f"\nseed {SEED}, {rounds} rounds in {time.monotonic() - began:.0f} s: {totals}")
    for (kind, moment), count in sorted(ordeal.kills.items()):
        print(f"  {count:3} x {kind}, {moment}")
    print(f"  at the moment of the kill: {dict(ordeal.at_work)}; imports: {dict(ordeal.ended)}")
    print(f"  connections: {dict(ordeal.cut)}")
