"""`make matrix`: unit tests and nbval under other threads, kernels, locales, paths, homes and Pythons, as a table.

    python tests/matrix.py                 every row
    python tests/matrix.py "1 thread"      rows whose name begins so

A row is a copy of what git knows, in a folder of its own; the library comes from the copy. What flips in a row is
mended in the output, never in the check.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from imagination.book.paths import REPOSITORY
from imagination.jobs.process import THREADS

GENERIC = {
    "OPENBLAS_CORETYPE": "Haswell",
    "MKL_CBWR": "COMPATIBLE",
    "ATEN_CPU_CAPABILITY": "default",
    "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR",
}


OTHER_PYTHONS = [f"3.{minor}" for minor in (11, 12, 13) if minor != sys.version_info.minor]


@dataclass(frozen=True)
class Row:
    """One way in which another machine may differ."""

    name: str
    environment: dict[str, str] = field(default_factory=dict)
    folder: str = "book"
    python: str = ""


ROWS = (
    Row("1 thread, generic kernels", dict.fromkeys(THREADS, "1") | GENERIC),
    Row(
        "2 threads, no AVX-512, other locale, zone, hash seed, path with a space",
        dict.fromkeys(THREADS, "2")
        | {
            "OPENBLAS_CORETYPE": "Zen",
            "LC_ALL": "C",
            "LANG": "tr_TR.UTF-8",
            "TZ": "Pacific/Apia",
            "PYTHONHASHSEED": "7",
        },
        folder="the bôok of dreams",
    ),
    Row("home that can't be written", {"HOME": "/dev/null", "XDG_CACHE_HOME": "/dev/null/cache"}),
    *(Row(f"Python {version}", python=f"python{version}") for version in OTHER_PYTHONS),
)
"""Each way to differ stands in one row; a row that fails is taken apart by hand."""


def python_of(row: Row) -> str | None:
    """The interpreter of a row; None where it is not on this machine. Version managers' shims are looked through."""
    if not row.python:
        return sys.executable
    places = sorted(Path.home().glob(f".pyenv/versions/{row.python.removeprefix('python')}.*/bin/python3"))
    candidates = [*map(str, places[::-1]), shutil.which(row.python)]
    for name in filter(None, candidates):
        if subprocess.run([name, "-c", "import venv, ensurepip"], capture_output=True, check=False).returncode == 0:
            return name
    return None


def copy_of_the_checkout(root: Path) -> None:
    """Copy the files that git knows, as they are in the working tree."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    for name in filter(None, listed.stdout.split("\0")):
        source = REPOSITORY / name
        if source.is_file():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, root / name)
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    subprocess.run(["git", "add", "-A"], cwd=root, check=True)


def run(row: Row) -> tuple[str, float, str]:
    """Outcome, seconds and the last lines of a row."""
    base = python_of(row)
    if base is None:
        return "not on this machine", 0.0, ""
    with tempfile.TemporaryDirectory() as place:
        root = Path(place) / row.folder
        copy_of_the_checkout(root)
        environment = os.environ | {"PYTHONPATH": str(root / "lib")} | row.environment
        python = base
        if row.python:
            set_up = ["make", f"PYTHON={base}", ".venv/ready"]
            made = subprocess.run(set_up, cwd=root, capture_output=True, text=True, env=environment, check=False)
            if made.returncode:
                return "no environment", 0.0, made.stderr[-400:]
            python = str(root / ".venv/bin/python")
        start = time.perf_counter()
        command = [python, "tests/suite.py", "unit", "nbval"]
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, env=environment, check=False)
        took = time.perf_counter() - start
        lines = done.stdout.splitlines()
        wrong = [line for line in lines if line.startswith(("FAILED", "ERROR"))]
        return ("passed" if done.returncode == 0 else "FAILED"), took, "\n".join([*wrong[:20], *lines[-1:]])


def main(names: list[str]) -> int:
    """Run the rows and print the table; 1 where one of them failed."""
    failed, table = 0, []
    for row in ROWS:
        if names and not any(row.name.startswith(name) for name in names):
            continue
        outcome, took, told = run(row)
        failed += outcome not in ("passed", "not on this machine")
        summary = told.splitlines()[-1] if told else ""
        table.append(f"| {row.name} | {outcome} | {took:.0f} s | {summary} |")
        print(f"{row.name}: {outcome}, {took:.0f} s\n{told}", flush=True)
    print("\n| machine | outcome | time | tests |\n|---|---|---|---|\n" + "\n".join(table))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
