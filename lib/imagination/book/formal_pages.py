"""The pages that show statements, proofs and goals; generated from the Coq files and the record.

Source: this book.
"""

from __future__ import annotations

import json
import lzma
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from imagination.book.formal import AXIOMS, Statement, folder, order, page_of, read_record, statements
from imagination.book.paths import Book

_DOC = re.compile(r"^\(\*\* (.*?)\*\)\n", re.S | re.M)
_PARAGRAPH = re.compile(r"(?:[^\n]+\n)+")
_NAME = re.compile(r"^ *(?:Lemma|Theorem|Definition|Fixpoint|Record) (\w+)", re.M)
INSISTED = "insisted.md"
"""Prose of the index page, kept beside the Coq files."""


@dataclass(frozen=True)
class Piece:
    """A part of a file: Markdown, or Coq with its place in the file.

    Args:
        kind: ``text``, ``statement``, ``proof`` (of a statement) or ``code``.
        text: the Markdown, or the Coq text.
        start: offset of the Coq text in the file.
        statement: the statement that it belongs to, if any.
    """

    kind: str
    text: str
    start: int = 0
    statement: Statement | None = None


def pieces(source: str, mine: list[Statement]) -> list[Piece]:
    """Cut a file into pieces and put each statement's proof behind it.

    Args:
        source: the file's text.
        mine: its statements.
    """
    by_name, by_theorem = {one.name: one for one in mine}, {one.theorem: one for one in mine}
    cut: list[Piece] = []
    proofs: dict[str, Piece] = {}
    docs = [*_DOC.finditer(source)]
    for doc, following in zip(docs, [*docs[1:], None], strict=True):
        if not doc.group(1).startswith("@"):
            cut.append(Piece("text", doc.group(1).strip()))
        end = following.start() if following else len(source)
        for match in _PARAGRAPH.finditer(source, doc.end(), end):
            text, start = match.group().rstrip("\n"), match.start()
            name = found.group(1) if (found := _NAME.search(text)) else ""
            if name in by_name and text.startswith("Definition"):
                cut.append(Piece("statement", text, start, by_name[name]))
            elif name in by_theorem and re.search(rf"^Theorem {name} ", text, re.M):
                proofs[name] = Piece("proof", text, start, by_theorem[name])
            elif cut and cut[-1].kind == "code" and _provable(cut[-1].text) == _provable(text):
                gap = source[cut[-1].start + len(cut[-1].text) : start]
                if gap.strip():  # a proof that goes elsewhere stands between
                    cut.append(Piece("code", text, start))
                else:
                    cut[-1] = Piece("code", cut[-1].text + gap + text, cut[-1].start)
            else:
                cut.append(Piece("code", text, start))
    placed: list[Piece] = []
    for piece in cut:
        placed.append(piece)
        if piece.kind == "statement" and piece.statement:
            placed.append(proofs[piece.statement.theorem])
    return placed


def _provable(text: str) -> bool:
    return "Proof." in text


def _block(text: str) -> str:
    return f"```{{coq}}\n{text}\n```"


def _folded(title: str, text: str) -> str:
    return f":::{{dropdown}} {title}\n{_block(text)}\n:::"


def _page(source: str, mine: list[Statement]) -> str:
    """One file as Markdown."""
    parts: list[str] = []
    everything = pieces(source, mine)
    for piece, following in zip(everything, [*everything[1:], None], strict=True):
        if piece.kind == "text":
            empty = piece.text.startswith("## ") and (following is None or following.kind in ("text", "statement"))
            if not (empty and "\n" not in piece.text and (following is None or following.kind == "text")):
                parts.append(piece.text)
        elif piece.kind == "statement" and piece.statement:
            one = piece.statement
            parts.append(f"({one.anchor})=\n## {one.title}")
            if one.mathematics:
                parts.append(one.mathematics)
            parts.append(_block(piece.text))
        elif piece.kind == "proof" and piece.statement:
            parts.append(_folded(f"Proof of `{piece.statement.theorem}`", piece.text))
        elif _provable(piece.text):
            names = _NAME.findall(piece.text)
            lemmas = ", ".join(f"`{name}`" for name in names[:4]) + (
                f" and {len(names) - 4} more" if len(names) > 4 else ""
            )
            parts.append(_folded(f"Lemmas: {lemmas}", piece.text))
        else:
            parts.append(_block(piece.text))
    return "\n\n".join(parts) + "\n"


