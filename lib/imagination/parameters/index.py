"""The index has no parameters."""

from imagination.parameters import ChapterParameters


class Parameters(ChapterParameters):
    """None."""
