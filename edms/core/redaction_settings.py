"""Settings of redaction. `docs/redaction.md` describes each."""

from pydantic import Field

from edms.core.settings_section import Section


class RedactionSettings(Section):
    """`dots_per_inch`: of the pictures that the pages become. `pages_at_once`: of a piece; documents of more pages are
    made by workers, piece by piece."""

    dots_per_inch: int = Field(200, ge=100, le=600)
    pages_at_once: int = Field(4, ge=1, le=100)
    max_pages: int = Field(100, ge=1, le=2000)
    max_areas: int = Field(2000, ge=1, le=20_000)
    max_terms: int = Field(50, ge=1, le=500)
    max_characters: int = Field(1_000_000, ge=1000, le=20_000_000)
