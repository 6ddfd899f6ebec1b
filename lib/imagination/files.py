"""Files that are complete or absent: written beside their place, forced to the disk, then moved there."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["StorageError", "write_whole"]


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
    try:
        with beside.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise StorageError(f"cannot write {path}: {error.strerror or error}") from None
