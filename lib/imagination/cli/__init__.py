"""The ``imagination`` command, one module a subcommand."""

from __future__ import annotations

from imagination.cli.stop import stop_on_signals


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit: 0 done, 2 the request is wrong, 130 stopped, 1 anything else.

    Where this is a process of its own, Ctrl-C is looked after before anything else is loaded.
    """
    if arguments is None:
        stop_on_signals()
    from imagination.cli.commands import run

    run(arguments)
