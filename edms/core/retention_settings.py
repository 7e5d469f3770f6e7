"""Settings of retention: `docs/retention.md`."""

from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from edms.core.settings_section import Section


class RetentionSettings(Section):
    rules: Path = Path("retention_rules")
    upper_tier_years: int = Field(10, ge=1, le=100)
    tier_basis: Literal["total", "active", "inactive"] = "total"
    vital_review_days: int = Field(365, ge=1, le=3660)
    confirmation_days: int = Field(30, ge=0, le=3650)
    fiscal_year_end: str = Field("12-31", pattern=r"^\d\d-\d\d$")

    @field_validator("fiscal_year_end")
    @classmethod
    def _a_day_of_every_year(cls, value: str) -> str:
        month, day = (int(part) for part in value.split("-"))
        try:
            date(2001, month, day)
        except ValueError:
            raise ValueError(f"{value} is not a day of every year; written month-day, as 12-31") from None
        return value
