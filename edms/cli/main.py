"""`edms`: exits 0 on success, 1 on a negative verdict, 2 on usage or refused input, and says why in one line."""

import os
import sys
from pathlib import Path

from edms.core.loading import undisturbed

with undisturbed():
    import click

    from edms.cli.context import Context
    from edms.cli.rooms import Rooms
    from edms.core.config import ENVIRONMENT_FILE
    from edms.core.errors import EdmsError
    from edms.core.logs import log_to_standard_error


@click.group(commands=Rooms(), context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="edms")
@click.option("--config", type=click.Path(path_type=Path, dir_okay=False), help="Configuration file (or EDMS_CONFIG).")
@click.pass_context
def edms(context: click.Context, config: Path | None) -> None:
    """Electronic document and records management for a city government."""
    named = config or (Path(os.environ[ENVIRONMENT_FILE]) if os.environ.get(ENVIRONMENT_FILE) else None)
    if named is None and Path("config.toml").exists():
        named = Path("config.toml")
    context.obj = Context(named)
    context.call_on_close(context.obj.close)


def main() -> None:
    """Entry point of the `edms` program."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command and return its exit status; whatever is wrong is said in one line on stderr."""
    log_to_standard_error()
    try:
        # Without standalone mode, click returns the status of `Exit` instead of ending the process with it.
        status = edms.main(arguments, prog_name="edms", standalone_mode=False)
        sys.stdout.flush()  # here, where a reader that has gone is still ours to deal with
        return status if isinstance(status, int) else 0
    except click.exceptions.Abort:
        return 130
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return 2
    except click.ClickException as error:
        return _refuse(_one_line(error), 2)
    except EdmsError as error:
        return _refuse(str(error), error.exit_code)
    except BrokenPipeError:
        return _reader_gone()
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return _refuse(f"{where}{error.strerror or error}", 1)


def _one_line(error: click.ClickException) -> str:
    """What click would print on four lines: the fault, and where to read on."""
    message = error.format_message().rstrip(".")
    path = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else "edms"
    return f"{message} (see: {path} --help)"


def _refuse(message: str, status: int) -> int:
    click.echo(f"edms: {' '.join(message.split())}", err=True)
    return status


def _reader_gone() -> int:
    """Whoever read our output has gone (`edms ... | head`): end quietly, without a second fault when Python flushes."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1


if __name__ == "__main__":
    main()
