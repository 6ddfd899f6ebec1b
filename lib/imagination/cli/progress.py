"""The bar of a long study, on stderr."""

from __future__ import annotations

import sys
import threading
from types import TracebackType
from typing import Any

import click
from tqdm import tqdm

from imagination.files import StorageError


class StudyBar:
    """Shows the progress of :func:`imagination.jobs.runner.run_study`: hand it ``**bar.told``.

    On leaving, what lies with the system or the cluster becomes the command's one line and exit code 1.

    Args:
        unit: of the progress.
        scaled: whether its numbers are large: 1.2M.
    """

    def __init__(self, unit: str, *, scaled: bool = False):
        interval = 0.2 if sys.stderr.isatty() else 30  # seconds
        self._lock = threading.Lock()
        self._bar = tqdm(
            unit=unit,
            unit_scale=scaled,
            dynamic_ncols=True,
            mininterval=interval,
            smoothing=interval / 120,  # the remaining time follows the pace of the last two minutes
            delay=0.01,  # nothing is shown of a request that is refused
        )
        self.told: dict[str, Any] = {"begin": self._begin, "progress": self._progress, "warn": self._warn}

    def __enter__(self) -> StudyBar:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.close()
        cluster = sys.modules.get("imagination.jobs.cluster")  # loaded only where a scheduler was given
        if isinstance(error, StorageError) or (cluster and isinstance(error, cluster.ClusterError)):
            raise click.ClickException(str(error)) from None

    def _begin(self, done: int, total: int) -> None:
        self._bar.total, self._bar.initial = total, done
        self._bar.n = self._bar.last_print_n = done
        self._bar.unpause()

    def _progress(self, amount: int) -> None:
        with self._lock:
            self._bar.update(amount)

    def _warn(self, line: str) -> None:
        self._bar.write(f"imagination: {line}", file=sys.stderr)
