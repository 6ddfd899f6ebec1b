"""The tables of the chapter ``notation`` name things that the library has."""

from __future__ import annotations

import inspect
import re
from dataclasses import fields, is_dataclass
from importlib import import_module

import pytest

from imagination.book.paths import REPOSITORY

NAME = re.compile(r"`([a-z_]+(?:\.\w+)+)(?:\((\w+)=\))?`")


def resolve(dotted: str, argument: str | None) -> None:
    """Find ``package.module.name``, ``….Class.field`` or ``….function(argument=)``; raise where there is none."""
    package, module, *rest = dotted.split(".")
    owner = None
    found = import_module(f"imagination.{package}.{module}")
    for name in rest:
        owner, known = found, is_dataclass(found) and name in {field.name for field in fields(found)}
        found = None if known else getattr(found, name)
    if argument is not None:
        assert argument in inspect.signature(found).parameters, f"{dotted} has no argument {argument}"
    assert owner is not None


def names_in_tables() -> list[tuple[str, str | None]]:
    source = (REPOSITORY / "notebooks" / "notation.py").read_text("utf-8")
    rows = [line for line in source.splitlines() if line.startswith("# | ")]
    return [(dotted, argument or None) for row in rows for dotted, argument in NAME.findall(row)]


def test_there_are_names_to_check():
    assert len(names_in_tables()) >= 20


@pytest.mark.parametrize(("dotted", "argument"), names_in_tables())
def test_every_name_exists(dotted, argument):
    resolve(dotted, argument)


@pytest.mark.parametrize(
    ("dotted", "argument"),
    [("gap.bounds.Lipschitz.rewards", None), ("gap.bounds.return_gap_bound", "epsilon"), ("gap.nowhere.name", None)],
)
def test_a_wrong_name_is_found_out(dotted, argument):
    with pytest.raises((AttributeError, AssertionError, ModuleNotFoundError)):
        resolve(dotted, argument)
