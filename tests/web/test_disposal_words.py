"""Why a record was taken out of a disposal, as its page says it: sentences in the reader's language."""

import pytest
from web_site import Site


@pytest.mark.parametrize(
    ("language", "told"), [("id", "naskah aslinya sedang dipinjam"), ("en", "its paper original is on loan")]
)
def test_codes_are_sentences_and_free_text_is_as_typed(site: Site, language: str, told: str) -> None:
    shown = site.app.jinja_env.from_string("{{ code|exclusion }} / {{ typed|exclusion }}")
    with site.app.test_request_context(headers={"Accept-Language": language}):
        assert shown.render(code="on_loan", typed="<b>on_loan</b>, sejak Mei") == (
            f"{told} / &lt;b&gt;on_loan&lt;/b&gt;, sejak Mei"
        )
