"""`tools/prepare.sh` on machines that lack something, each made of a PATH with just the programs it has.

The package manager and pip are recorders here, since no test may install packages on the machine it runs on; everything
else that the script calls is real.
"""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ("bash", "cat", "cp", "sha256sum", "cut", "dirname", "grep", "env", "mkdir", "rm", "true")
PYTHON = """#!/bin/bash
# A Python of version {version}; pip and venv say what they were asked for, everything else is the real one.
case "$*" in
  *version_info*) [ {version} -ge 311 ]; exit ;;
  *ensurepip*) [ {ensurepip} = yes ] || [ -e "{home}/python3-venv" ]; exit ;;
  "-m venv"*)
    echo "venv" >>"{home}/calls"
    place=$3 && [ "$place" != --clear ] || place=$4
    mkdir -p "$place/bin" && cat "$0" >"$place/bin/python" && chmod +x "$place/bin/python"
    exit ;;
  "-m pip --version") exit 0 ;;
  "-m pip"*) echo "pip $*" >>"{home}/calls"; [ ! -e "{home}/no-network" ]; exit ;;
  *) exec {real} "$@" ;;
esac
"""
APT = """#!/bin/bash
echo "apt-get $*" >>"{home}/calls"
case "$*" in *python3-venv*) : >"{home}/python3-venv" ;; esac
[ ! -e "{home}/no-network" ]
"""
TESSERACT = "#!/bin/bash\nprintf 'List:\\neng\\nind\\n'\n"


