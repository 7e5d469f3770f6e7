"""A mend for asn1crypto, without which a seal costs six times as much, and one in some dozens costs ten seconds.

asn1crypto marks a structure as changed when a field is set and never takes the mark away when it has encoded it, so
every level that is asked for its encoding encodes all levels below anew. Where an encoding is forced (which it also
does, by mistake, whenever the length of a structure ends in the byte 0x80) each level does so twice, and a signature
with a timestamp inside is some twenty levels deep. Here the mark goes once the encoding is made; setting a field puts
it back.
"""

from typing import Any, Final

from asn1crypto import core

_STRUCTURES: Final = (core.Sequence, core.SequenceOf, core.Set, core.SetOf)
_MENDED: Final = "edms_remembers"


def remember_encodings() -> None:
    """Let every asn1crypto structure of this process keep an encoding until it is changed. Safe to repeat."""
    for structure in _STRUCTURES:
        if not hasattr(structure._set_contents, _MENDED):
            structure._set_contents = _remembering(structure._set_contents)


def _remembering(encode: Any) -> Any:
    def encode_and_remember(self: Any, force: bool = False) -> None:
        encode(self, force)
        self._mutated = False

    setattr(encode_and_remember, _MENDED, True)
    return encode_and_remember
