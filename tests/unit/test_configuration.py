"""Wrong settings: each gives one clear line that names file or variable, setting, and what to do; exit status 2."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from edms.core.config import load_settings
from edms.core.errors import ConfigurationError
from edms.core.settings import Settings

ROOT = Path(__file__).resolve().parents[2]


def written(folder: Path, text: str) -> Path:
    file = folder / "config.toml"
    file.write_text(text, "utf-8")
    return file


WRONG = {
    "wrong type": ('[server]\nport = "eight"', ("server.port", "must be a whole number")),
    "fraction": ("[worker]\nprocesses = 1.5", ("worker.processes", "must be a whole number")),
    "out of range": ("[server]\nport = 70000", ("server.port", "less than or equal to 65535")),
    "number for a path": ("[storage]\npath = 7", ("storage.path", "must be a path in quotes")),
    "number for text": ("[archive]\nname = 7", ("archive.name", "must be text in quotes")),
    "unknown setting": ("[server]\nprot = 8080", ("server.prot", "there is no such setting")),
    "unknown section": ("[sever]\nport = 8080", ("sever", "there is no such setting")),
    "setting outside a section": ("port = 8080", ("port", "there is no such setting")),
    "section that is a value": ("server = 8080", ("server", "must be a section")),
    "unknown choice": ('[text]\nocr = "maybe"', ("text.ocr", "'auto' or 'off'")),
    "time zone": ('[archive]\ntime_zone = "Mars/Olympus"', ("archive.time_zone", "no time zone 'Mars/Olympus'")),
    "path as time zone": ('[archive]\ntime_zone = "../../etc"', ("archive.time_zone", "no time zone")),
    "day of no year": ('[retention]\nfiscal_year_end = "13-45"', ("retention.fiscal_year_end", "13-45 is not a day")),
    "leap day": ('[retention]\nfiscal_year_end = "02-29"', ("retention.fiscal_year_end", "02-29 is not a day")),
    "not a web address": ('[signing]\ntimestamp_url = "file:///etc"', ("signing.timestamp_url", "http:// or https://")),
    "rules that are not there": ('[retention]\nrules = "jra"', ("retention.rules", "there is no folder", "jra")),
    "not TOML": ("[server\nport = 1", ("is not TOML", "line 1", "config.example.toml")),
    "too deep": (f"server = {'[' * 5000}{']' * 5000}", ("is not TOML", "too deep")),
    "a number of 5,000 digits": (f"[capture]\nmax_file_bytes = {'9' * 5000}", ("is not TOML", "4300 digits")),
    "a number beyond all": (f"[capture]\nmax_file_bytes = 0x{'f' * 5000}", ("max_file_bytes", "must not be beyond")),
    "twice": ("[server]\nport = 1\nport = 2\n# end", ("is not TOML", "line 3")),
}


@pytest.mark.parametrize(("text", "named"), WRONG.values(), ids=WRONG)
def test_a_wrong_file_is_named_with_setting_and_reason(tmp_path: Path, text: str, named: tuple[str, ...]) -> None:
    file = written(tmp_path, text)
    with pytest.raises(ConfigurationError) as caught:
        load_settings(file, {})
    message = str(caught.value)
    assert caught.value.exit_code == 2
    assert caught.value.mend
    assert "\n" not in message
    assert "pydantic" not in message
    for word in named:
        assert word in message
    if "no folder" not in message:
        assert str(file) in message


def test_every_mistake_is_named_at_once(tmp_path: Path) -> None:
    file = written(tmp_path, '[server]\nport = "x"\n[worker]\nprocesses = 0\n[nothing]\n')
    with pytest.raises(ConfigurationError) as caught:
        load_settings(file, {})
    for word in ("server.port", "worker.processes", "nothing"):
        assert word in str(caught.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"there is no configuration file .*copy config\.example\.toml"):
        load_settings(tmp_path / "none.toml", {})


def test_a_folder_instead_of_a_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read: Is a directory"):
        load_settings(tmp_path, {})


def test_a_file_in_another_encoding(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_bytes('[archive]\nname = "Ké"'.encode("latin-1"))
    with pytest.raises(ConfigurationError, match="it is not UTF-8"):
        load_settings(tmp_path / "config.toml", {})


def test_relative_paths_start_from_the_folder_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "rules").mkdir()
    file = written(tmp_path, '[storage]\npath = "data"\n[keys]\npath = "../keys"\n[retention]\nrules = "rules"')
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    for named in (file, Path("../config.toml")):
        settings = load_settings(named, {})
        assert settings.storage.path == tmp_path / "data"
        assert settings.keys_path.resolve() == tmp_path.parent / "keys"
        assert settings.retention.rules == tmp_path / "rules"


def test_absolute_paths_stay(tmp_path: Path) -> None:
    settings = load_settings(written(tmp_path, '[storage]\npath = "/srv/archive"'), {})
    assert settings.storage.path == Path("/srv/archive")
    assert settings.keys_path == Path("/srv/archive/keys")


def test_without_a_file_the_defaults_serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_settings(None, {}) == Settings().rooted_at(tmp_path)


def test_the_environment_wins_and_is_read_as_the_setting_asks(tmp_path: Path) -> None:
    file = written(tmp_path, '[server]\nport = 1\n[archive]\nname = "Kota"')
    settings = load_settings(
        file,
        {
            "EDMS_SERVER__PORT": "8081",
            "EDMS_WORKER__POLL_SECONDS": "0.25",
            "EDMS_ARCHIVE__NAME": "2026",  # a name that looks like a number is a name
            "EDMS_ARCHIVE__ORGANISATION": '"Pemerintah Kota"',
            "EDMS_STORAGE__PATH": "/srv/other",
            "EDMS_KEYS__PATH": "",
            "EDMS_CONFIG": "ignored here",
            "HOME__PORT": "not ours",
        },
    )
    assert (settings.server.port, settings.worker.poll_seconds) == (8081, 0.25)
    assert (settings.archive.name, settings.archive.organisation) == ("2026", "Pemerintah Kota")
    assert settings.keys_path == Path("/srv/other/keys")


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("EDMS_SERVER__PORT", "eight", "must be a whole number"),
        ("EDMS_SERVER__PROT", "1", "there is no such setting"),
        ("EDMS_NOTHING__PORT", "1", "there is no such setting"),
        ("EDMS_ARCHIVE__COUNTRY", "Indonesia", "should match"),
        ("EDMS_SERVER__PORT", "[" * 5000, "must be a whole number"),
        ("EDMS_CAPTURE__MAX_FILE_BYTES", "9" * 40, "must not be beyond"),
    ],
    ids=lambda value: value[:30],
)
def test_a_wrong_variable_is_named_itself(tmp_path: Path, name: str, value: str, reason: str) -> None:
    file = written(tmp_path, "[server]\nport = 1")
    with pytest.raises(ConfigurationError) as caught:
        load_settings(file, {name: value})
    assert str(caught.value).startswith(f"{name}: ")
    assert reason in str(caught.value)
    assert str(file) not in str(caught.value)


def test_a_variable_cannot_turn_a_value_into_a_section(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="EDMS_SERVER__PORT cannot override it"):
        load_settings(written(tmp_path, "server = 1"), {"EDMS_SERVER__PORT": "2"})


def test_the_example_is_a_whole_configuration(tmp_path: Path) -> None:
    shutil.copy(ROOT / "config.example.toml", tmp_path / "config.toml")
    assert load_settings(tmp_path / "config.toml", {}) == Settings().rooted_at(tmp_path)


def console(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "edms.cli.main", *arguments]
    return subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, check=False, timeout=120
    )


def test_the_console_says_it_in_one_line_and_exits_2(tmp_path: Path) -> None:
    file = written(tmp_path, "[server]\nport = 70000")
    for done in (console("--config", str(file), "doctor"), console("doctor", EDMS_CONFIG=str(file))):
        assert done.returncode == 2
        assert done.stdout == ""
        assert done.stderr.count("\n") == 1
        assert done.stderr.startswith("edms: ")
        assert "server.port" in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody who may not read")
def test_a_file_that_may_not_be_read() -> None:
    """Read by a child process that has given its rights away."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        file = written(Path(name), "[server]\nport = 1")
        file.chmod(0)
        child = os.fork()
        if child == 0:
            status = 1
            try:
                os.setgroups([])
                os.setgid(65534)
                os.setuid(65534)
                load_settings(file, {})
            except ConfigurationError as error:
                status = 0 if "cannot be read: Permission denied" in str(error) and error.mend else 2
            finally:
                os._exit(status)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