def _index(book: Book, found: list[Statement]) -> str:
    """The page with the tables."""
    record = read_record(book)
    files = {str(row["file"]): row for row in _rows(record["files"])}
    broken: dict[str, int] = {}
    for row in _rows(record["broken"]):
        broken[str(row["statement"])] = broken.get(str(row["statement"]), 0) + bool(row["refused"])
    lines_, lemmas, seconds = (
        sum(float(str(row[key])) for row in files.values()) for key in ("lines", "lemmas", "seconds")
    )
    verdict = "confirmed" if record["coqchk"] is True else "did not confirm"
    lines = [
        f"**{len(found)} statements** in {len(files)} files: {lines_:.0f} lines, {lemmas:.0f} lemmas and theorems, "
        f"{seconds:.0f} s to check. Coq {record['coq']}, Coquelicot {record['coquelicot']}. "
        f"**{sum(broken.values())} of {len(_rows(record['broken']))}** statements broken on purpose were refused. "
        f"The independent checker `coqchk` {verdict} the compiled proofs.",
        "",
        "Assumed by any proof: " + ", ".join(f"`{axiom.split('.')[-1]}`" for axiom in AXIOMS) + ".",
        "",
        "## The statements",
        "",
        "| claim | statement | file and line | axioms | broken, refused |",
        "|---|---|---|---|---|",
    ]
    assumed = {str(row["name"]): row["assumptions"] for row in _rows(record["statements"])}
    lines += [
        f"| {one.claim} | [{one.title}](#{one.anchor}) | `{one.file}` {one.line} "
        f"| {len(_words(assumed[one.name]))} | {broken.get(one.name, 0) or '–'} |"
        for one in found
    ]
    lines += ["", "## The files", "", "| file | lines | lemmas | seconds |", "|---|---|---|---|"]
    lines += [
        f"| [{file}]({page_of(file)}.md) | {row['lines']} | {row['lemmas']} | {row['seconds']} |"
        for file, row in files.items()
    ]
    prose = (folder(book) / INSISTED).read_text(encoding="utf-8")
    return prose.replace("<!-- tables -->", "\n".join(lines))


def _rows(value: object) -> list[dict[str, object]]:
    return [dict(row) for row in value] if isinstance(value, list) else []


def _words(value: object) -> list[str]:
    return [str(word) for word in value] if isinstance(value, list) else []


def pages(book: Book) -> Iterator[tuple[Path, str]]:
    """Every page's path and its text."""
    found = statements(book)
    yield book.book / "formal.md", _index(book, found)
    for file in order(book):
        source = (folder(book) / file).read_text(encoding="utf-8")
        yield book.book / f"{page_of(file)}.md", _page(source, [one for one in found if one.file == file])


def write_pages(book: Book) -> None:
    """Write every page, each beside and then in its place."""
    for path, text in pages(book):
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_suffix(".part")
        beside.write_text(text, encoding="utf-8")
        os.replace(beside, path)


def stale_pages(book: Book) -> list[str]:
    """Pages, and the goals stored for them, that are not what files and record would give now."""
    stale = [
        f"{path.relative_to(book.root)} is stale: run make formal"
        for path, text in pages(book)
        if not path.is_file() or path.read_text(encoding="utf-8") != text
    ]
    found = statements(book)
    for file in order(book):
        source = (folder(book) / file).read_text(encoding="utf-8")
        blocks = [
            piece.text for piece in pieces(source, [one for one in found if one.file == file]) if piece.kind != "text"
        ]
        path = goals_of(book, file)
        if not path.is_file() or _stored(path) != blocks:
            stale.append(f"{path.relative_to(book.root)} is stale: run make formal")
    return stale


def goals_of(book: Book, file: str) -> Path:
    """Where the goals of a file's proofs are stored."""
    return book.book / f"{page_of(file)}.md.cache.xz"


def _stored(path: Path) -> object:
    return json.loads(lzma.decompress(path.read_bytes()))["&coq"]["chunks"]
