"""Documents are tested: links lead somewhere, decisions are listed, commands and libraries are explained."""

import re
import tomllib
from pathlib import Path

import click
import pytest

from edms.cli.main import edms

ROOT = Path(__file__).resolve().parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md")), ROOT / "samples" / "README.md"]
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    targets = [target for target in LINK.findall(page.read_text("utf-8")) if "://" not in target]
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_every_decision_is_listed() -> None:
    folder = ROOT / "docs" / "adr"
    listed = set(LINK.findall((folder / "README.md").read_text("utf-8"))) - {"template.md"}
    assert listed == {path.name for path in folder.glob("[0-9]*.md")}


@pytest.mark.parametrize("page", sorted((ROOT / "docs" / "adr").glob("[0-9]*.md")), ids=lambda page: page.name)
def test_decisions_say_what_was_rejected(page: Path) -> None:
    text = page.read_text("utf-8")
    assert text.startswith(f"# {page.name[:4]}. ")
    assert re.search(r"^Status: (proposed|accepted|superseded by \d{4})$", text, re.MULTILINE)
    for heading in ("## Context", "## Decision", "## Rejected"):
        assert heading in text


def test_requirements_cited_exist() -> None:
    """Requirements are R1 to R88."""
    pages = [*PAGES, *(ROOT / "edms").rglob("*.py")]
    cited = {int(number) for page in pages for number in re.findall(r"\bR(\d{1,3})\b", page.read_text("utf-8"))}
    assert cited
    assert {number for number in cited if not 1 <= number <= 88} == set()


def commands(group: click.Group, path: str = "edms") -> list[tuple[str, click.Command]]:
    found: list[tuple[str, click.Command]] = []
    for name, command in sorted(group.commands.items()):
        if isinstance(command, click.Group):
            found += commands(command, f"{path} {name}")
        elif not command.hidden:
            found.append((f"{path} {name}", command))
    return found


@pytest.mark.parametrize(("path", "command"), commands(edms), ids=lambda value: value if isinstance(value, str) else "")
def test_every_command_is_documented(path: str, command: click.Command) -> None:
    manual = (ROOT / "docs" / "command-line.md").read_text("utf-8")
    assert path in manual
    assert command.help
    options = [
        option
        for parameter in command.params
        if isinstance(parameter, click.Option) and not parameter.hidden
        for option in parameter.opts
    ]
    assert [option for option in options if option.startswith("--") and option not in manual] == []


def names(lines: list[str]) -> set[str]:
    return {re.split(r"[\[>=<; ]", line)[0].lower() for line in lines}


def test_every_dependency_is_explained_and_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    page = (ROOT / "docs" / "dependencies.md").read_text("utf-8")
    for wanted, lock in (
        (names(project["project"]["dependencies"]), "requirements.lock"),
        (names(project["dependency-groups"]["dev"]), "requirements-dev.lock"),
    ):
        assert {name for name in wanted if f"`{name}`" not in page} == set()
        text = (ROOT / lock).read_text("utf-8")
        pinned = {line.split("==")[0] for line in text.splitlines() if "==" in line}
        assert wanted <= pinned
        blocks = re.split(r"\n(?=\S)", text)
        assert [block[:40] for block in blocks if "==" in block and "--hash=sha256:" not in block] == []


def test_both_locks_agree() -> None:
    def versions(lock: str) -> dict[str, str]:
        text = (ROOT / lock).read_text("utf-8")
        return dict(re.findall(r"^([A-Za-z0-9._-]+)==(\S+)", text, re.MULTILINE))

    run, test = versions("requirements.lock"), versions("requirements-dev.lock")
    assert run.items() <= test.items()
