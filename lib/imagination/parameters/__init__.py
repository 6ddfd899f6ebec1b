"""The parameters of each chapter, with their types and ranges, checked before anything runs.

One module a chapter, each with a class ``Parameters``. The command line checks a request against it before a kernel
starts; the chapter checks the same class in its first cell after the parameters, so plain papermill is protected too.
``imagination parameters`` writes the chapters' parameter cells from these classes: a default is typed once, here.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from importlib import import_module
from pkgutil import iter_modules
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Self, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.fields import FieldInfo

from imagination.errors import RequestError, nearest, shown

_IPYTHON = {"In", "Out", "Parameters"}
_PLAIN = (bool, int, float, str, list, tuple, dict, type(None))
_NUMBER = re.compile(r"[+-]?(\d[\d_]*\.?[\d_]*|\.\d[\d_]*)([eE][+-]?\d{1,4})?")
COLUMNS = 88  # of code that a page shows without scrolling
_NOTHING = ("", "~", "null", "none", "None")


def parameter(default: Any, meaning: str, *, unit: str = "", quick: float | None = None, **bounds: Any) -> Any:
    """Declare a parameter of a chapter.

    Args:
        default: its value in the book.
        meaning: what it is, without unit and range.
        unit: "money", "state", ...; empty where it has none.
        quick: the largest value (of an entry, or of the length of a list) with which a run stays below 20 s on two
            cores; the tests draw legal requests up to it.
        bounds: ``gt``, ``ge``, ``lt``, ``le``, ``min_length``, ``max_length``.
    """
    return Field(default, description=meaning, json_schema_extra={"unit": unit, "quick": quick}, **bounds)


@dataclass(frozen=True)
class ParameterRow:
    """What ``--list`` prints of a parameter."""

    name: str
    default: str
    range: str
    unit: str
    meaning: str


class ChapterParameters(BaseModel):
    """Base of all chapters' parameters: frozen, strict, finite, no unknown name.

    Numbers are taken as people write them: 1e4, 1_000, .5, a whole number for a float, a float that is whole for a
    count; as numbers or as text.

    Example:
        >>> class Parameters(ChapterParameters):
        ...     n_seeds: int = parameter(4, "number of teachers", ge=1)
        >>> Parameters.check({"n_seeds": 2}), Parameters.check({"n_seeds": "1e3"})
        (Parameters(n_seeds=2), Parameters(n_seeds=1000))
        >>> Parameters.check({"n_seeds": 0})
        Traceback (most recent call last):
        imagination.errors.RequestError: parameter n_seeds = 0: must be greater than or equal to 1; try 4, the default
        >>> Parameters.check({"n_seed": 2})
        Traceback (most recent call last):
        imagination.errors.RequestError: parameter n_seed does not exist; did you mean n_seeds?
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _as_people_write(cls, given: Any) -> Any:
        if not isinstance(given, Mapping):
            return given
        fields = cls.model_fields
        return {k: _read(fields[k].annotation, v) if k in fields else v for k, v in given.items()}

    @classmethod
    def check(cls, namespace: Mapping[str, Any]) -> Self:
        """Check the parameters found in a namespace, as a chapter does with ``globals()``.

        Args:
            namespace: names and values; private names, functions, modules and IPython's own are passed over.

        Returns:
            The frozen parameters.

        Raises:
            RequestError: one line: the parameter, its value, what is allowed, what to try.
        """
        return cls._checked({k: v for k, v in namespace.items()
                             if not k.startswith("_") and k not in _IPYTHON and isinstance(v, _PLAIN)})  # fmt: skip

    @classmethod
    def request(cls, given: Mapping[Any, Any]) -> dict[str, Any]:
        """Check a request from outside, where every name must be a parameter's.

        Returns:
            The values of the names given, as plain Python: what may be handed to papermill.

        Raises:
            RequestError: as :meth:`check`; and for any name that is not a parameter's, private or not.
        """
        dump = cls._checked(given).model_dump(mode="json")
        return {name: dump[name] for name in given}

    @classmethod
    def _checked(cls, given: Mapping[Any, Any]) -> Self:
        for name in given:
            if name not in cls.model_fields:
                known = nearest(str(name), cls.model_fields)
                raise RequestError(
                    f"parameter {name if isinstance(name, str) else shown(name)} does not exist; {known}"
                )
        try:
            return cls(**given)
        except ValidationError as error:
            raise RequestError(_one_line(cls, error)) from None

    @classmethod
    def rows(cls) -> list[ParameterRow]:
        """The parameters as a table: name, default, range, unit, meaning."""
        rows = []
        for name, field in cls.model_fields.items():
            default = json.dumps(field.default, ensure_ascii=False)
            rows.append(ParameterRow(name, default, range_of(field), extra(field)["unit"], field.description or ""))
        return rows

    @classmethod
    def cell(cls) -> str:
        """The source of the chapter's parameter cell, written from this class."""
        return "\n".join(_cell_line(cls.model_fields[row.name].default, row) for row in cls.rows())


