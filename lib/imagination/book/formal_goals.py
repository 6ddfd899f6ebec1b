"""What Coq shows after each step of a proof, stored where Alectryon looks for it.

A step shows its goal and the hypotheses that the step added: the whole context would be too long to read.
The pages then build without Coq. Source: this book.
"""

from __future__ import annotations

import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from alectryon.core import Goal, Hypothesis, Sentence, Text
from alectryon.json import FileCacheSet
from alectryon.noop import NoOp

from imagination.book.formal import Statement, folder, order, page_of, statements
from imagination.book.formal_pages import pieces
from imagination.book.paths import Book
from imagination.errors import require

_TIME = re.compile(r"^Chars (\d+) - (\d+) ", re.M)
_MARK = re.compile(r"^fun mark_(\d+) : unit => mark_\d+\n +: unit -> unit\n", re.M)
WIDTH = 100


def _compile(work: Path, module: str, *options: str) -> str:
    command = ["coqc", "-w", "none", *options, "-Q", str(work), "Imagination", str(work / f"{module}.v")]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    require(answer.returncode == 0, f"{module}: the goals cannot be shown: {answer.stderr}")
    return answer.stdout


def _sentences(work: Path, module: str, source: str) -> list[tuple[int, int]]:
    """Where each sentence begins and ends, in characters."""
    raw = source.encode()
    bounds = [(int(a), int(b)) for a, b in _TIME.findall(_compile(work, module, "-time"))]
    return [(len(raw[:a].decode()), len(raw[:b].decode())) for a, b in bounds]


def parse_goal(shown: str) -> tuple[list[str], str] | None:
    """Hypotheses and conclusion of the first goal that Coq printed.

    Example:
        >>> parse_goal("1 goal\\n  \\n  x : R\\n  H : 0 <\\n      x\\n  ======\\n  0 <= x\\n")
        (['x : R', 'H : 0 < x'], '0 <= x')
        >>> parse_goal("No more goals.") is None
        True
    """
    parts = re.split(r"^ *={6,}\n", shown, maxsplit=1, flags=re.M)
    if len(parts) < 2:
        return None
    hypotheses: list[str] = []
    for line in parts[0].splitlines()[1:]:
        if re.match(r"  \S", line):
            hypotheses.append(line.strip())
        elif line.strip() and hypotheses:
            hypotheses[-1] += " " + line.strip()
    conclusion = re.split(r"\n\s*\n", parts[1].rstrip(), maxsplit=1)[0]
    return hypotheses, " ".join(line.strip() for line in conclusion.splitlines())


def _hypothesis(text: str) -> Hypothesis:
    names, _, rest = text.partition(" : ")
    name, _, body = names.partition(" := ")
    return Hypothesis(name.split(", "), body or None, rest)


def _shown(work: Path, module: str, source: str, bounds: list[tuple[int, int]]) -> dict[int, tuple[list[str], str]]:
    """The goal after each sentence inside a proof, by the sentence's number."""
    out, at, inside = [f"Set Printing Width {WIDTH}.\n"], 0, False
    for number, (_, end) in enumerate(bounds):
        sentence = source[bounds[number][0] : end]
        out.append(source[at:end])
        inside = (inside or sentence.startswith("Proof")) and sentence not in ("Qed.", "Defined.")
        if inside:
            out.append(f" Check (fun mark_{number} : unit => mark_{number}). Show.")
        at = end
    (work / f"{module}Goals.v").write_text("".join([*out, source[at:]]), encoding="utf-8")
    printed = _MARK.split(_compile(work, f"{module}Goals"))[1:]
    goals = {}
    for key, text in zip(printed[::2], printed[1::2], strict=True):
        if (goal := parse_goal(text)) is not None:
            goals[int(key)] = goal
    return goals


def _fragments(
    start: int, text: str, source: str, bounds: list[tuple[int, int]], steps: dict[int, Sentence]
) -> list[object]:
    """One block cut into sentences, and what stands between them."""
    found: list[object] = []
    at, stop = start, start + len(text)
    for number, (a, b) in enumerate(bounds):
        if start <= a and b <= stop:
            if a > at:
                found.append(Text(source[at:a]))
            found.append(steps[number])
            at = b
    if at < stop:
        found.append(Text(source[at:stop]))
    return found


def _store(book: Book, work: Path, file: str, mine: list[Statement]) -> None:
    module, source = file.removesuffix(".v"), (folder(book) / file).read_text(encoding="utf-8")
    bounds = _sentences(work, module, source)
    shown = _shown(work, module, source, bounds)
    steps: dict[int, Sentence] = {}
    known: set[str] = set()
    for number, (a, b) in enumerate(bounds):
        goals = []
        if number in shown:
            hypotheses, conclusion = shown[number]
            new = [_hypothesis(one) for one in hypotheses if one not in known]
            goals, known = [Goal(None, conclusion, new)], set(hypotheses)
        steps[number] = Sentence(source[a:b], [], goals)
    blocks = [piece for piece in pieces(source, mine) if piece.kind != "text"]
    annotated = [_fragments(piece.start, piece.text, source, bounds, steps) for piece in blocks]
    with FileCacheSet(str(book.book / "formal"), str(book.book / f"{page_of(file)}.md"), "xz") as stored:
        stored["coq"].put([piece.text for piece in blocks], NoOp().metadata, annotated, NoOp().version_info())


def write_goals(book: Book, work: Path) -> None:
    """Store the goals of every file, from the folder where it was compiled."""
    (book.book / "formal").mkdir(exist_ok=True)
    found = statements(book)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        waiting = [
            pool.submit(_store, book, work, file, [one for one in found if one.file == file]) for file in order(book)
        ]
    for one in waiting:
        one.result()
