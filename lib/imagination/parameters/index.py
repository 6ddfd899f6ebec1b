"""The index has no parameters."""

from imagination.parameters import ChapterParameters

__all__ = ["Parameters"]


class Parameters(ChapterParameters):
    """None."""
