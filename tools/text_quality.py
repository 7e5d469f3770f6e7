"""Measure on the shared corpus what is identified and read, and write docs/text-quality.md and docs/hostile-files.md.

    python -m tools.text_quality [CORPUS]

Reads every file of `born-digital`, `scanned` and `hostile` through the real sandbox; recognition is not run here (its
figures are in docs/performance.md). A test reads a part of the corpus again and holds the pages against it.
"""

import json
import random
import resource
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from edms.core.memory import MOST_BY_DEFAULT
from edms.core.sandbox import Sandbox
from edms.core.settings import TextSettings, WorkerSettings
from edms.text.language import language_of
from edms.text.legibility import illegible
from edms.text.names import extension
from edms.text.reader import Reader, sandbox_limits
from edms.text.types import Reading

ROOT = Path(__file__).resolve().parent.parent
CORPUS = ROOT.parent / "shared" / "data" / "corpus"
HOSTILE = ROOT / "docs" / "hostile-files.md"
QUALITY = ROOT / "docs" / "text-quality.md"
TRUTHS = {
    "born-digital/opf-variations/variations": "born-digital/opf-variations/lorem-ipsum.txt",
}
WORKERS = 2
TYPED = ("born-digital", "scanned")
_MOST = 3_000


@dataclass(frozen=True)
class Read:
    """One file of the corpus as it was read."""

    path: str
    size: int
    reading: Reading
    seconds: float

    @property
    def outcome(self) -> str:
        """What becomes of it: the reason of its quarantine, or how it is kept."""
        flags = {*self.reading.flags, *self.reading.identification.flags}
        grave = sorted(flags & {"executable", "launch", "polyglot", "remote_template"})
        if self.reading.problem is not None:
            return f"quarantined: {self.reading.problem.code}"
        if grave:
            return f"quarantined: {', '.join(grave)}"
        return "kept without text" if "unsupported" in flags else "captured"


def reader() -> Reader:
    """The reader as an installation with 8 GiB for capture has it, whatever this machine has: figures are compared."""
    settings = TextSettings()
    limits = sandbox_limits(settings, WorkerSettings(memory_bytes=MOST_BY_DEFAULT).memory(WORKERS).share_bytes)
    return Reader(Sandbox(limits, resident=True), Sandbox(limits), settings)


def read_all(corpus: Path, top: str, read: Reader) -> list[Read]:
    """Read every file below `top`, in the order of names."""
    found = []
    for path in sorted((corpus / top).rglob("*")):
        if path.is_file():
            began = time.monotonic()
            with path.open("rb") as stream:
                reading = read.read(stream, path.name)
            name = path.relative_to(corpus).as_posix()
            found.append(Read(name, path.stat().st_size, reading, time.monotonic() - began))
    return found


def distance(left: str, right: str) -> int:
    """The Levenshtein distance of two texts."""
    row = list(range(len(right) + 1))
    for at, char in enumerate(left, 1):
        before, row[0] = row[0], at
        for place, other in enumerate(right, 1):
            before, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, before + (char != other))
    return row[-1]


def error_rate(found: str, truth: str) -> float:
    """The character error rate: edits over the length of the truth, blanks counted as one (0 is perfect)."""
    left, right = " ".join(found.split())[:_MOST], " ".join(truth.split())[:_MOST]
    return distance(left, right) / max(1, len(right))


def hostile_page(files: list[Read], peak: int) -> str:
    """The table of hostile files."""
    counted = Counter(one.outcome for one in files)
    slowest = max(one.seconds for one in files)
    lines = [
        "# Hostile files",
        "",
        "What becomes of each file of the hostile corpus (malformed, encrypted, bombs, active content, files of two "
        "kinds). Written by `python -m tools.text_quality`;",
        "a test reads the files again and holds the outcomes against this page. Every one is kept as it came; in "
        "quarantine it waits for a person.",
        "",
        f"{len(files)} files. The slowest took {slowest:.0f} s on two shared cores; the largest of the processes that "
        f"read used {peak} MB (the limit is 1,024 MB).",
        "No file ended the service, and none ended without an outcome.",
        "",
        "| outcome | files |",
        "| --- | ---: |",
        *(f"| {outcome} | {count} |" for outcome, count in sorted(counted.items())),
        "",
        "| file | type by content | outcome | shown with it |",
        "| --- | --- | --- | --- |",
    ]
    for one in files:
        shown = sorted({*one.reading.flags, *one.reading.identification.flags} - {"form", "signed", "archive"})
        name = one.path.removeprefix("hostile/").replace("|", "\\|")
        name = name if len(name) < 90 else name[:30] + "…" + name[-55:]
        kind = one.reading.identification.media_type
        lines.append(f"| {name} | {kind} | {one.outcome} | {', '.join(shown)} |")
    return "\n".join(lines) + "\n"


