"""Suggesting a class: better than guessing on real class titles, the same every time, with its reasons, no pickle."""

import csv
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edms.proposals.class_model import LEAST_EXAMPLES, ClassModel, Example, held_out, train

LETTERS = {
    "400.7": "laporan surveilans penyakit demam berdarah puskesmas kesehatan pasien imunisasi",
    "800.1": "keputusan pensiun pegawai kenaikan pangkat mutasi cuti disiplin kepegawaian",
    "000.3": "kontrak pengadaan barang jasa penyedia spesifikasi harga pembelian alat",
}

SHARED = "surat nomor tanggal dengan hormat bersama kami sampaikan demikian terima kasih kepala dinas kota"


def letters(each: int, seed: int = 7) -> list[Example]:
    """Return `each` made-up letters of three classes, half of whose words they share."""
    chance = random.Random(seed)
    common = SHARED.split()
    made = []
    for code, words in LETTERS.items():
        for _ in range(each):
            chosen = chance.sample(words.split(), 3) + chance.sample(common, 6)
            chance.shuffle(chosen)
            made.append(Example(code, " ".join(chosen)))
    return made


def test_a_model_suggests_with_the_words_that_spoke_for_it() -> None:
    model = train(letters(20))
    assert model is not None
    first, *_others = model.suggest("Laporan imunisasi puskesmas, demikian terima kasih")
    assert first.code == "400.7"
    assert set(first.words[:3]) == {"laporan", "imunisasi", "puskesmas"}
    assert first.examples == 20
    assert model.accuracy.documents == 60
    assert model.accuracy.first >= 90
    assert 30 <= model.accuracy.baseline <= 34


def test_words_that_were_never_seen_suggest_nothing() -> None:
    model = train(letters(5))
    assert model is not None
    assert model.suggest("zzz qqq 12345") == []
    assert model.suggest("") == []


def test_noise_earns_no_certainty() -> None:
    """Labels without any relation to the words: held-out documents show it, and certainty stays at chance."""
    chance = random.Random(3)
    made = [Example(chance.choice("ABCD"), one.text) for one in letters(60)]
    model = train(made)
    assert model is not None
    assert model.accuracy.first <= 40
    assert all(one.certainty <= 60 for one in model.suggest(made[0].text))


def test_too_little_teaches_nothing() -> None:
    assert train([]) is None
    assert train([Example("a", "satu dua"), Example("b", "tiga empat")]) is None, "one document a class is too little"
    assert train([Example("a", "satu dua")] * LEAST_EXAMPLES) is None, "one class alone is no choice"


def test_the_same_examples_make_the_same_model_and_bytes_bring_it_back() -> None:
    one, other = train(letters(10)), train(letters(10))
    assert one is not None
    assert other is not None
    assert one.to_bytes() == other.to_bytes()
    back = ClassModel.from_bytes(one.to_bytes())
    assert back.accuracy == one.accuracy
    text = letters(1, seed=9)[0].text
    assert [a.code for a in back.suggest(text)] == [b.code for b in one.suggest(text)]


@given(st.binary(max_size=300), st.integers(0, 200), st.integers(1, 255))
def test_damaged_bytes_are_refused(noise: bytes, place: int, flip: int) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - any ValueError is the contract
        ClassModel.from_bytes(noise)
    model = train(letters(3))
    assert model is not None
    content = bytearray(model.to_bytes())
    content[place % len(content)] ^= flip
    try:
        ClassModel.from_bytes(bytes(content))
    except ValueError:
        return
    raise AssertionError("a checksum protects the whole")


def test_real_class_titles_are_told_apart_far_better_than_by_guessing(rule_tables: Path) -> None:
    """467 titles of Permendagri 83/2022, a few words each, by their main group: a floor, since letters say far more."""
    with (rule_tables / "klasifikasi_permendagri83_2022_A_kemendagri.csv").open(encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if int(row["level"]) >= 2]
    accuracy = held_out(sorted((Example(row["code"][0], row["title"]) for row in rows), key=lambda one: one.code))
    assert accuracy.documents == len(rows)
    assert accuracy.first >= 50
    assert accuracy.first >= 2 * accuracy.baseline
    assert accuracy.among_three >= 75
