"""Settings of the search index: the index engines and their limits (ADR 0050)."""

from pydantic import Field

from edms.core.memory import MEBIBYTE
from edms.core.settings_section import Section


class SearchSettings(Section):
    batch_size: int = Field(500, ge=1, le=20_000)
    max_query_characters: int = Field(500, ge=10)
    max_results_window: int = Field(10_000, ge=100)
    max_prefix_terms: int = Field(2000, ge=1)
    page_cache_bytes: int = Field(64 * MEBIBYTE, ge=MEBIBYTE)
    writer_memory_mebibytes: int = Field(128, ge=16, le=2048)
    history_kept: int = Field(30, ge=0, le=500)
    most_saved: int = Field(100, ge=1, le=1000)
    watch_minutes: int = Field(15, ge=1, le=1440)
    watched_records: int = Field(5000, ge=100, le=10_000)
