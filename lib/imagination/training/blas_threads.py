"""Hold the BLAS libraries of NumPy and SciPy to one thread while students are trained side by side."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
from scipy.linalg import cython_blas

__all__ = ["one_blas_thread"]

_lock = threading.Lock()
_entered: list[Callable[[], None]] = []
"""One entry for each thread of control inside; the first holds what restores the setting."""


def _controls() -> Iterator[tuple[Callable[[], int], Callable[[int], None]]]:
    """Getter and setter of the number of threads, for each OpenBLAS that can be reached.

    An extension module's handle also resolves the symbols of the BLAS that it is linked with. Libraries without such
    symbols (Accelerate on macOS) run products of this size on one thread anyway.
    """
    for module in (np._core._multiarray_umath, cython_blas):
        library = ctypes.CDLL(module.__file__)
        for name in ("scipy_openblas_{}_num_threads64_", "scipy_openblas_{}_num_threads", "openblas_{}_num_threads"):
            if hasattr(library, name.format("set")):
                yield getattr(library, name.format("get")), getattr(library, name.format("set"))
                break


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Within the block a product runs on the thread that asks for it; the setting from before returns after the last.

    Two reasons: products of 256 x 64 are too small to share out, and a result must not depend on the number of
    threads, which decides how OpenBLAS cuts a product up. May be entered from several threads at once.

    Example:
        >>> with one_blas_thread():
        ...     bool(np.allclose(np.eye(3) @ np.eye(3), np.eye(3)))
        True
    """
    with _lock:
        if _entered:
            _entered.append(lambda: None)
        else:
            before = [(set_threads, get_threads()) for get_threads, set_threads in _controls()]
            for set_threads, _ in before:
                set_threads(1)
            _entered.append(lambda: [set_threads(number) for set_threads, number in before])
    try:
        yield
    finally:
        with _lock:
            if len(_entered) > 1:
                _entered.pop()
            else:
                _entered.pop()()
