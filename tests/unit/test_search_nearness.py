"""Words that are nearly the same, against the textbook's way of counting edits."""

from hypothesis import given, settings
from hypothesis import strategies as st

from edms.search.nearness import MAX_CONFUSIONS, Forms, confusions, farthest

words = st.text("abmnr1", min_size=3, max_size=10)


def edits(one: str, other: str) -> int:
    """Insert, delete, replace, swap neighbours (optimal string alignment)."""
    row = {(i, -1): i + 1 for i in range(-1, len(one))} | {(-1, j): j + 1 for j in range(-1, len(other))}
    for i, left in enumerate(one):
        for j, right in enumerate(other):
            row[i, j] = min(row[i - 1, j] + 1, row[i, j - 1] + 1, row[i - 1, j - 1] + (left != right))
            if i and j and left == other[j - 1] and one[i - 1] == right:
                row[i, j] = min(row[i, j], row[i - 2, j - 2] + 1)
    return row[len(one) - 1, len(other) - 1]


@settings(deadline=None)
@given(st.lists(words, max_size=40, unique=True), words)
def test_exactly_the_near_ones_are_found(dictionary: list[str], asked: str) -> None:
    kept = [form for form in dictionary if not form.isdecimal()]
    most = farthest(asked)
    expected = sorted((edits(asked, form), form) for form in kept if 0 < edits(asked, form) <= most)
    assert Forms(dictionary).near(asked) == expected


def test_how_far_a_word_may_be() -> None:
    assert [farthest(word) for word in ("abc", "abcd", "abcdefg", "abcdefgh", "12345678")] == [0, 1, 1, 2, 0]
    assert Forms([]).near("kesehatan") == []


def test_what_recognition_confuses() -> None:
    for read, meant in [
        ("rnerah", "merah"),
        ("clinas", "dinas"),
        ("k0ta", "kota"),
        ("w1layah", "wilayah"),
        ("wi1ayah", "wilayah"),
    ]:
        assert meant in confusions(read)
        assert read in confusions(meant)
    assert "rumah" in confusions("rurnah")
    assert len(confusions("rnrnrnrnclclclcl0101")) <= MAX_CONFUSIONS
    assert "kota" not in confusions("kota")
