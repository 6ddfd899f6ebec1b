"""The one error that means "the request is wrong", and the line it says."""

from __future__ import annotations

import difflib
import reprlib
from collections.abc import Iterable

LONGEST = 600
"""Characters of a message; a longer one is cut in the middle, so that what to try is still read."""


class RequestError(ValueError):
    """The request is wrong; the message is one line: what was given, what is allowed, what to try.

    The command line prints it on stderr and exits with code 2. What was given may come from a file of somebody else:
    control characters (terminal escapes among them) become spaces, and a long message is cut.
    """

    def __init__(self, message: str):
        line = " ".join("".join(c if c.isprintable() else " " for c in message).split())
        if len(line) > LONGEST:
            line = f"{line[: LONGEST // 2]} … {line[-LONGEST // 2 :]}"
        super().__init__(line)


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


class _Short(reprlib.Repr):
    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxother = 60
        self.maxlevel = 3

    def repr_int(self, x: int, level: int) -> str:
        # Python refuses to print a number of more than 4300 digits.
        return f"a number of {x.bit_length()} bits" if abs(x) >= 10**40 else repr(x)


def shown(value: object) -> str:
    """``repr`` for an error message: never long, and never an error itself.

    Example:
        >>> shown("a" * 1000), shown(10**5000)[:16], shown([1, 2])
        ("'aaaaaaaaaaaaaaaaaaaaaaaaaaa...aaaaaaaaaaaaaaaaaaaaaaaaaaaa'", 'a number of 1661', '[1, 2]')
    """
    try:
        return _Short().repr(value)
    except Exception:  # a foreign object whose own repr fails
        return f"a {type(value).__name__}"


def nearest(word: str, known: Iterable[str]) -> str:
    """Say which known words come nearest to an unknown one, for an error message.

    Example:
        >>> nearest("n_seed", ["anchors", "n_seeds", "epochs"])
        'did you mean n_seeds?'
        >>> nearest("zzz", ["anchors", "epochs"])
        'known: anchors, epochs'
    """
    known = sorted(known)
    close = difflib.get_close_matches(word[:100], known, n=3)
    return f"did you mean {' or '.join(close)}?" if close else f"known: {', '.join(known) or 'none'}"
