"""Parameters of the chapter ``beyond_one_split``: it goes on with the problem of ``allocation``."""

from __future__ import annotations

from imagination.parameters import allocation


class Parameters(allocation.Parameters):
    """The problem whose growth, prices and inverse are shown."""
