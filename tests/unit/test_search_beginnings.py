"""A beginning with more terms than are expanded: which are left is decided by what the searcher may see."""

from pathlib import Path

import pytest

from edms.core.settings import SearchSettings
from edms.search.protocol import IndexDocument, SearchAnswer, SearchRequest, Upsert
from edms.search.whoosh_index import WhooshIndex

VISIBLE = ["surat", "surau surau", "surak", "suram suram suram"]


def index(folder: Path, *texts: tuple[str, str]) -> WhooshIndex:
    opened = WhooshIndex(folder, bytes(32), SearchSettings(max_prefix_terms=3))
    documents = [IndexDocument(f"{number:04}", 1, access, text=text) for number, (access, text) in enumerate(texts)]
    opened.apply([Upsert(one) for one in documents])
    return opened


def asked(opened: WhooshIndex) -> SearchAnswer:
    return opened.search(SearchRequest("sura*", access=frozenset({"a"}), facets=("level",)))


@pytest.mark.parametrize("hidden", [["surat", "surab"], [f"sura{n}b" for n in range(40)]], ids=["few", "many"])
def test_hidden_terms_change_neither_the_cut_nor_the_notice(tmp_path: Path, hidden: list[str]) -> None:
    for count in (3, 4):
        seen = [("a", text) for text in VISIBLE[:count]]
        alone = asked(index(tmp_path / f"alone-{count}", *seen))
        among = asked(index(tmp_path / f"among-{count}", *seen, *(("b", text) for text in hidden * 3)))
        assert among == alone
        assert [notice.code for notice in alone.notices] == (["prefix-cut"] if count == 4 else [])
        assert alone.total == 3


def test_what_most_visible_documents_hold_is_kept(tmp_path: Path) -> None:
    texts = [("a", "surat")] * 2 + [("a", "surau")] * 2 + [("a", "surak")] * 2 + [("a", "suram")] + [("b", "suram")] * 9
    answer = asked(index(tmp_path / "index", *texts))
    assert answer.total == 6
