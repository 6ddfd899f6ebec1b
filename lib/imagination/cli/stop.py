"""Ctrl-C: one line, exit code 130, and nothing of ours left running.

What is finished is on the disk already (files are written whole, blocks one at a time), so there is nothing to wind
down. Python's own way, an exception in the middle of whatever runs, ends in the tracebacks of event loops and pools.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from types import FrameType


def stop_on_signals() -> None:
    """From here on, SIGINT and SIGTERM end this process and its children at once."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)


def _stop(number: int, frame: FrameType | None) -> None:
    for again in (signal.SIGINT, signal.SIGTERM):
        signal.signal(again, signal.SIG_IGN)
    _end_children()
    if "imagination.files" in sys.modules:
        sys.modules["imagination.files"].discard_unfinished()
    line = "\n" if sys.stderr.isatty() else ""  # a progress bar may stand in the line
    os.write(2, f"{line}imagination: stopped\n".encode())
    os._exit(128 + number)


def _end_children() -> None:
    """Kernels and workers, which run in sessions of their own."""
    import psutil

    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            child.kill()
