"""A secret on its way from a person's fingers to the one place that needs it."""

from typing import NoReturn


class Secret:
    """Holds a passphrase so that no message, log or pickle shows it. `reveal()` is called where it is used.

    Python cannot wipe a text from memory: until the process reuses the place, a copy of the process's memory holds it.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return "Secret(…)"

    def __bool__(self) -> bool:
        return bool(self._text)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not written down")

    def reveal(self) -> str:
        return self._text
