"""The ``imagination`` command, one module a subcommand."""

from imagination.cli.main import main

__all__ = ["main"]
