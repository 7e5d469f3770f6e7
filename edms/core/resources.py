"""Where the files that travel with the code lie: in a checkout beside `edms/`, installed inside it."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


def resource(name: str) -> Path:
    """Return the path of a shipped file or folder (`migrations`, `retention_rules`, `samples`, `synonyms`,
    `config.example.toml`).

    Raises FileNotFoundError when the installation is incomplete.
    """
    for base in (_PACKAGE / "_packaged", _PACKAGE.parent):
        candidate = base / name
        if candidate.exists():
            return candidate
    raise FileNotFoundError(f"the installation is incomplete: {name} is missing")