def quality_page(corpus: Path, born: list[Read], scanned: list[Read]) -> str:
    """The table of types and texts."""
    lines = [
        "# Types and text, measured",
        "",
        "Written by `python -m tools.text_quality` from the shared corpus of real documents; each figure is counted.",
        "",
        "## Type by content",
        "",
        "Right: the type by content is one that the file's name claims, for names that claim one.",
        "",
        "| folder | extension | files | right type | with text | kept without text | quarantined |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for top, files in zip(TYPED, (born, scanned), strict=True):
        lines += kind_rows(top, files)
    lines += ["", "## Text against the truth", "", *_against_truth(corpus, born)]
    lines += ["", "## Language of a page", "", *_languages(corpus)]
    lines += ["", "## Bad text layers", "", *_layers(corpus, born)]
    return "\n".join(lines) + "\n"


def kind_rows(top: str, files: list[Read]) -> list[str]:
    """The rows of the table of types for the files of the folder `top`, one for each extension."""
    rows = []
    for kind, count in sorted(Counter(extension(one.path) for one in files).items()):
        group = [one for one in files if extension(one.path) == kind]
        rows.append(f"| {top} | {kind or '-'} | {count} | {_shares(group)} |")
    return rows


def _shares(group: list[Read]) -> str:
    from edms.text.names import contradicts

    right = sum(not contradicts(one.path, one.reading.identification.media_type) for one in group)
    text = sum(any(page.text.strip() or page.needs_ocr for page in one.reading.pages) for one in group)
    without = sum(one.outcome == "kept without text" for one in group)
    return f"{right} | {text} | {without} | {sum('quarantined' in one.outcome for one in group)}"


def _against_truth(corpus: Path, born: list[Read]) -> list[str]:
    lines = [
        "One text, written by many programs in many formats (`opf-variations`), against its truth; characters wrong of "
        "100, blanks counted as one. Pictures are not recognised here; a .pages file is kept as the package that it "
        "is.",
        "",
        "| file | wrong of 100 |",
        "| --- | ---: |",
    ]
    for folder, truth in TRUTHS.items():
        right = (corpus / truth).read_text("utf-8")
        for one in born:
            of_text = one.path.startswith(folder) and not one.path.endswith((".md", "filelist.xml"))
            if of_text and one.reading.pages and not any(page.needs_ocr for page in one.reading.pages):
                text = "\n".join(page.text for page in one.reading.pages if page.part == 0)
                lines.append(f"| {one.path.removeprefix(folder + '/')} | {100 * error_rate(text, right):.1f} |")
    return lines


def texts(corpus: Path, name: str) -> list[str]:
    """The texts of a judged set, those with something in them."""
    with (corpus / "ir" / name / "corpus.jsonl").open(encoding="utf-8") as lines:
        return [text for line in lines if len(text := json.loads(line).get("text", "")) > 100]


def _languages(corpus: Path) -> list[str]:
    lines = ["| texts | told as id | en | other | nothing |", "| --- | ---: | ---: | ---: | ---: |"]
    for name in ("id-wikipedia-qa", "en-cranfield"):
        told = Counter(language_of(text) for text in texts(corpus, name))
        lines.append(f"| {name} ({sum(told.values())}) | {told['id']} | {told['en']} | {told['other']} | {told['']} |")
    return lines


def spoiled(text: str, how: str, chance: random.Random) -> str:
    """A text layer as bad programs leave it: `how` is one of BAD_LAYERS."""
    kind, _, by = how.partition(" ")
    if kind == "shift":
        return "".join(chr((ord(one) - 97 + int(by)) % 26 + 97) if "a" <= one <= "z" else one for one in text.lower())
    if kind == "codes":
        return "".join(chr((ord(one) - 32 + int(by)) % 95 + 32) if " " < one < "\x7f" else one for one in text)
    if kind == "mixed":
        letters = list("abcdefghijklmnopqrstuvwxyz")
        others = letters[:]
        chance.shuffle(others)
        return text.lower().translate(str.maketrans("".join(letters), "".join(others)))
    if kind == "private":
        return "".join(chr(0xE000 + ord(one)) if one.isalpha() and chance.random() < 0.1 else one for one in text)
    return "".join(chance.choice(".,'|;:~-_!il1/\\") if chance.random() < float(by) else one for one in text)


BAD_LAYERS = ("shift 1", "shift 3", "shift 13", "codes 3", "codes 29", "codes 50", "mixed", "private", "noise 0.35",
              "noise 0.5")  # fmt: skip


def _layers(corpus: Path, born: list[Read]) -> list[str]:
    pages = [page for one in born for page in one.reading.pages if page.text.strip() and page.part == 0]
    good = [text for name in ("id-wikipedia-qa", "en-cranfield") for text in texts(corpus, name)]
    noticed = sorted({one.path for one in born for page in one.reading.pages if illegible(page.text)})
    lines = [
        f"Of {len(good)} texts that can be read, {sum(illegible(text) for text in good)} are taken for noise; of "
        f"{len(pages)} pages of born-digital files those of: "
        + (", ".join(f"`{Path(name).name}`" for name in noticed) or "none")
        + ".",
        "",
        "Of 400 texts each spoiled as bad programs leave them:",
        "",
        "| spoiled by | noticed of 400 |",
        "| --- | ---: |",
    ]
    chance = random.Random(4)  # noqa: S311 # nosec B311 # a sample
    sample = [text for text in good if len(text) > 400]
    chance.shuffle(sample)
    for how in BAD_LAYERS:
        lines.append(f"| {how} | {sum(illegible(spoiled(text, how, chance)) for text in sample[:400])} |")
    return lines


def main(corpus: Path) -> None:
    """Write both pages."""
    read = reader()
    hostile = read_all(corpus, "hostile", read)
    read.close()  # only what has ended is counted
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    HOSTILE.write_text(hostile_page(hostile, peak), "utf-8")
    QUALITY.write_text(
        quality_page(corpus, read_all(corpus, "born-digital", read), read_all(corpus, "scanned", read)), "utf-8"
    )
    read.close()
    sys.stdout.write(f"{HOSTILE}\n{QUALITY}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else CORPUS)
