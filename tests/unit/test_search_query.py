"""The query language: what each form means, and that no text breaks it."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edms.search.nodes import AllOf, AnyOf, Code, Either, Fuzzy, Node, Not, Phrase, Prefix, Range, Title, Value, Word
from edms.search.query import MAX_CLAUSES, parse, parse_range


@pytest.mark.parametrize(
    ("text", "nodes"),
    [
        ("surat Dinas", (Word("surat"), Word("dinas"))),
        ("surat AND dinas", (Word("surat"), Word("dinas"))),
        ('"rencana kerja"', (Phrase(("rencana", "kerja")),)),
        ('"rencana"', (Word("rencana"),)),
        ("keseha*", (Prefix("keseha"),)),
        ("005/12*", (Prefix("005/12"),)),
        ("surat -rahasia", (Word("surat"), Not(Word("rahasia")))),
        ("NOT rahasia", (Not(Word("rahasia")),)),
        ("BUKAN nomor:7", (Not(Word("7", "number")),)),
        ("a b OR c d", (Word("a"), AnyOf((Word("b"), Word("c"))), Word("d"))),
        ("a ATAU b ATAU c", (AnyOf((Word("a"), Word("b"), Word("c"))),)),
        ("OR a OR", (Word("a"),)),
        ("nomor:005/1234/2023", (Code(("005", "1234", "2023"), "number"),)),
        ("900.1.3.1", (Code(("900", "1", "3", "1")),)),
        ("anak-anak", (Word("anak"),)),
        ('judul:"wali kota"', (Phrase(("wali", "kota"), "title"),)),
        ("JUDUL:x title:y", (Word("x", "title"), Word("y", "title"))),
        ("kelas:900.1 kantor:dinkes", (Value("class_code", "900.1"), Value("office", "dinkes"))),
        ('kantor:"Dinas Kesehatan"', (Value("office", "Dinas Kesehatan"),)),
        ("tahun:2014..2016", (Range("year", 2014, 2016),)),
        ("tahun:..2016", (Range("year", None, 2016),)),
        ("", ()),
        ('?! -- "" ::', ()),
    ],
)
def test_what_a_text_means(text: str, nodes: tuple[Node, ...]) -> None:
    parsed = parse(text)
    assert parsed.root == AllOf(nodes)
    assert parsed.notices == ()


@pytest.mark.parametrize(
    ("text", "code", "nodes"),
    [
        ("foo:bar", "unknown-field", (Word("foo"), Word("bar"))),
        ("tahun:dulu", "bad-range", ()),
        ("tanggal:2014-02-30", "bad-range", ()),
        ('"tanpa akhir', "open-quote", (Phrase(("tanpa", "akhir")),)),
        ("a*", "short-prefix", (Word("a"),)),
        ("kata " * 200, "too-long", None),
    ],
)
def test_what_is_not_taken_as_typed_is_said(text: str, code: str, nodes: tuple[Node, ...] | None) -> None:
    parsed = parse(text)
    assert code in {notice.code for notice in parsed.notices}
    if nodes is not None:
        assert parsed.root.nodes == nodes


def test_clauses_are_bounded() -> None:
    parsed = parse(" ".join(f"k{n}" for n in range(100)), limit=10_000)
    assert len(parsed.root.nodes) == MAX_CLAUSES
    assert [notice.code for notice in parsed.notices] == ["too-many-words"]


def test_ranges_end_where_the_month_does() -> None:
    assert parse_range("date", "2016-02") == Range("date", date(2016, 2, 1).toordinal(), date(2016, 2, 29).toordinal())
    assert parse_range("date", "2014-12..") == Range("date", date(2014, 12, 1).toordinal(), None)
    assert parse_range("date", "2014") == Range("date", date(2014, 1, 1).toordinal(), date(2014, 12, 31).toordinal())
    assert parse_range("date", "9999-12") is None
    assert parse_range("year", "..") is None


@pytest.mark.parametrize(("text", "asks"), [("Kapan rapat", True), ("surat masuk?", True), ("surat masuk", False)])
def test_questions_are_known(text: str, asks: bool) -> None:
    assert parse(text).question is asks


def count(node: Node) -> int:
    if isinstance(node, AllOf | AnyOf):
        return sum(count(inner) for inner in node.nodes)
    return count(node.node) if isinstance(node, Not) else 1


@given(st.text(max_size=700))
def test_any_text_is_a_bounded_query(text: str) -> None:
    assert count(parse(text).root) <= MAX_CLAUSES


@given(
    st.lists(
        st.sampled_from(["a1/2*", '"', "-", "OR", "NOT", "tahun:", "2014..", "kelas:", "x", "b*", ":", 'judul:"']),
        max_size=30,
    )
)
def test_any_order_of_marks_is_a_bounded_query(parts: list[str]) -> None:
    for text in (" ".join(parts), "".join(parts)):
        assert count(parse(text, limit=1000).root) <= MAX_CLAUSES


DAY = date(2014, 8, 17).toordinal()


@pytest.mark.parametrize(
    ("text", "nodes"),
    [
        ("(surat OR nota) dinas", (AnyOf((Word("surat"), Word("nota"))), Word("dinas"))),
        ("(surat dinas)", (Word("surat"), Word("dinas"))),
        ("-(surat dinas)", (Not(AllOf((Word("surat"), Word("dinas")))),)),
        ("a OR (b c)", (AnyOf((Word("a"), AllOf((Word("b"), Word("c"))))),)),
        ("kelas:(900 OR 800)", (AnyOf((Value("class_code", "900"), Value("class_code", "800"))),)),
        ("Dinas Kesehatan (Dinkes)", (Word("dinas"), Word("kesehatan"), Word("dinkes"))),
        ("1) surat 2) nota", (Word("1"), Word("surat"), Word("2"), Word("nota"))),
        ("kesehatam~", (Fuzzy("kesehatam"),)),
        ("judul:kesehatam~", (Fuzzy("kesehatam", "title"),)),
        ("ada:tandatangan -has:copy", (Value("features", "signature"), Not(Value("features", "copy")))),
        ("dr. Budi, S.H., M.Si.", (Title(("dr",)), Word("budi"), Title(("s", "h")), Title(("m", "si")))),
        ("tanggal:17 Agustus 2014", (Range("date", DAY, DAY),)),
        ("tanggal:17-08-2014 surat", (Range("date", DAY, DAY), Word("surat"))),
        ("tanggal:17/8/2014..", (Range("date", DAY, None),)),
        ("date:17 August 2014 .. 2014-08-20", (Range("date", DAY, DAY + 3),)),
        ("tanggal:Agustus 2014", (Range("date", DAY - 16, DAY + 14),)),
    ],
)
def test_groups_dates_titles_and_nearly_words(text: str, nodes: tuple[Node, ...]) -> None:
    parsed = parse(text)
    assert parsed.root == AllOf(nodes)
    assert parsed.notices == ()


@pytest.mark.parametrize(
    "text", ["17 Agustus 2014", "17-08-2014", "17/8/2014", "2014-08-17", "17 August 2014", "17 Agt. 2014"]
)
def test_a_day_in_plain_text_meets_every_way_to_write_it(text: str) -> None:
    (node,) = parse(text).root.nodes
    assert isinstance(node, Either)
    assert Range("date", DAY, DAY) in node.others
    every = {one.forms for one in (node.asked, *node.others) if isinstance(one, Code | Phrase)}
    assert {("17", "agustus", "2014"), ("17", "08", "2014"), ("17", "8", "2014"), ("2014", "08", "17")} <= every
    assert parse(f"rapat {text}, selesai").root.nodes[1] == node


@pytest.mark.parametrize("text", ["31-02-2014", "005/1234/2023", "17/8/2014/DINKES", "900.1.2014", "17 rapat 2014"])
def test_what_is_no_day_is_none(text: str) -> None:
    assert not any(isinstance(node, Either) for node in parse(text).root.nodes)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("(surat", "open-parenthesis"),
        ("(" * 20 + "surat" + ")" * 20, "too-deep"),
        ("ada:kopi", "unknown-feature"),
        ("abc~", "not-nearly"),
        ("12345~", "not-nearly"),
        ("005/12~", "not-nearly"),
        (" ".join(f"kata{n}a~" for n in range(9)), "too-many-near"),
        (" ".join(f"kata{n}*" for n in range(9)), "too-many-near"),
    ],
)
def test_more_mistakes_are_explained(text: str, code: str) -> None:
    assert code in {notice.code for notice in parse(text).notices}
