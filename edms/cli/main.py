"""`edms`: exits 0 on success, 1 on a negative verdict, 2 on usage or refused input, and says why in one line."""

import os
import sys
from pathlib import Path

import click

from edms.cli import documents, installation, retention, upkeep
from edms.cli.context import Context
from edms.core.config import ENVIRONMENT_FILE
from edms.core.errors import EdmsError


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="edms")
@click.option("--config", type=click.Path(path_type=Path, dir_okay=False), help="Configuration file (or EDMS_CONFIG).")
@click.pass_context
def edms(context: click.Context, config: Path | None) -> None:
    """Electronic document and records management for a city government."""
    named = config or (Path(os.environ[ENVIRONMENT_FILE]) if os.environ.get(ENVIRONMENT_FILE) else None)
    if named is None and Path("config.toml").exists():
        named = Path("config.toml")
    context.obj = Context(named)


for command in (*installation.COMMANDS, *documents.COMMANDS, *retention.COMMANDS, *upkeep.COMMANDS):
    edms.add_command(command)


def main() -> None:
    """Entry point of the `edms` program."""
    try:
        edms.main(standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.exceptions.Exit as leave:
        sys.exit(leave.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except EdmsError as error:
        click.echo(f"edms: {error}", err=True)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        sys.exit(1)


if __name__ == "__main__":
    main()
