"""The manual and the README are true: their synopsis is the program's, and their examples run as they are printed."""

import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import click
import pytest
from archive_fixtures import pdf
from console import Console

from edms.cli.main import edms

ROOT = Path(__file__).resolve().parents[2]
MANUAL = ROOT / "docs" / "command-line.md"
README = ROOT / "README.md"
OPTION = re.compile(r"--[a-z0-9-]+")


@cache
def synopsis() -> dict[str, set[str]]:
    """Return the options that the manual's indented lines show for each command."""
    shown: dict[str, set[str]] = {}
    for line in MANUAL.read_text("utf-8").splitlines():
        if line.startswith("    edms ") and "[--config FILE]" not in line:
            path = resolve(line.split("#")[0].split()[1:])
            shown.setdefault(path, set()).update(OPTION.findall(line.split("#")[0]))
    return shown


def resolve(words: list[str]) -> str:
    """Return the path of the command that `words` begin with; fails when there is none."""
    command: click.Command = edms
    path = []
    for word in words:
        if not isinstance(command, click.Group):
            break
        command = command.commands[word]
        path.append(word)
    return " ".join(path)


@cache
def program() -> dict[str, set[str]]:
    def walk(group: click.Group, path: str) -> Iterator[tuple[str, click.Command]]:
        for name, command in group.commands.items():
            if isinstance(command, click.Group):
                yield from walk(command, f"{path}{name} ")
            elif not command.hidden:
                yield f"{path}{name}", command

    return {
        path: {
            option
            for one in command.params
            if isinstance(one, click.Option) and not one.hidden
            for option in (*one.opts, *one.secondary_opts)
        }
        for path, command in walk(edms, "")
    }


@pytest.mark.parametrize("path", sorted(program()))
def test_the_synopsis_shows_every_option_and_no_other(path: str) -> None:
    assert synopsis().get(path) == program()[path]


def block(heading: str) -> list[str]:
    """Return the commands of the README's first indented block below `heading`, without their comments."""
    below = README.read_text("utf-8").split(f"## {heading}\n", 1)[1].split("\n## ")[0]
    found = re.search(r"(?:^    .+\n)+", below, re.MULTILINE)
    assert found
    return [line.split("  #")[0].strip() for line in found[0].splitlines()]


def test_a_minute_with_it(console: Console, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = tmp_path / "somewhere"
    (folder / "letters").mkdir(parents=True)
    (folder / "letters" / "edaran.pdf").write_bytes(pdf("Pelaksanaan imunisasi polio di puskesmas"))
    monkeypatch.chdir(folder)
    commands = block("A minute with it")
    assert len(commands) >= 7
    record = ""
    for command in commands:
        words = [record if word == "ID" else word for word in shlex.split(command)]
        target = words[words.index(">") + 1] if ">" in words else None
        words = words[: words.index(">")] if target else words
        assert words[0] == "edms"
        done = console(*words[1:])
        assert (done.status, done.err) == (0, ""), (command, done)
        if target:
            (folder / target).write_text(done.out, "utf-8")
        if words[1] == "ingest":
            assert done.out.startswith("declared")
            record = done.out.split()[1]
        if words[1] == "search":
            assert done.out.startswith("1 found")
    assert record


def test_without_make(bare: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    """What stands between `pip install` and `serve`; a file stands for the person who types the passphrase."""
    typed = bare.home / "typed"
    typed.write_text("empat kata yang acak", "utf-8")
    typed.chmod(0o600)
    monkeypatch.setenv("EDMS_KEYS__UNLOCK", f"file:{typed}")
    for command in block("Without make"):
        words = shlex.split(command)
        if words[:1] == ["edms"] and words[1] != "serve":
            assert bare(*words[1:]).status == 0, command
    assert bare("search", "apa", "--as", "siti").status == 0


def test_the_keys_are_moved_as_doctor_and_manual_say(console: Console, tmp_path: Path) -> None:
    def warnings() -> str:
        return " ".join(finding["what"] for finding in console("doctor", "--json").json["findings"])

    assert "the keys lie beside the data" in warnings()
    medium = tmp_path / "medium"
    medium.mkdir()
    (console.home / "storage" / "keys").rename(medium / "edms")
    console("doctor").refused(1, "the key file is missing", "restore")
    console.config.write_text(f'[keys]\npath = "{medium / "edms"}"\n', "utf-8")
    assert "the keys lie beside the data" not in warnings()
    assert console("verify", "--all").status == 0
    assert console("init", "--json").json["created"] is False
    assert not (console.home / "storage" / "keys").exists()
