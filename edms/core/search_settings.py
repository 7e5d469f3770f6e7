"""Settings of the search index: the index engines and their limits (ADR 0050)."""

from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from edms.core.memory import MEBIBYTE
from edms.core.resources import resource
from edms.core.settings_section import Section


class SearchSettings(Section):
    """`postgresql_url`: where the index of the engine `postgresql` is, when not in the database of the archive."""

    engine: Literal["whoosh", "fts5", "postgresql"] = "whoosh"
    postgresql_url: str = ""
    batch_size: int = Field(500, ge=1, le=20_000)
    max_query_characters: int = Field(500, ge=10)
    max_results_window: int = Field(10_000, ge=100)
    synonyms: Path | None = None
    max_prefix_terms: int = Field(2000, ge=1)
    page_cache_bytes: int = Field(64 * MEBIBYTE, ge=MEBIBYTE)
    writer_memory_mebibytes: int = Field(128, ge=16, le=2048)
    history_kept: int = Field(30, ge=0, le=500)
    most_saved: int = Field(100, ge=1, le=1000)
    watch_minutes: int = Field(15, ge=1, le=1440)
    watched_records: int = Field(5000, ge=100, le=10_000)
    most_pdf_rows: int = Field(20_000, ge=100, le=200_000)
    build_processes: int = Field(2, ge=0, le=16)

    @field_validator("synonyms", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return None if value == "" else value

    def rooted_at(self, folder: Path) -> "SearchSettings":
        """Return a copy with the folder of synonyms that serves: where it is absent, the list that comes along."""
        own = folder / (self.synonyms or "synonyms")
        return self.model_copy(update={"synonyms": own if own.is_dir() else resource("synonyms")})
