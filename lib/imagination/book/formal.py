"""The statements that a proof kernel checked, and the record that says so; nothing here needs Coq.

Source: this book. The record is written by ``make formal`` (:mod:`imagination.book.formal_build`).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from imagination.book.paths import Book
from imagination.errors import require

AXIOMS = (
    "Classical_Prop.classic",
    "ClassicalDedekindReals.sig_forall_dec",
    "ClassicalDedekindReals.sig_not_dec",
    "FunctionalExtensionality.functional_extensionality_dep",
)
"""All that may be assumed: the axioms of the classical real numbers."""

MIN_BROKEN = 40
"""How many statements broken on purpose the kernel must have refused."""

_STATEMENT = re.compile(
    r"^\(\*\* @(\S+) ([^\n]+?)(?: \*\)|\n(.*?)\*\))\n(Definition (\w+) : Prop :=.*?\.)\n\n", re.S | re.M
)
_THEOREM = re.compile(r"^Theorem (\w+) : (\w+)\.$", re.M)
_SMUGGLED = re.compile(r"\b(Admitted|admit|Axiom|Axioms|Parameter|Parameters|Conjecture|give_up)\b")
_COMMENT = re.compile(r"\(\*.*?\*\)", re.S)


@dataclass(frozen=True)
class Statement:
    """One statement: the mathematics in words, and the same in Coq.

    Args:
        claim: the claim of the ledger that it states, or states a part of.
        title: what it is called.
        mathematics: Markdown with formulas.
        name: of the proposition in Coq.
        theorem: of the proof that the kernel checked.
        file: where both stand, below ``lib/formal``.
        line: of the proposition.
        text: the proposition as Coq reads it.
    """

    claim: str
    title: str
    mathematics: str
    name: str
    theorem: str
    file: str
    line: int
    text: str

    @property
    def anchor(self) -> str:
        """Where its page shows it."""
        return "formal-" + self.theorem.lower().replace("_", "-")

    @property
    def page(self) -> str:
        """The page that shows it, below ``book``, without an ending."""
        return page_of(self.file)


@dataclass(frozen=True)
class Twin:
    """What the ledger can say of a claim: its formal statements, the first of which is the claim itself.

    Args:
        claim: the claim's name in the ledger.
        statements: one or more.
        assumptions: axioms that their proofs use.
    """

    claim: str
    statements: tuple[Statement, ...]
    assumptions: tuple[str, ...]

    @property
    def theorem(self) -> str:
        """Name of the first theorem."""
        return self.statements[0].theorem

    @property
    def file(self) -> str:
        """File of the first theorem, from the root of the repository."""
        return f"lib/formal/{self.statements[0].file}"

    @property
    def target(self) -> str:
        """Page and anchor of the first theorem, relative to ``book``."""
        return f"{self.statements[0].page}.html#{self.statements[0].anchor}"


def page_of(file: str) -> str:
    """The page of a file: ``SimulationLemma.v`` has ``formal/simulation_lemma``.

    Example:
        >>> page_of("SimulationLemma.v")
        'formal/simulation_lemma'
    """
    return "formal/" + re.sub(r"(?<!^)(?=[A-Z])", "_", file.removesuffix(".v")).lower()


def folder(book: Book) -> Path:
    """Where the Coq files stand."""
    return book.root / "lib" / "formal"


def record_path(book: Book) -> Path:
    """The committed record."""
    return book.results / "formal.json"


def sha256(text: str) -> str:
    """Fingerprint of a file's or a statement's text."""
    return hashlib.sha256(text.encode()).hexdigest()


def order(book: Book) -> list[str]:
    """The files in the order in which they build, from ``_CoqProject``.

    Raises:
        RequestError: if the project file is missing or names a file that is not there.
    """
    project = folder(book) / "_CoqProject"
    require(project.is_file(), f"{project} is missing; it lists the Coq files in order; check it out again")
    files = [line.strip() for line in project.read_text(encoding="utf-8").splitlines() if line.strip().endswith(".v")]
    missing = [name for name in files if not (folder(book) / name).is_file()]
    require(not missing, f"_CoqProject lists {', '.join(missing)}, not in lib/formal; remove the line or add the file")
    return files


def statements(book: Book) -> list[Statement]:
    """Every statement, in the order of the files.

    Raises:
        RequestError: if a statement has no theorem that proves it.
    """
    found: list[Statement] = []
    for file in order(book):
        source = (folder(book) / file).read_text(encoding="utf-8")
        proofs = {proposition: theorem for theorem, proposition in _THEOREM.findall(source)}
        for match in _STATEMENT.finditer(source):
            claim, title, mathematics, text, name = match.groups()
            require(name in proofs, f"{file}: {name} has no proof; add `Theorem ... : {name}.` after it")
            line = source.count("\n", 0, match.start(4)) + 1
            found.append(Statement(claim, title, (mathematics or "").strip(), name, proofs[name], file, line, text))
    return found


def read_record(book: Book) -> Mapping[str, object]:
    """The record of the last ``make formal``.

    Raises:
        RequestError: if there is none.
    """
    path = record_path(book)
    require(path.is_file(), f"{path.name} is missing in book/results; run make formal")
    return cast("Mapping[str, object]", json.loads(path.read_text(encoding="utf-8")))


def _rows(record: Mapping[str, object], key: str) -> list[Mapping[str, object]]:
    return cast("list[Mapping[str, object]]", record.get(key, []))


def twins(book: Book) -> dict[str, Twin]:
    """For each claim that has one, its formal twin, from the files and the record.

    Returns:
        claims in the order of the files.

    Raises:
        RequestError: if the record is missing.
    """
    assumed = {
        str(row["name"]): cast("list[str]", row["assumptions"]) for row in _rows(read_record(book), "statements")
    }
    grouped: dict[str, list[Statement]] = {}
    for statement in statements(book):
        grouped.setdefault(statement.claim, []).append(statement)
    for claim, group in grouped.items():  # the theorem of the claim's own name first
        group.sort(key=lambda one: one.theorem != claim.replace("-", "_"))
    return {
        claim: Twin(claim, tuple(group), tuple(sorted({axiom for one in group for axiom in assumed.get(one.name, [])})))
        for claim, group in grouped.items()
    }


def problems(book: Book) -> list[str]:
    """What is wrong between files, record and ledger; empty if nothing is.

    Returns:
        one line for each problem, each with what to do.
    """
    if not record_path(book).is_file():
        return ["book/results/formal.json is missing: run make formal"]
    record, found = read_record(book), []
    recorded = {str(row["file"]): str(row["sha256"]) for row in _rows(record, "files")}
    for file in order(book):
        source = (folder(book) / file).read_text(encoding="utf-8")
        if recorded.pop(file, None) != sha256(source):
            found.append(f"lib/formal/{file} is not the file that the kernel checked: run make formal")
        found += [f"lib/formal/{file} contains {word}" for word in _SMUGGLED.findall(_COMMENT.sub("", source))]
    found += [f"the record names {file}, which is not in _CoqProject: run make formal" for file in recorded]
    here = {one.name: (one.claim, one.theorem, one.file, one.line, sha256(one.text)) for one in statements(book)}
    there = {
        str(row["name"]): (row["claim"], row["theorem"], row["file"], row["line"], row["sha256"])
        for row in _rows(record, "statements")
    }
    found += [
        f"{name} in the record is not {name} in the files: run make formal"
        for name in sorted(here.keys() | there.keys())
        if here.get(name) != there.get(name)
    ]
    foreign = {axiom for row in _rows(record, "statements") for axiom in cast("list[str]", row["assumptions"])} - set(
        AXIOMS
    )
    found += [f"a proof assumes {axiom}, which is not an axiom of the real numbers" for axiom in sorted(foreign)]
    if record.get("coqchk") is not True:
        found.append("coqchk did not confirm the compiled proofs: run make formal")
    broken = _rows(record, "broken")
    found += [
        f"{row['statement']}, broken on purpose ({row['because']}), was not refused"
        for row in broken
        if row["refused"] is not True
    ]
    if len(broken) < MIN_BROKEN:
        found.append(
            f"{len(broken)} statements were broken on purpose, fewer than {MIN_BROKEN}: add to lib/formal/broken.toml"
        )
    known = (
        {str(entry["id"]) for entry in json.loads(book.ledger.read_text(encoding="utf-8"))}
        if book.ledger.is_file()
        else set()
    )
    found += [
        f"{one.name} states {one.claim}, which is no claim of the ledger"
        for one in statements(book)
        if known and one.claim not in known
    ]
    return found