def extra(field: FieldInfo) -> dict[str, Any]:
    """Unit and quick bound of a field."""
    return {"unit": "", "quick": None} | (field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {})


def range_of(field: FieldInfo) -> str:
    """The range of a field in words.

    Example:
        >>> class Parameters(ChapterParameters):
        ...     gamma: float = parameter(0.9, "discount", gt=0, lt=1)
        ...     anchors: list[Annotated[int, Field(ge=1)]] = parameter([1, 2], "sizes", min_length=2)
        >>> [range_of(f) for f in Parameters.model_fields.values()]
        ['in (0, 1)', 'list of 2 or more, each 1 or more']
    """
    kind, nothing = inner(field.annotation)
    if get_origin(kind) is Literal:
        return "one of " + ", ".join(map(str, get_args(kind)))
    if get_origin(kind) is list:
        entry = get_args(kind)[0]
        each = _interval(entry.__metadata__[0].metadata) if get_origin(entry) is Annotated else ""
        bounds = {type(m): m for m in field.metadata}
        low = bounds[MinLen].min_length if MinLen in bounds else 0
        length = f"{low} to {bounds[MaxLen].max_length}" if MaxLen in bounds else f"{low} or more"
        return f"list of {length}" + (f", each {each}" if each else "")
    text = _interval(field.metadata) or {bool: "true or false", str: "text"}.get(kind, "any")
    return f"{text}, or null" if nothing else text


def _interval(metadata: list[Any]) -> str:
    bounds = {type(m): m for m in metadata}
    low = next((getattr(bounds[k], a) for k, a in ((Gt, "gt"), (Ge, "ge")) if k in bounds), None)
    high = next((getattr(bounds[k], a) for k, a in ((Lt, "lt"), (Le, "le")) if k in bounds), None)
    if low is not None and high is not None:
        return f"in {'(' if Gt in bounds else '['}{low:.12g}, {high:.12g}{')' if Lt in bounds else ']'}"
    if low is not None:
        return f"above {low:.12g}" if Gt in bounds else f"{low:.12g} or more"
    if high is not None:
        return f"below {high:.12g}" if Lt in bounds else f"{high:.12g} or less"
    return ""


def _cell_line(default: Any, row: ParameterRow) -> str:
    value = json.dumps(default, ensure_ascii=False) if isinstance(default, str) else repr(default)
    comment = f"# {row.meaning}{f', unit {row.unit}' if row.unit else ''}, {row.range}"
    line = f"{row.name} = {value}  {comment}"
    if len(line) <= COLUMNS:
        return line
    above = textwrap.wrap(comment, COLUMNS, subsequent_indent="# ", break_long_words=False)
    return "\n".join([*above, f"{row.name} = {value}"])


def inner(annotation: Any) -> tuple[Any, bool]:
    """The type inside Annotated and Optional, and whether None is allowed."""
    if get_origin(annotation) is Annotated:
        return inner(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        kinds = [kind for kind in get_args(annotation) if kind is not NoneType]
        return inner(kinds[0])[0], len(kinds) < len(get_args(annotation))
    return annotation, False


def _read(annotation: Any, value: Any) -> Any:
    """A value as its type wants it, where that loses nothing; else as it is, for the check to refuse."""
    kind, nothing = inner(annotation)
    if nothing and (value is None or value in _NOTHING):
        return None
    if get_origin(kind) is list and isinstance(value, list | tuple):
        return [_read(get_args(kind)[0], entry) for entry in value]
    if kind is bool and isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    if kind in (int, float) and not isinstance(value, bool):
        return _read_number(kind, value)
    return value


def _read_number(kind: type, value: Any) -> Any:
    if isinstance(value, str) and len(value) <= 64 and _NUMBER.fullmatch(value.strip()):
        exact = Decimal(value.strip().replace("_", ""))
        if kind is float:
            return float(exact)
        return int(exact) if exact == exact.to_integral_value() else float(exact)
    if kind is float and isinstance(value, int) and abs(value) < 2**1023:
        return float(value)
    if kind is int and isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _one_line(cls: type[ChapterParameters], error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    name, *position = first["loc"] or ("",)
    what = first["msg"].removeprefix("Value error, ").replace("Input should ", "must ")
    if not name:
        return what
    entry = f" (its entry {position[0] + 1})" if position and isinstance(position[0], int) else ""
    default = cls.model_fields[str(name)].default
    return f"parameter {name} = {shown(first['input'])}{entry}: {what}; try {shown(default)}, the default"


def known_chapters() -> list[str]:
    """Names of the chapters that have parameters."""
    return sorted(module.name for module in iter_modules(__path__))


def parameters_of(chapter: str) -> type[ChapterParameters]:
    """The parameters of a chapter.

    Raises:
        RequestError: if there is no such chapter.
    """
    if chapter not in known_chapters():
        raise RequestError(f"chapter {chapter!r} does not exist; {nearest(chapter, known_chapters())}")
    found: type[ChapterParameters] = import_module(f"imagination.parameters.{chapter}").Parameters
    return found
