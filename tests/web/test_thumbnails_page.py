"""Small pictures on the pages of lists: offered where there is one, and told apart behind the door alone."""

import re

import pytest
from archive_fixtures import pdf, take_in
from web_site import Site

from edms.access.levels import Level

_PICTURE = re.compile(r'<img class="thumb" loading="lazy" src="(/records/[^"]+/thumbnail)" alt=""')


@pytest.mark.parametrize("path", ["/search?q=imunisasi", "/inbox", "/inbox/file"])
def test_lists_show_pictures_lazily(site: Site, path: str) -> None:
    with_page = take_in(site.archive, pdf("imunisasi satu"), name="a.pdf", class_code=None).record_id
    take_in(site.archive, b"imunisasi dua", name="b.txt", class_code=None)
    clerk = site.visitor("clerk-dinkes")
    page = clerk.get(path).text
    assert _PICTURE.findall(page) == [f"/records/{with_page}/thumbnail"]
    answer = clerk.get(_PICTURE.findall(page)[0])
    assert (answer.status_code, answer.mimetype) == (200, "image/webp")


def test_who_has_a_picture_already_is_told_so_behind_the_door(site: Site) -> None:
    record = take_in(site.archive, pdf("imunisasi"), name="a.pdf", level=Level.RESTRICTED).record_id
    path = f"/records/{record}/thumbnail"
    clerk = site.visitor("clerk-dinkes")
    answer = clerk.get(path)
    tag = answer.headers["ETag"]
    assert answer.headers["Cache-Control"] == "no-store"
    again = clerk.get(path, headers={"If-None-Match": tag})
    assert (again.status_code, again.data) == (304, b"")
    for name in ("clerk-bappeda", ""):
        refused = site.visitor(name).get(path, headers={"If-None-Match": tag})
        assert refused.status_code in (302, 404)
        assert "ETag" not in refused.headers
