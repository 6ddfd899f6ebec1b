"""A function in a process of its own, with its share of the threads, that never outlives the one who asked.

The child reads what it has to do from its standard input, which stays open: when it closes, whatever the reason, the
asker is gone, and the child ends at once. Kernels that the child has started watch their parent in the same way.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from typing import Any

from imagination.checks import whole

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
"""What libraries read to learn how many threads they may start."""

CORES = "IMAGINATION_CORES"
"""What :func:`cores` reads."""

_CHILD = "from imagination.jobs.process import _child; _child()"


class Interrupted(Exception):
    """The work was told to stop before its end."""


class ProcessLost(Exception):
    """A process ended without an answer: it was killed, or ran out of memory."""


def cores() -> int:
    """Number of processors that this process may use: those that the system grants, at most ``IMAGINATION_CORES``.

    Example:
        >>> cores() >= 1
        True
    """
    granted = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    most = os.environ.get(CORES, "")
    return min(granted, max(1, int(most))) if most.isdecimal() else granted


def in_a_process(
    function: Callable[..., Any], *arguments: Any, threads: int = 1, stop: threading.Event | None = None
) -> Any:
    """Call a function in a fresh interpreter and return what it returns.

    Args:
        function: importable by its name; it, its arguments and its answer can be pickled.
        arguments: handed to it.
        threads: that the libraries in the process may start; a setting of the user's own goes before ours.
        stop: when set, the process is ended.

    Returns:
        The answer.

    Raises:
        Interrupted: if ``stop`` was set.
        ProcessLost: if the process ended without an answer.
        Exception: whatever the function raised.

    Example:
        >>> in_a_process(divmod, 7, 2)
        (3, 1)
    """
    share = {name: str(whole("threads", threads, low=1)) for name in THREADS}
    with tempfile.TemporaryFile() as answer, tempfile.TemporaryFile() as complaints:
        process = subprocess.Popen(
            [sys.executable, "-c", _CHILD, str(answer.fileno())],
            stdin=subprocess.PIPE,
            stdout=complaints,
            stderr=complaints,
            pass_fds=[answer.fileno()],
            env=share | os.environ | {CORES: str(threads)},
            start_new_session=True,  # Ctrl-C in the terminal is for the asker
        )
        assert process.stdin is not None
        try:
            try:
                pickle.dump(sys.path, process.stdin)
                pickle.dump((function, arguments), process.stdin)
                process.stdin.flush()
            except BrokenPipeError:
                process.wait()
            while process.poll() is None:
                if stop is not None and stop.is_set():
                    raise Interrupted
                try:
                    process.wait(0.1)
                except subprocess.TimeoutExpired:
                    continue
        finally:
            process.stdin.close()
            process.kill()
            process.wait()
        answer.seek(0)
        try:
            returned, value = pickle.load(answer)
        except EOFError:
            complaints.seek(0)
            said = complaints.read().decode(errors="replace").split("\n")
            last = next((line for line in reversed(said) if line.strip()), "no word")
            raise ProcessLost(f"a process ended with {process.returncode} ({last.strip()[:200]})") from None
    if not returned:
        raise value
    return value


def _child() -> None:
    """What the process does: read, watch, work, answer."""
    sys.path[:] = pickle.load(sys.stdin.buffer)
    function, arguments = pickle.load(sys.stdin.buffer)  # found on that path
    threading.Thread(target=_end_with_the_asker, daemon=True).start()
    try:
        outcome = (True, function(*arguments))
    except Exception as error:
        outcome = (False, error)
    with os.fdopen(int(sys.argv[1]), "wb") as answer:
        pickle.dump(outcome, answer)
    os._exit(0)


def _end_with_the_asker() -> None:
    os.read(0, 1)  # nothing more is ever sent: this returns when the pipe closes
    os._exit(1)
