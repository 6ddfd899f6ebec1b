"""Where a result comes from: the code, the locked environment and the processor that made it."""

from __future__ import annotations

import hashlib
import json
import platform
import subprocess
import sys
from collections.abc import Iterable
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import imagination
from imagination.jobs.folder import Shard

PACKAGES = ("numpy", "scipy", "numba", "torch")


def processor() -> str:
    """Name of this machine's processor, as far as the system tells.

    Example:
        >>> processor() != ""
        True
    """
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine() or "unknown"


def _git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str] | None:
    try:
        return subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None


@cache
def environment() -> dict[str, Any]:
    """What runs in this process: package, commit, lock file, Python and the numerical libraries.

    Returns:
        ``version``; ``commit`` of the checkout (None outside one) and ``modified``, whether a module of this package
        that is loaded differs from it; ``lock_sha256`` of ``requirements.lock`` (None outside a checkout); ``python``
        and ``packages``.

    Source: this book.

    Example:
        >>> sorted(environment())
        ['commit', 'lock_sha256', 'modified', 'packages', 'python', 'version']
    """
    package = Path(imagination.__file__).resolve().parent
    head = _git(package, "rev-parse", "HEAD")
    commit = head.stdout.strip() if head is not None and head.returncode == 0 else None
    files = [
        m.__file__ for name, m in sorted(sys.modules.items()) if name.split(".")[0] == "imagination" and m.__file__
    ]
    changed = _git(package, "status", "--porcelain", "--", *files) if commit else None
    lock = package.parents[1] / "requirements.lock"
    return {
        "version": imagination.__version__,
        "commit": commit,
        "modified": bool(changed.stdout) if changed is not None and changed.returncode == 0 else None,
        "lock_sha256": hashlib.sha256(lock.read_bytes()).hexdigest() if lock.exists() else None,
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
    }


def history(shards: Iterable[Shard]) -> dict[str, Any]:
    """What the shards of a study tell about its making.

    Returns:
        ``wall_seconds``, up to the last block of each session; ``block_seconds``; and ``sessions``, one for each run of
        the study and each state of the code in it, with ``started``, ``threads``, ``cluster``, :func:`environment`,
        ``devices``, ``blocks`` and ``wall_seconds``.
    """
    made: dict[tuple[str, str], list[Shard]] = {}
    for shard in shards:
        made.setdefault((shard.session["name"], json.dumps(shard.made_by, sort_keys=True)), []).append(shard)
    sessions: list[dict[str, Any]] = []
    walls: dict[str, float] = {}
    for (name, _), of_session in sorted(made.items()):
        wall = max(shard.after for shard in of_session)
        facts = {key: value for key, value in of_session[0].session.items() if key != "name"}
        devices = sorted({shard.device for shard in of_session})
        counts = {"devices": devices, "blocks": len(of_session), "wall_seconds": wall}
        sessions.append(facts | of_session[0].made_by | counts)
        walls[name] = max(walls.get(name, 0.0), wall)
    return {
        "wall_seconds": round(sum(walls.values()), 3),
        "block_seconds": round(sum(shard.seconds for of_session in made.values() for shard in of_session), 3),
        "sessions": sessions,
    }
