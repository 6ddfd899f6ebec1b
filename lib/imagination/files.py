"""Files that are complete or absent: written beside their place, forced to the disk, then moved there."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from imagination.errors import RequestError, require

SMALL = 1_000_000
"""Bytes that a file of settings may have."""

PROBE = 2_000_000
"""Bytes that must fit on the disk before a long run begins."""

_unfinished: set[Path] = set()
"""Files being written at this moment, for the one who ends the process: see :func:`discard_unfinished`."""


class StorageError(Exception):
    """A file could not be written, for a reason that lies with the system; the message is one line."""


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file so that it is complete or absent, also after a power cut; text is UTF-8 with plain line ends.

    Raises:
        StorageError: naming the file, if the system refuses (disk full, no permission).

    Example:
        >>> import tempfile
        >>> write_whole(Path(tempfile.mkdtemp()) / "a.txt", "whole")
    """
    beside = path.with_name(f".{path.name}.part")
    data = content.encode() if isinstance(content, str) else content
    _unfinished.add(beside)
    try:
        with beside.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except OSError as error:
        raise StorageError(f"cannot write {path}: {error.strerror or error}") from None
    finally:
        discard_unfinished(beside)


def discard_unfinished(only: Path | None = None) -> None:
    """Remove what a write has left beside its place: of one file, or of all when the process is about to end."""
    for path in [only] if only else list(_unfinished):
        with suppress(OSError):  # the disk that refused the write may refuse this too
            path.unlink(missing_ok=True)
        _unfinished.discard(path)


def check_writable(option: str, path: Path, *, kept: Path | None = None) -> None:
    """Refuse an output file that can't be written, before the work whose result it is to hold.

    Args:
        option: what the user calls it, as "--out".
        path: the file.
        kept: a folder into which nothing may be written: the committed references.

    Raises:
        RequestError: if it would lie in ``kept``, its folder does not exist, it is a folder, its name is too long or
            impossible, or the disk is read-only or full.
    """
    try:
        require(not path.is_dir(), f"{option} {path} is a folder; name a file in it")
        require(path.parent.is_dir(), f"{option} {path} is not allowed: the file must lie in a folder that exists")
        inside = kept is not None and path.resolve().parent == kept.resolve()
        require(
            not inside, f"{option} {path} is not allowed: that folder holds the committed references; write elsewhere"
        )
        beside = path.with_name(f".{path.name}.part")
        try:
            with beside.open("wb") as file:
                file.write(bytes(PROBE))
                file.flush()
                os.fsync(file.fileno())
        finally:
            beside.unlink(missing_ok=True)
    except (OSError, ValueError) as error:
        if isinstance(error, RequestError):
            raise
        why = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise RequestError(f"{option} {path} can't be written: {why}; name another place") from None


def read_small_text(option: str, path: Path) -> str:
    """The text of a small regular file that a user named.

    Raises:
        RequestError: if it does not exist, is no regular file, is larger than a megabyte, or is not UTF-8.
    """
    try:
        require(path.is_file(), f"{option} {path} can't be read: there is no such file")
        size = path.stat().st_size
        require(size <= SMALL, f"{option} {path} has {size} bytes; a file of settings has at most {SMALL}")
        return path.read_text("utf-8-sig")
    except (OSError, ValueError) as error:
        if isinstance(error, RequestError):
            raise
        why = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise RequestError(f"{option} {path} can't be read: {why}") from None
