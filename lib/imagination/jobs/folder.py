"""The folder of a study: what is finished stays finished, whatever happens to the process or to the disk.

    study.json            what is studied, and with which settings; other settings are refused
    blocks/*.json         one shard for each finished block: its result, who made it and how, and a checksum
    *                     results; and files that a block has left beside its shard
    .lock                 held by the process at work

Each file is complete or absent. Nothing that is read back is believed: a shard must be whole, stand under its own name
and belong to these settings; the results are compared with what the shards say.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from imagination.errors import RequestError, require, shown
from imagination.files import StorageError, write_whole

SETTINGS = "study.json"
FORMAT = 2  # of the folder; the first had sweep.json
_UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, OSError, RecursionError)


@dataclass(frozen=True)
class Block:
    """The unit that is worked on, stored and lost.

    Args:
        name: of its shard: letters, digits and ``_.,=+-``.
        argument: what the study's function is given. It can be pickled, and its ``repr`` says all that decides the
            result beside the settings.
        weight: its share of the work, in the unit of the progress bar.
    """

    name: str
    argument: Any
    weight: int = 1

    def __post_init__(self) -> None:
        require(re.fullmatch(r"[\w.,=+-]{1,120}", self.name, re.ASCII), f"{shown(self.name)} can't name a block")


@dataclass(frozen=True)
class Shard:
    """What is kept of a finished block.

    Args:
        result: of the study's function, ready for JSON.
        seconds: that the block took.
        device: that it ran on.
        made_by: the code and the libraries that made it, from :func:`imagination.jobs.provenance.environment`.
        session: the run of the study in which it was made: name, start, threads, whether on a cluster.
        after: seconds from the start of that session.
        files: SHA-256 of each file left beside the shard, by name.
    """

    result: dict[str, Any]
    seconds: float
    device: str
    made_by: dict[str, Any]
    session: dict[str, Any]
    after: float
    files: dict[str, str] = field(default_factory=dict)


class StudyFolder:
    """One study's folder, locked while the context is entered.

    Args:
        path: the folder; made if it does not exist.
        kind: "sweep", for example: a folder of another kind is refused.
        settings: what identifies the study, ready for JSON.
        warn: told in one line about each thing that is damaged.

    Raises:
        RequestError: on entering, if the folder cannot be made or written, is at work in another process, belongs to
            other settings, or holds files that are not a study's.

    Example:
        >>> import tempfile
        >>> path, block = Path(tempfile.mkdtemp()) / "errors", Block("n5-seed0", 5)
        >>> with StudyFolder(path, "sweep", {"seeds": 2}) as folder:
        ...     kept = folder.keep(block, Shard({"mse": 0.25}, 1.0, "cpu", {}, {"name": "first"}, 1.5))
        ...     sorted(folder.finished([block, Block("n5-seed1", 5)]))
        ['n5-seed0']
        >>> with StudyFolder(path, "sweep", {"seeds": 3}):
        ...     pass
        Traceback (most recent call last):
        imagination.errors.RequestError: ... holds a sweep with other settings: seeds is 2 there and 3 here; ...
    """

    def __init__(
        self, path: Path, kind: str, settings: Mapping[str, Any], warn: Callable[[str], None] = lambda line: None
    ):
        self.path, self.kind, self.warn = path, kind, warn
        self.settings: dict[str, Any] = json.loads(_canonical(settings))
        self._lock = FileLock(path / ".lock", timeout=0)

    def __enter__(self) -> StudyFolder:
        self._refuse_strangers()
        try:
            (self.path / "blocks").mkdir(parents=True, exist_ok=True)
            self._lock.acquire()
        except Timeout:
            raise RequestError(
                f"another {self.kind} is at work in {self.path}: wait for its end, or choose another folder"
            ) from None
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) and error.strerror else error
            raise RequestError(f"cannot write into {self.path}: {why}; choose another folder") from None
        try:
            self._claim()
        except BaseException:
            self._lock.release()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        self._lock.release()

    def _refuse_strangers(self) -> None:
        """Refuse a folder that is somebody else's, before anything is written."""
        try:
            present = {entry.name for entry in self.path.iterdir()} if self.path.exists() else set()
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) and error.strerror else error
            raise RequestError(f"{self.path} is not a folder that can be read: {why}") from None
        require(
            "sweep.json" not in present,
            f"{self.path} holds a sweep that an older version of this package began (sweep.json): choose a new folder",
        )
        foreign = sorted(present - {".lock", "blocks", f".{SETTINGS}.part"})
        require(
            SETTINGS in present or not foreign or self._study_of_shards(),
            f"{self.path} holds {', '.join(foreign[:3])} but no {SETTINGS}: it is not a {self.kind}'s; choose a new "
            f"folder",
        )

    def _claim(self) -> None:
        """Compare the settings with those of the folder, or leave them there."""
        here = {"kind": self.kind, "format": FORMAT, "settings": self.settings}
        there = self._study_there()
        if there is not None:
            for key in ("kind", "format"):
                require(
                    there[key] == here[key],
                    f"{self.path} holds a study of {key} {shown(there[key])}, not {here[key]}: choose a new folder",
                )
            before = there["settings"]
            other = [k for k in sorted(before.keys() | self.settings.keys()) if before.get(k) != self.settings.get(k)]
            difference = ", ".join(f"{k} is {before.get(k)} there and {self.settings.get(k)} here" for k in other)
            require(
                not other,
                f"{self.path} holds a {self.kind} with other settings: {difference}; repeat those, or choose a new "
                f"folder",
            )
        for left in (*self.path.glob(".*.part"), *self.path.glob("blocks/.*.part")):
            with suppress(OSError):
                left.unlink()  # what a killed process was writing
        self.publish({SETTINGS: json.dumps(here, indent=2) + "\n"}, expected=True)

    def _study_there(self) -> dict[str, Any] | None:
        """What the folder says that it holds: in its settings or, where these are lost, in any of its shards."""
        path = self.path / SETTINGS
        try:
            return _study(json.loads(_text(path)))
        except FileNotFoundError:
            pass
        except _UNREADABLE:
            self.warn(f"{path} is damaged: it is written again")
        return self._study_of_shards()

    def _study_of_shards(self) -> dict[str, Any] | None:
        for shard in sorted((self.path / "blocks").glob("*.json")):
            with suppress(*_UNREADABLE):
                return _study(_record(shard)["study"])
        return None

    def finished(self, blocks: Iterable[Block]) -> dict[str, Shard]:
        """Shards that are there, whole and in their place, by block; any other is reported and left out."""
        found = {}
        for block in blocks:
            path = self._shard(block)
            try:
                require(path.is_file() or not path.exists(), f"{path} is not a file: remove it")
                record = _record(path)
                if any(record.pop(key) != value for key, value in self._place(block).items()):
                    raise ValueError
                shard = Shard(**record)
            except FileNotFoundError:
                continue
            except RequestError:
                raise
            except _UNREADABLE:
                self.warn(f"{path} is damaged: its block is done again")
                continue
            lost = [name for name, checksum in shard.files.items() if _checksum(self.path / name) != checksum]
            if lost:
                self.warn(f"{self.path / lost[0]} is damaged or gone: its block is done again")
            else:
                found[block.name] = shard
        return found

    def keep(self, block: Block, shard: Shard, files: Mapping[str, str] | None = None) -> Shard:
        """Store a finished block, and first the files that it leaves beside its shard.

        Returns:
            The shard as it will be read back.

        Raises:
            imagination.files.StorageError: if a file can't be written.
        """
        for name, text in (files or {}).items():
            self._write(self.path / name, text)
        sums = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in (files or {}).items()}
        fields = asdict(replace(shard, files=sums))
        record = fields | self._place(block)
        self._write(self._shard(block), json.dumps(record | {"sha256": _digest(record)}, allow_nan=False) + "\n")
        return Shard(**json.loads(json.dumps(fields)))

    def publish(self, results: Mapping[str, str], *, expected: bool) -> bool:
        """Write the results, texts by file name, where they differ from what is there.

        Args:
            results: what the shards say.
            expected: whether a difference is news: where it isn't, it is reported.

        Returns:
            Whether anything was written.
        """
        wrote = False
        for name, text in results.items():
            path = self.path / name
            try:
                same = path.read_bytes() == text.encode()
            except OSError:
                same = False
            if not same:
                if path.exists() and not expected:
                    self.warn(f"{path} is not what its blocks say: it is written again")
                self._write(path, text)
                wrote = True
        return wrote

    def _write(self, path: Path, text: str) -> None:
        try:
            write_whole(path, text)
        except StorageError as error:
            raise StorageError(
                f"{error}; finished blocks are kept: make room, then start again with the same arguments"
            ) from None

    def _shard(self, block: Block) -> Path:
        return self.path / "blocks" / f"{block.name}.json"

    def _place(self, block: Block) -> dict[str, Any]:
        """What tells a block's shard from every other one."""
        study = {"kind": self.kind, "format": FORMAT, "settings": self.settings}
        return {"study": study, "block": block.name, "argument_sha256": _digest(repr(block.argument))}


def _record(path: Path) -> dict[str, Any]:
    """The content of a shard, without its checksum; one of ``_UNREADABLE`` where it is not whole."""
    record: dict[str, Any] = json.loads(_text(path))
    if record.pop("sha256") != _digest(record):
        raise ValueError
    return record


def _study(found: dict[str, Any]) -> dict[str, Any]:
    kinds = {"kind": str, "format": int, "settings": dict}
    if {key: type(value) for key, value in found.items()} != kinds:
        raise ValueError
    return found


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _checksum(path: Path) -> str | None:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None


def _canonical(content: Any) -> str:
    return json.dumps(content, sort_keys=True, allow_nan=False)


def _digest(content: Any) -> str:
    return hashlib.sha256(_canonical(content).encode()).hexdigest()
