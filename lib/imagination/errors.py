"""The one error that means "the request is wrong", and the line it says."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = ["RequestError", "nearest", "require"]


class RequestError(ValueError):
    """The request is wrong; the message is one line: what was given, what is allowed, what to try.

    The command line prints it on stderr and exits with code 2.
    """

    def __init__(self, message: str):
        super().__init__(" ".join(message.split()))


def require(condition: object, message: str) -> None:
    """Raise :class:`RequestError` with ``message`` unless ``condition`` is true.

    Args:
        condition: anything; its truth value decides. NaN comparisons are false, so NaN is refused by a range check.
        message: what was given, what is allowed, what to try.

    Raises:
        RequestError: if the condition is false.

    Example:
        >>> require(0 <= 0.9 < 1, "gamma = 0.9")
        >>> require(0 <= 1.2 < 1, "gamma = 1.2 is not allowed: it must lie in [0, 1); try 0.95")
        Traceback (most recent call last):
        imagination.errors.RequestError: gamma = 1.2 is not allowed: it must lie in [0, 1); try 0.95
    """
    if not condition:
        raise RequestError(message)


def nearest(word: str, known: Iterable[str]) -> str:
    """Say which known words come nearest to an unknown one, for an error message.

    Example:
        >>> nearest("n_seed", ["anchors", "n_seeds", "epochs"])
        'did you mean n_seeds?'
        >>> nearest("zzz", ["anchors", "epochs"])
        'known: anchors, epochs'
    """
    known = sorted(known)
    close = difflib.get_close_matches(word, known, n=3)
    return f"did you mean {' or '.join(close)}?" if close else f"known: {', '.join(known) or 'none'}"
