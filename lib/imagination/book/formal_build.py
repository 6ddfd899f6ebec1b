"""``make formal``: build the proofs, audit them, break the statements, and write the record.

Run as ``python -m imagination.book.formal_build``. Needs Coq; nothing else of the book does.
Source: this book.
"""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from imagination.book.formal import Statement, folder, order, problems, record_path, sha256, statements
from imagination.book.formal_goals import write_goals
from imagination.book.formal_pages import write_pages
from imagination.book.paths import Book
from imagination.errors import RequestError, require

PACKAGES = "coq and libcoq-coquelicot"
LIMIT = 300
"""Seconds that one file may take."""


@dataclass(frozen=True)
class Kernel:
    """The Coq of this machine, working in a folder of its own."""

    work: Path

    @classmethod
    def find(cls, work: Path) -> Kernel:
        """Look for Coq and for Coquelicot.

        Raises:
            RequestError: if one of them is missing.
        """
        advice = f"install the packages {PACKAGES} (Debian, Ubuntu) and run make formal again"
        require(shutil.which("coqc") and shutil.which("coqchk"), f"coqc is not installed; {advice}")
        work.mkdir(parents=True, exist_ok=True)
        kernel = cls(work)
        (work / "Probe.v").write_text("From Coquelicot Require Import Coquelicot.\n", encoding="utf-8")
        require(kernel.compile("Probe").returncode == 0, f"Coq cannot load Coquelicot; {advice}")
        return kernel

    def compile(self, module: str, *options: str) -> subprocess.CompletedProcess[str]:
        """Check one file of the folder."""
        command = ["coqc", "-w", "none", *options, "-Q", str(self.work), "Imagination", str(self.work / f"{module}.v")]
        try:
            return subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, check=False)
        except subprocess.TimeoutExpired:
            return subprocess.CompletedProcess(command, 124, "", f"no answer after {LIMIT} s")

    def recheck(self) -> bool:
        """Let the independent checker read every compiled proof again."""
        command = ["coqchk", "-silent", "-Q", str(self.work), "Imagination", "Imagination.Everything"]
        return subprocess.run(command, capture_output=True, text=True, timeout=3 * LIMIT, check=False).returncode == 0

    def assumptions(self, found: list[Statement]) -> dict[str, list[str]]:
        """The axioms behind each theorem, as the kernel prints them."""
        modules = " ".join(dict.fromkeys(one.file.removesuffix(".v") for one in found))
        lines = [f"From Imagination Require {modules}."]
        for number, one in enumerate(found):
            lines.append(f"Check (fun mark_{number} : unit => mark_{number}).")
            lines.append(f"Print Assumptions {one.file.removesuffix('.v')}.{one.theorem}.")
        (self.work / "Audit.v").write_text("\n".join(lines) + "\n", encoding="utf-8")
        answer = self.compile("Audit")
        require(answer.returncode == 0, f"the axioms cannot be printed: {answer.stderr}")
        parts = re.split(r"^fun mark_\d+ : unit => mark_\d+\n +: unit -> unit\n", answer.stdout, flags=re.M)[1:]
        return {
            one.name: sorted(set(re.findall(r"^([A-Za-z_][\w.]*)(?= :|$)", part, re.M)) - {"Axioms"})
            for one, part in zip(found, parts, strict=True)
        }

    def versions(self) -> dict[str, str]:
        """Versions of Coq and of Coquelicot, the latter from the package manager."""
        coq = subprocess.run(["coqc", "--print-version"], capture_output=True, text=True, check=True).stdout.split()[0]
        coquelicot = "unknown"
        if shutil.which("dpkg-query"):
            query = ["dpkg-query", "-W", "-f", "${Version}", "libcoq-coquelicot"]
            coquelicot = subprocess.run(query, capture_output=True, text=True, check=False).stdout or coquelicot
        return {"coq": coq, "coquelicot": coquelicot}


@dataclass(frozen=True)
class Broken:
    """A statement with one text replaced."""

    statement: Statement
    because: str
    source: str
    last_line: int


