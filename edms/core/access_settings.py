"""Settings of signing in. `docs/sign-in.md` describes what each is for."""

from typing import Literal

from pydantic import Field

from edms.core.settings_section import Section


class AccessSettings(Section):
    """`choose_own_password`: whoever got a password from an administrator chooses another at the first sign-in.

    `second_factor_from`: from which clearance on nobody gets in by a password alone; empty: nobody has to.
    """

    session_idle_minutes: int = Field(60, ge=1)
    session_absolute_hours: int = Field(12, ge=1)
    sign_in_attempts: int = Field(10, ge=3)
    sign_in_window_minutes: int = Field(15, ge=1)
    min_password_characters: int = Field(12, ge=8)
    choose_own_password: bool = True
    second_factor_from: Literal["", "open", "restricted", "secret", "top_secret"] = ""
