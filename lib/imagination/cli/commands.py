"""The ``imagination`` command: finds the subcommand, turns a wrong request into one line and exit code 2."""

from __future__ import annotations

import sys
from importlib import import_module

import click

from imagination import __version__
from imagination.errors import RequestError, nearest

COMMANDS = {
    "run": "Run a chapter with parameters of your own.",
    "sweep": "Train students over a grid of sample sizes and seeds.",
    "fit": "Fit power laws to measured errors.",
    "plan": "Split a budget between dynamics samples and reward labels.",
    "build": "Execute the stale chapters and build the pages.",
    "parameters": "Write the chapters' parameter cells from their checked parameters.",
}


class Commands(click.Group):
    """Subcommands that are imported when called: ``imagination plan`` should not wait for torch."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List the subcommands in reading order."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command:
        """Import a subcommand.

        Raises:
            RequestError: if there is none of that name.
        """
        if name not in COMMANDS:
            raise RequestError(f"command {name!r} does not exist; {nearest(name, COMMANDS)}")
        found: click.Command = import_module(f"imagination.cli.{name}").command
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Print the list of subcommands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="imagination")
def cli() -> None:
    """Training in imagination: bounds, budgets and noise for learned models.

    Exit codes: 0 done; 2 the request is wrong (one line says how); 1 anything else.
    """


def run(arguments: list[str] | None = None) -> None:
    """Run the command line and exit."""
    try:
        cli.main(arguments, prog_name="imagination", standalone_mode=False)
    except RequestError as error:
        _end(str(error), 2)
    except click.UsageError as error:
        _end(str(RequestError(error.format_message())), 2)  # one clean line, whatever was given
    except (click.Abort, KeyboardInterrupt):
        _end("stopped", 130)
    except click.ClickException as error:
        _end(error.format_message(), 1)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)


def _end(message: str, code: int) -> None:
    click.echo(f"imagination: {message}", err=True)
    sys.exit(code)