def broken_statements(book: Book, found: list[Statement]) -> list[Broken]:
    """Read ``broken.toml`` and replace the texts.

    Raises:
        RequestError: if a statement or its text is not there.
    """
    named, variants = {one.name: one for one in found}, []
    for row in tomllib.loads((folder(book) / "broken.toml").read_text(encoding="utf-8"))["broken"]:
        name, old, new = str(row["statement"]), str(row["old"]), str(row["new"])
        require(name in named, f"broken.toml breaks {name}, which is no statement; correct the name")
        one = named[name]
        require(old in one.text and old != new, f"broken.toml: {name} does not contain {old!r}; correct it")
        text = one.text.replace(old, new, 1)
        source = (folder(book) / one.file).read_text(encoding="utf-8").replace(one.text, text, 1)
        variants.append(Broken(one, str(row["because"]), source, one.line + text.count("\n")))
    return variants


def refused(kernel: Kernel, numbered: tuple[int, Broken]) -> bool:
    """Whether the broken statement still has a meaning and a proof after it is refused."""
    number, variant = numbered
    module = f"{variant.statement.file.removesuffix('.v')}Broken{number}"
    (kernel.work / f"{module}.v").write_text(variant.source, encoding="utf-8")
    answer = kernel.compile(module)
    where = re.search(r"line (\d+)", answer.stderr)
    return answer.returncode == 1 and where is not None and int(where.group(1)) > variant.last_line


def _spent() -> float:
    """Processor time of the programs run so far: it does not depend on what else the machine does."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime


def build(book: Book, work: Path) -> tuple[Kernel, list[dict[str, object]]]:
    """Check every file in order.

    Returns:
        the kernel, and for each file its name, fingerprint, lines, lemmas and seconds.

    Raises:
        RequestError: if Coq is missing or refuses a file.
    """
    kernel, rows = Kernel.find(work), []
    for file in order(book):
        source = (folder(book) / file).read_text(encoding="utf-8")
        (work / file).write_text(source, encoding="utf-8")
        start = _spent()
        answer = kernel.compile(file.removesuffix(".v"))
        require(answer.returncode == 0, f"{file} is refused: {answer.stderr}")
        lemmas = len(re.findall(r"^ *(?:Lemma|Theorem) ", source, re.M))
        seconds = round(_spent() - start, 1)
        rows.append(
            {"file": file, "sha256": sha256(source), "lines": source.count("\n"), "lemmas": lemmas, "seconds": seconds}
        )
    return kernel, rows


def write_record(book: Book) -> list[str]:
    """Build, audit, break, and write record, goals and pages.

    Returns:
        what is wrong, as the guard of the book would say it.
    """
    kernel, files = build(book, book.build / "formal")
    found = statements(book)
    say(f"{len(files)} files checked, {len(found)} statements")
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        waiting = pool.submit(kernel.assumptions, found), pool.submit(kernel.recheck)
        variants = broken_statements(book, found)
        verdicts = list(pool.map(lambda one: refused(kernel, one), enumerate(variants)))
        axioms, confirmed = waiting[0].result(), waiting[1].result()
    say(f"axioms: {', '.join(sorted({axiom for one in axioms.values() for axiom in one}))}")
    say(f"coqchk: {'confirmed' if confirmed else 'REFUSED'}")
    for variant, ok in zip(variants, verdicts, strict=True):
        if not ok:
            say(f"NOT refused: {variant.statement.name}, {variant.because}")
    say(f"{sum(verdicts)} of {len(variants)} broken statements refused")
    broken = [
        {"statement": variant.statement.name, "because": variant.because, "refused": ok}
        for variant, ok in zip(variants, verdicts, strict=True)
    ]
    record = {
        **kernel.versions(),
        "coqchk": confirmed,
        "files": files,
        "statements": [
            {
                "claim": one.claim,
                "title": one.title,
                "name": one.name,
                "theorem": one.theorem,
                "file": one.file,
                "line": one.line,
                "sha256": sha256(one.text),
                "assumptions": axioms[one.name],
            }
            for one in found
        ],
        "broken": broken,
    }
    beside = record_path(book).with_suffix(".part")
    beside.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    os.replace(beside, record_path(book))
    write_goals(book, kernel.work)
    write_pages(book)
    return problems(book)


def say(line: str) -> None:
    """Tell whoever waits how far it is."""
    print(line, flush=True)


def main() -> int:
    """The command; 0 done, 1 something is wrong, 2 Coq is missing or a request is wrong."""
    try:
        wrong = write_record(Book())
    except RequestError as error:
        print(error, file=sys.stderr)
        return 2
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
