"""What a chapter shows beside its figures: Markdown that carries numbers from the run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from IPython.display import Markdown, display

def say(markdown: str) -> None:
    """Show Markdown: prose that carries numbers from the run."""
    display(Markdown(markdown))


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    r"""A Markdown table; bars and line ends inside a cell are taken care of.

    Example:
        >>> print(markdown_table(["n", "size"], [[1, "|x|"]]))
        | n | size |
        |---|---|
        | 1 | \|x\| |
    """
    lines = [[_cell(cell) for cell in line] for line in (head, *rows)]
    lines.insert(1, ["---"] * len(head))
    return "\n".join(f"|{'|'.join(line)}|" if line[0] == "---" else f"| {' | '.join(line)} |" for line in lines)


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Show a table; cells are Markdown or anything with a ``str``."""
    say(markdown_table(head, rows))


def _cell(content: object) -> str:
    return str(content).replace("|", "\\|").replace("\n", " ")