@dataclass
class Machine:
    """A clone below `home` and the programs in `programs`."""

    home: Path
    programs: Path

    def has(self, name: str, script: str) -> None:
        (self.programs / name).write_text(script.replace("{home}", str(self.home)), "utf-8")
        (self.programs / name).chmod(0o755)

    def python(self, version: int = 311, ensurepip: str = "yes") -> None:
        self.has("python3", PYTHON.format(version=version, ensurepip=ensurepip, home=self.home, real=sys.executable))

    def user(self, number: int) -> None:
        self.has("id", f"#!/bin/bash\necho {number}\n")

    def prepare(self, purpose: str = "run", **environment: str) -> subprocess.CompletedProcess[str]:
        script = self.home / "clone" / "tools" / "prepare.sh"
        chosen = {"PATH": str(self.programs), "HOME": str(self.home), **environment}
        return subprocess.run(
            [self.programs / "bash", script, purpose],
            env=chosen,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    @property
    def calls(self) -> list[str]:
        file = self.home / "calls"
        return file.read_text("utf-8").splitlines() if file.exists() else []


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine of root's with Python, a package manager and text recognition."""
    made = Machine(tmp_path, tmp_path / "programs")
    made.programs.mkdir()
    for tool in TOOLS:
        real = shutil.which(tool)
        assert real
        (made.programs / tool).symlink_to(real)
    made.has("chmod", f'#!/bin/bash\nexec {shutil.which("chmod")} "$@"\n')
    (tmp_path / "clone" / "tools").mkdir(parents=True)
    shutil.copy(ROOT / "tools" / "prepare.sh", tmp_path / "clone" / "tools")
    for name in ("requirements.lock", "requirements-dev.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path / "clone")
    for name in ("js", "judges"):
        shutil.copytree(ROOT / "tools" / name, tmp_path / "clone" / "tools" / name)
    made.python()
    made.user(0)
    made.has("apt-get", APT)
    made.has("tesseract", TESSERACT)
    return made


def test_a_machine_that_lacks_nothing_gets_the_locked_packages_only(machine: Machine) -> None:
    assert machine.prepare().returncode == 0
    venv, locked, own = machine.calls
    assert venv == "venv"
    assert "--require-hashes -r requirements.lock" in locked
    assert "--no-deps" in own
    assert "--no-index" in own


def test_the_second_time_does_nothing(machine: Machine) -> None:
    machine.prepare()
    before = machine.calls
    assert machine.prepare().stdout == ""
    assert machine.calls == before


def test_tests_need_more_and_what_is_there_for_tests_serves_to_run(machine: Machine) -> None:
    machine.prepare("run")
    machine.prepare("test")
    assert "-r requirements-dev.lock" in machine.calls[-2]
    before = len(machine.calls)
    machine.prepare("run")
    assert len(machine.calls) == before
    (machine.home / "clone" / "requirements.lock").write_text("# changed\n", "utf-8")
    machine.prepare("run")
    assert len(machine.calls) == before + 2


def test_what_is_there_for_lint_does_not_serve_the_tests(machine: Machine) -> None:
    machine.prepare("lint")
    assert not any("tools/judges" in call for call in machine.calls)
    before = len(machine.calls)
    machine.prepare("run")
    assert len(machine.calls) == before
    machine.prepare("test")
    assert any("-r tools/judges/requirements.lock" in call for call in machine.calls[before:])
    after = len(machine.calls)
    for purpose in ("lint", "run", "test"):
        machine.prepare(purpose)
    assert all(call.startswith("apt-get") for call in machine.calls[after:])


def test_root_gets_system_packages_installed(machine: Machine) -> None:
    (machine.programs / "tesseract").unlink()
    done = machine.prepare()
    assert done.returncode == 0
    assert "installing: tesseract-ocr tesseract-ocr-ind tesseract-ocr-eng" in done.stdout
    assert any(call.startswith("apt-get install -y") and "tesseract-ocr-ind" in call for call in machine.calls)


def test_a_language_that_lacks_is_enough_to_install(machine: Machine) -> None:
    machine.has("tesseract", TESSERACT.replace("ind", "deu"))
    assert "tesseract-ocr-ind" in machine.prepare().stdout


@pytest.mark.parametrize("sudo", ["none", "wants a password"])
def test_others_get_one_line_and_go_on(machine: Machine, sudo: str) -> None:
    machine.user(1000)
    (machine.programs / "tesseract").unlink()
    if sudo != "none":
        machine.has("sudo", "#!/bin/bash\nexit 1\n")
    done = machine.prepare()
    assert done.returncode == 0
    assert done.stderr.count("\n") == 1
    assert "apt-get install tesseract-ocr tesseract-ocr-ind" in done.stderr
    assert "scans are not recognised" in done.stderr
    assert not any(call.startswith("apt-get") for call in machine.calls)
    assert any("--require-hashes" in call for call in machine.calls)


def test_programs_in_javascript_come_by_their_digests_and_for_tests_alone(machine: Machine) -> None:
    machine.has("npm", '#!/bin/bash\necho "npm $*" >>"{home}/calls"\n')
    machine.prepare("run")
    assert not any(call.startswith("npm") for call in machine.calls)
    machine.prepare("test")
    (fetched,) = [call for call in machine.calls if call.startswith("npm")]
    assert fetched.startswith("npm ci ")
    assert "--ignore-scripts" in fetched
    js = machine.home / "clone" / ".venv" / "js"
    assert (js / "package-lock.json").read_text("utf-8") == (ROOT / "tools/js/package-lock.json").read_text("utf-8")
    (machine.home / "clone" / "tools" / "js" / "package-lock.json").write_text("{}", "utf-8")
    machine.prepare("test")
    assert sum(call.startswith("npm") for call in machine.calls) == 2, "another lock file is fetched anew"


def test_every_program_in_javascript_has_its_digest() -> None:
    packages = json.loads((ROOT / "tools" / "js" / "package-lock.json").read_text("utf-8"))["packages"]
    assert {"node_modules/oidc-provider", "node_modules/tus-js-client"} <= packages.keys()
    assert [
        name for name, told in packages.items() if name and not told.get("integrity", "").startswith("sha512-")
    ] == []


def test_others_with_sudo_get_them_installed(machine: Machine) -> None:
    machine.user(1000)
    (machine.programs / "tesseract").unlink()
    machine.has("sudo", '#!/bin/bash\necho "sudo $*" >>"{home}/calls"\nshift\nexec "$@"\n')
    assert machine.prepare().returncode == 0
    assert any(call.startswith("sudo -n env DEBIAN_FRONTEND=noninteractive apt-get install") for call in machine.calls)
    assert any(call.startswith("apt-get install") for call in machine.calls)


def test_packages_that_cannot_be_had_are_said_and_it_goes_on(machine: Machine) -> None:
    (machine.programs / "tesseract").unlink()
    machine.has("apt-get", "#!/bin/bash\nexit 100\n")
    done = machine.prepare()
    assert done.returncode == 0
    assert "could not be installed: tesseract-ocr tesseract-ocr-ind tesseract-ocr-eng; going on without" in done.stderr


def test_one_package_that_is_not_known_keeps_no_other_away(machine: Machine) -> None:
    (machine.programs / "tesseract").unlink()
    machine.has("apt-get", APT.replace("[ ! -e", 'case "$*" in *-ind*) exit 100 ;; esac; [ ! -e'))
    done = machine.prepare()
    assert "could not be installed: tesseract-ocr-ind; going on without" in done.stderr
    assert machine.calls[2].endswith("-qq tesseract-ocr")
    assert machine.calls[4].endswith("-qq tesseract-ocr-eng")


@pytest.mark.parametrize(
    ("there", "offered", "wanted"),
    [
        (["chromium-headless-shell"], True, None), (["chromium"], True, "chromium-headless-shell"),
        (["chromium"], False, None), ([], True, "chromium-headless-shell"), ([], False, "chromium"),
    ],
)  # fmt: skip
def test_the_browser_without_a_window_is_had_where_it_is_offered(
    machine: Machine, there: list[str], offered: bool, wanted: str | None
) -> None:
    for name in there:
        machine.has(name, "#!/bin/bash\n")
    machine.has("apt-cache", f"#!/bin/bash\nexit {0 if offered else 100}\n")
    lists = machine.home / "lists"
    lists.mkdir()
    (lists / "debian_Packages.lz4").touch()
    machine.prepare("test", APT_LISTS=str(lists))
    asked = {name for call in machine.calls for name in call.split() if name.startswith("chromium")}
    assert asked == ({wanted} if wanted else set())


def test_a_browser_that_is_not_to_be_had_is_another(machine: Machine) -> None:
    machine.has("apt-get", APT.replace("[ ! -e", 'case "$*" in *headless*) exit 100 ;; esac; [ ! -e'))
    done = machine.prepare("test", APT_LISTS=str(machine.home / "none"))
    assert done.returncode == 0
    assert "chromium" not in done.stderr
    assert any(call.endswith("-qq chromium") for call in machine.calls)


def test_an_old_python(machine: Machine) -> None:
    machine.python(version=309)
    done = machine.prepare()
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "Python 3.11 or newer" in done.stderr
    assert "PYTHON=" in done.stderr
    assert machine.calls == []


def test_no_python(machine: Machine) -> None:
    (machine.programs / "python3").unlink()
    done = machine.prepare()
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "there is no python3" in done.stderr


def test_another_python_is_taken_by_name(machine: Machine) -> None:
    (machine.programs / "python3").rename(machine.programs / "python3.12")
    assert machine.prepare(PYTHON="python3.12").returncode == 0


def test_python_without_venv(machine: Machine) -> None:
    machine.python(ensurepip="no")
    assert machine.prepare().returncode == 0
    assert any("python3-venv" in call for call in machine.calls)


def test_python_without_venv_that_cannot_be_installed(machine: Machine) -> None:
    machine.python(ensurepip="no")
    machine.user(1000)
    done = machine.prepare()
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].endswith("as root: apt-get install python3-venv")
    assert machine.calls == []


def test_broken_off_it_starts_again_where_it_was(machine: Machine) -> None:
    (machine.home / "no-network").touch()
    assert machine.prepare().returncode != 0
    (machine.home / "no-network").unlink()
    assert machine.prepare().returncode == 0
    assert machine.calls.count("venv") == 1
    assert (machine.home / "clone" / ".venv" / ".prepared").exists()


def test_an_environment_whose_python_has_gone_is_made_anew(machine: Machine) -> None:
    machine.prepare()
    python = machine.home / "clone" / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to("/nowhere/python3")
    python.unlink()
    assert machine.prepare().returncode == 0
    assert machine.calls.count("venv") == 2


def test_it_is_run_from_anywhere(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    assert machine.prepare().returncode == 0
    assert (machine.home / "clone" / ".venv").is_dir()
    assert not os.path.lexists("/.venv")
