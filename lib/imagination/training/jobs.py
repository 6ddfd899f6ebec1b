"""The folder of a sweep: what is finished stays finished, whatever happens to the process or to the disk.

    sweep.json            the settings; a sweep with others is refused
    blocks/*.json         one shard for each finished block, with a checksum
    sessions/*.json       one for each time the sweep was started: code, device, threads
    errors.csv            the result and
    provenance.json       its origin, both written when the last block is in
    .lock                 held by the process at work

Each file is written beside its place, forced to the disk, and moved there: it is complete or absent.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from imagination.errors import RequestError, require

__all__ = ["StorageError", "SweepFolder"]

COLUMNS = "head,n,seed,mse,train_mse,steps"


class StorageError(Exception):
    """A file of the sweep could not be written. Finished blocks are kept."""


def _canonical(content: Any) -> str:
    return json.dumps(content, sort_keys=True, allow_nan=False)


def _digest(content: Any) -> str:
    return hashlib.sha256(_canonical(content).encode()).hexdigest()


def write_file(path: Path, text: str) -> None:
    """Write a file so that it is complete or absent, also after a power cut.

    Raises:
        StorageError: naming the file, if the system refuses (disk full, no permission).
    """
    beside = path.with_name(f".{path.name}.part")
    try:
        with beside.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        why = error.strerror or error
        raise StorageError(
            f"cannot write {path}: {why}; finished blocks are kept: make room, then start again with the same arguments"
        ) from None


class SweepFolder:
    """One sweep's folder, locked while the context is entered.

    Args:
        path: the folder; made if it does not exist.
        settings: what identifies the sweep, ready for JSON.
        warn: told in one line about each damaged shard.

    Raises:
        RequestError: on entering, if the folder cannot be made or written, is at work in another process, belongs to
            other settings, or holds files that are not a sweep's.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp()) / "errors"
        >>> with SweepFolder(folder, {"seeds": 2}) as sweep:
        ...     sweep.keep("n5-seed0", {"rows": [["reward", 5, 0, 0.25, 0.125, 1]]})
        ...     sorted(sweep.finished(["n5-seed0", "n5-seed1"]))
        ['n5-seed0']
        >>> with SweepFolder(folder, {"seeds": 3}):
        ...     pass
        Traceback (most recent call last):
        imagination.errors.RequestError: ... holds a sweep with other settings: seeds is 2 there and 3 here; ...
    """

    def __init__(self, path: Path, settings: Mapping[str, Any], warn: Callable[[str], None] = lambda line: None):
        self.path, self.settings, self.warn = Path(path), json.loads(_canonical(settings)), warn

    def __enter__(self) -> SweepFolder:
        self._refuse_strangers()
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(self.path / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise RequestError(f"cannot write into {self.path}: {error.strerror}; choose another folder") from None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._lock)
            raise RequestError(
                f"another sweep is at work in {self.path}: wait for its end, or choose another folder"
            ) from None
        try:
            self._claim()
        except BaseException:
            os.close(self._lock)
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        os.close(self._lock)

    def _refuse_strangers(self) -> None:
        """Refuse a folder that is somebody else's, before anything is written."""
        try:
            present = {entry.name for entry in self.path.iterdir()} if self.path.exists() else set()
        except OSError as error:
            raise RequestError(f"{self.path} is not a folder that can be read: {error.strerror}") from None
        foreign = sorted(present - {".lock", ".sweep.json.part"})
        require(
            "sweep.json" in present or not foreign,
            f"{self.path} holds {', '.join(foreign[:3])} but no sweep.json: it is not a sweep's; choose a new folder",
        )

    def _claim(self) -> None:
        """Compare the settings with those of the folder, or leave them there."""
        path = self.path / "sweep.json"
        if path.exists():
            try:
                before = json.loads(path.read_text(encoding="utf-8"))
                assert isinstance(before, dict)
            except (ValueError, AssertionError):
                raise RequestError(f"{path} is damaged: restore it, or choose a new folder") from None
            names = sorted(before.keys() | self.settings.keys())
            other = [k for k in names if before.get(k) != self.settings.get(k)]
            difference = ", ".join(f"{k} is {before.get(k)} there and {self.settings.get(k)} here" for k in other)
            require(
                not other,
                f"{self.path} holds a sweep with other settings: {difference}; repeat those, or choose a new folder",
            )
        try:
            for name in ("blocks", "sessions"):
                (self.path / name).mkdir(exist_ok=True)
        except OSError as error:
            raise StorageError(f"cannot write into {self.path}: {error.strerror}") from None
        if not path.exists():
            write_file(path, json.dumps(self.settings, indent=2) + "\n")

    def finished(self, names: Iterable[str]) -> dict[str, dict]:
        """Contents of the shards that are there and whole, by block; a damaged one is reported and left out."""
        found = {}
        for name in names:
            path = self.path / "blocks" / f"{name}.json"
            try:
                shard = json.loads(path.read_text(encoding="utf-8"))
                if shard["sha256"] != _digest(shard["block"]):
                    raise ValueError("checksum")
                found[name] = shard["block"]
            except FileNotFoundError:
                continue
            except (ValueError, KeyError, TypeError, OSError):
                self.warn(f"{path} is damaged: its trainings are done again")
        return found

    def keep(self, name: str, block: Mapping[str, Any]) -> None:
        """Store a finished block."""
        content = {"sha256": _digest(block), "block": block}
        write_file(self.path / "blocks" / f"{name}.json", _canonical(content) + "\n")

    def open_session(self, name: str, facts: Mapping[str, Any]) -> None:
        """Note under which conditions blocks of this session are made."""
        write_file(self.path / "sessions" / f"{name}.json", json.dumps(facts, indent=2) + "\n")

    def sessions(self) -> dict[str, dict]:
        """Facts of every session so far, by name."""
        return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in self.path.glob("sessions/*.json")}

    def whole(self) -> bool:
        """Whether the result and its origin are there."""
        return all((self.path / name).exists() for name in ("errors.csv", "provenance.json"))

    def finish(self, rows: Iterable[tuple], provenance: Mapping[str, Any]) -> None:
        """Write ``errors.csv`` and ``provenance.json``; numbers keep all their digits."""
        lines = [COLUMNS, *(",".join(str(value) for value in row) for row in rows)]
        table = "\n".join(lines) + "\n"
        write_file(self.path / "errors.csv", table)
        content = {**provenance, "errors_sha256": hashlib.sha256(table.encode()).hexdigest()}
        write_file(self.path / "provenance.json", json.dumps(content, indent=2) + "\n")
