"""What a study's function is given, what it returns, and how it is called, wherever that happens."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from imagination.jobs.provenance import environment, processor

Progress = Callable[[int], None]


class BlockFailed(Exception):
    """One block can't be had; the others can. The message is one line."""


@dataclass(frozen=True)
class Made:
    """What a block's work yields.

    Args:
        result: ready for JSON, without NaN.
        files: texts to be left in the study's folder, by file name.
        device: that it ran on; this machine's processor where it is not said.
    """

    result: dict[str, Any]
    files: dict[str, str] = field(default_factory=dict)
    device: str = ""


Work = Callable[[Any, Progress, threading.Event], Made]
"""Given a block's argument, the progress to be told (in units of the blocks' weight), and an event that says stop."""

Performed = tuple[Made, float, dict[str, Any]]


def perform(
    work: Work, argument: Any, progress: Progress | None = None, stop: threading.Event | None = None
) -> Performed:
    """Do one block, wherever this is called; returns what it made, its seconds, and the code that made it."""
    start = time.perf_counter()
    made = work(argument, progress or (lambda amount: None), stop or threading.Event())
    made = Made(made.result, made.files, made.device or processor())
    return made, round(time.perf_counter() - start, 3), environment()
