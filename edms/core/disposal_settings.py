"""Settings of disposal. `docs/disposal.md` describes each."""

from pydantic import Field

from edms.core.settings_section import Section


class DisposalSettings(Section):
    """`regional_head_office` and `archives_office` are codes of offices; empty: the office at the top of the tree.

    `legal_office` and `supervision_office`: the codes of the units that witnesses of a destruction belong to, or are
    below; empty: any but that whose records are destroyed, and those below it. `transfer_first`: nothing is destroyed
    that was not transferred to the records unit before. `keep_after_handover_days`: how long content is kept here after
    a hand-over was closed, before its removal may be ordered.
    """

    regional_head_office: str = Field("", max_length=40)
    archives_office: str = Field("", max_length=40)
    legal_office: str = Field("", max_length=40)
    supervision_office: str = Field("", max_length=40)
    class_code: str = Field("", max_length=40)
    transfer_first: bool = False
    max_items: int = Field(10_000, ge=1, le=100_000)
    keep_after_handover_days: int = Field(90, ge=1, le=36_500)
    method: str = Field("penghancuran kunci enkripsi dan penghapusan data", min_length=3, max_length=200)
