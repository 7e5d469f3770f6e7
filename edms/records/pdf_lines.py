"""Lines of text in a table of a PDF, broken by the widths of their letters, each looked up once: lists are long."""

from fpdf import FPDF

from edms.records.pdf_letters import add_letters, shown


class BrokenLines(FPDF):
    """A document that breaks lines itself. `learn_letters` comes first; one size of letters for what is broken."""

    def learn_letters(self) -> None:
        """Add the font; from then on `clean` knows what it can show."""
        self._known = add_letters(self)
        self._widths: dict[str, float] = {}

    def broken(self, text: str, width: float) -> list[str]:
        """Break `text` into lines of at most `width` millimetres, within a word only where it must be."""
        lines: list[str] = []
        for part in self.clean(text).split("\n"):
            line, used = "", 0.0
            for word in part.split(" "):
                length = self.width_of(word) + (self.width_of(" ") if line else 0)
                if line and used + length > width:
                    lines.append(line)
                    line, used, length = "", 0.0, self.width_of(word)
                while length > width:
                    fits = self._fitting(word, width)
                    lines.append(word[:fits])
                    word = word[fits:]
                    length = self.width_of(word)
                line, used = f"{line} {word}" if line else word, used + length
            lines.append(line)
        return lines

    def _fitting(self, word: str, width: float) -> int:
        used = 0.0
        for position, letter in enumerate(word):
            used += self.width_of(letter)
            if used > width:
                return max(position, 1)
        return len(word)

    def width_of(self, text: str) -> float:
        total = 0.0
        for letter in text:
            if letter not in self._widths:
                self._widths[letter] = self.get_string_width(letter)
            total += self._widths[letter]
        return total

    def clean(self, text: str) -> str:
        return shown(text, self._known)
