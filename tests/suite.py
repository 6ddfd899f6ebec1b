"""What `make test` runs, part by part, with the seconds of each in the last lines.

    python tests/suite.py            all parts
    python tests/suite.py unit nbval only these

nbval sees every chapter executed, so it is also where the cost that a chapter declares is held against what it took.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections import Counter, defaultdict
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from imagination.book.paths import REPOSITORY, Book
from imagination.book.run import read
from imagination.jobs.process import THREADS, cores

BIN = Path(sys.executable).parent
REPORTS = REPOSITORY / "_build" / "tests"
YARDSTICK = 0.09  # seconds that yardstick() takes on a quiet core of the machine on which the costs were declared


def pytest(name: str, *arguments: str) -> list[str]:
    """A pytest command on all cores that leaves its report."""
    report = f"--junitxml={REPORTS / name}.xml"
    return [sys.executable, "-m", "pytest", "-q", "-n", str(cores()), report, *arguments]


PARTS = {
    "lint": [
        [str(BIN / "ruff"), "check", "--quiet", "."],
        [str(BIN / "ruff"), "format", "--quiet", "--check", "."],
        [str(BIN / "codespell")],
        [str(BIN / "lint-imports"), "--no-logo"],
    ],
    "types": [[str(BIN / "mypy")]],
    "unit": [pytest("unit", "--dist", "worksteal", "tests", "lib")],
    "nbval": [
        pytest("nbval", "--dist", "loadfile", "--nbval", "--nbval-current-env", "-p", "no:cacheprovider", "book"),
    ],
}


def yardstick() -> float:
    """Seconds for a fixed piece of the kind of work that chapters do: how slow this machine is at this moment."""
    return min(_one_measure() for _ in range(3))


def _one_measure() -> float:
    start = time.perf_counter()
    total = sum((Fraction(n, n + 1) ** 2 for n in range(1, 1200)), Fraction(0))
    generator = np.random.default_rng(0)
    for _ in range(20):
        np.linalg.eigvals(generator.standard_normal((120, 120)))
    return time.perf_counter() - start + 0 * float(total)


def seconds_of_chapters(report: Path) -> dict[str, float]:
    """Seconds that nbval spent in each notebook."""
    took: dict[str, float] = defaultdict(float)
    for case in ElementTree.parse(report).iter("testcase"):
        if name := re.search(r"(\w+)\.ipynb", case.get("classname") or ""):
            took[name[1]] += float(case.get("time") or 0)
    return took


def declared_seconds(book: Book, chapter: str) -> float:
    """The cost in a chapter's opening box; infinite where it has none."""
    notebook = read(book, chapter)
    text = "" if notebook is None else str(notebook)
    found = re.search(r"\*\*Costs\*\* at most (\d+) s", text)
    return float(found[1]) if found else float("inf")


def too_long(took: dict[str, float], declared: dict[str, float], scale: float) -> list[str]:
    """Chapters that took longer than they declare, on a machine that is ``scale`` times slower than the yardstick's."""
    return [
        f"{chapter} took {seconds:.0f} s and declares at most {declared[chapter]:.0f} s, here {scale:.1f} times as much"
        for chapter, seconds in took.items()
        if seconds > declared.get(chapter, float("inf")) * scale
    ]


def counts(report: Path) -> Counter[str]:
    """Tests passed, failed and skipped, from a report; one failure where there is none to read."""
    if not report.is_file():
        return Counter(failed=1)
    found: Counter[str] = Counter()
    for suite in ElementTree.parse(report).iter("testsuite"):
        total, bad, skipped = (
            int(suite.get("tests") or 0),
            int(suite.get("failures") or 0) + int(suite.get("errors") or 0),
            int(suite.get("skipped") or 0),
        )
        found += Counter(passed=total - bad - skipped, failed=bad, skipped=skipped)
    return found


def main(names: list[str]) -> int:
    """Run the parts; print their seconds and the sums of their tests; 1 where something is wrong."""
    REPORTS.mkdir(parents=True, exist_ok=True)
    share = dict.fromkeys(THREADS, "1")  # a worker to a core, as when chapters are built side by side
    environment = share | dict(os.environ)
    lines, bad, tests = [], 0, Counter[str]()
    for name in names or list(PARTS):
        (REPORTS / f"{name}.xml").unlink(missing_ok=True)
        slow, start = yardstick(), time.perf_counter()
        codes = [
            subprocess.run(command, cwd=REPOSITORY, env=environment, check=False).returncode for command in PARTS[name]
        ]
        took = time.perf_counter() - start
        bad += any(codes)
        lines.append(f"{name:<6} {took:6.0f} s  {'failed' if any(codes) else 'passed'}")
        if name in ("unit", "nbval"):
            tests += counts(REPORTS / f"{name}.xml")
        if name == "nbval" and not any(codes):
            scale = 2 * max(1.0, max(slow, yardstick()) / YARDSTICK)  # two chapters at a time share two cores
            book = Book()
            declared = {chapter: declared_seconds(book, chapter) for chapter in book.chapters()}
            costs = too_long(seconds_of_chapters(REPORTS / "nbval.xml"), declared, scale)
            bad += bool(costs)
            lines += costs
    print("\n".join(["", *lines, f"{tests['passed']} passed, {tests['failed']} failed, {tests['skipped']} skipped"]))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
