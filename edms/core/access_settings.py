"""Settings of signing in and of access by permission: `docs/sign-in.md`, `docs/access.md`."""

from typing import Literal

from pydantic import Field

from edms.core.settings_section import Section

SECRET = ("secret", "top_secret")


class AccessSettings(Section):
    """`choose_own_password`: whoever got a password from an administrator chooses another at the first sign-in,
    within `given_password_days`; after that it opens nothing.

    `second_factor_from`: from which clearance on nobody gets in by a password alone; empty: nobody has to.
    `token_days_most`: how long an API token counts at most; a lower value shortens those that were made before.
    The limits of sessions named `secret` and `top_secret` hold for people of that clearance, where they are stricter.
    """

    session_idle_minutes: int = Field(60, ge=1)
    session_absolute_hours: int = Field(12, ge=1)
    session_idle_minutes_secret: int = Field(30, ge=1)
    session_absolute_hours_secret: int = Field(10, ge=1)
    session_idle_minutes_top_secret: int = Field(15, ge=1)
    session_absolute_hours_top_secret: int = Field(8, ge=1)
    proof_minutes: int = Field(10, ge=1, le=720)
    sign_in_attempts: int = Field(10, ge=3)
    sign_in_window_minutes: int = Field(15, ge=1)
    sign_in_attempts_address: int = Field(100, ge=3)
    sign_in_attempts_everywhere: int = Field(100, ge=3)
    sign_in_everywhere_hours: int = Field(24, ge=1, le=720)
    known_device_days: int = Field(180, ge=1, le=730)
    min_password_characters: int = Field(12, ge=8)
    choose_own_password: bool = True
    given_password_days: int = Field(14, ge=1, le=90)
    second_factor_from: Literal["", "open", "restricted", "secret", "top_secret"] = ""
    token_days_most: int = Field(365, ge=1, le=3660)
    grant_days: int = Field(365, ge=1, le=3660)
    emergency_minutes: int = Field(60, ge=0, le=1440)
    emergencies_a_day: int = Field(3, ge=1, le=100)

    def idle_minutes(self, clearance: str) -> int:
        """After how many minutes without use a session of somebody of this clearance ends."""
        limits = [self.session_idle_minutes]
        if clearance in SECRET:
            limits.append(self.session_idle_minutes_secret)
        if clearance == "top_secret":
            limits.append(self.session_idle_minutes_top_secret)
        return min(limits)

    def absolute_hours(self, clearance: str) -> int:
        """After how many hours it ends in any case."""
        limits = [self.session_absolute_hours]
        if clearance in SECRET:
            limits.append(self.session_absolute_hours_secret)
        if clearance == "top_secret":
            limits.append(self.session_absolute_hours_top_secret)
        return min(limits)
