"""The parameters of each chapter, with their types and ranges, checked before anything runs.

One module a chapter, each with a class ``Parameters``. The command line checks a request against it before a kernel
starts; the chapter checks the same class in its first cell after the parameters, so plain papermill is protected too.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from imagination.errors import RequestError, nearest

__all__ = ["ChapterParameters", "known_chapters", "parameters_of"]

_IPYTHON = {"In", "Out", "Parameters"}
_PLAIN = (bool, int, float, str, list, tuple, dict, type(None))


class ChapterParameters(BaseModel):
    """Base of all chapters' parameters: frozen, strict, finite, no unknown name.

    Example:
        >>> from pydantic import Field
        >>> class Parameters(ChapterParameters):
        ...     n_seeds: int = Field(4, ge=1, description="number of teachers")
        >>> Parameters.check({"n_seeds": 2})
        Parameters(n_seeds=2)
        >>> Parameters.check({"n_seeds": 0})
        Traceback (most recent call last):
        imagination.errors.RequestError: parameter n_seeds = 0: must be greater than or equal to 1; try 4, the default
        >>> Parameters.check({"n_seed": 2})
        Traceback (most recent call last):
        imagination.errors.RequestError: parameter n_seed does not exist; did you mean n_seeds?
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)

    @classmethod
    def check(cls, namespace: Mapping[str, Any]) -> Self:
        """Check the parameters found in a namespace: ``Parameters.check(globals())``.

        Args:
            namespace: names and values; private names, functions, modules and IPython's own are passed over.

        Returns:
            The frozen parameters.

        Raises:
            RequestError: one line: the parameter, its value, what is allowed, what to try.
        """
        given = {k: v for k, v in namespace.items()
                 if not k.startswith("_") and k not in _IPYTHON and isinstance(v, _PLAIN)}  # fmt: skip
        for name in given:
            if name not in cls.model_fields:
                raise RequestError(f"parameter {name} does not exist; {nearest(name, cls.model_fields)}")
        try:
            return cls(**given)
        except ValidationError as error:
            raise RequestError(_one_line(cls, error)) from None


def _one_line(cls: type[ChapterParameters], error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    name, *position = first["loc"] or ("",)
    what = first["msg"].removeprefix("Value error, ").replace("Input should ", "must ")
    if not name:
        return what
    value = first["input"]
    entry = f" (its entry {position[0] + 1})" if position and isinstance(position[0], int) else ""
    default = cls.model_fields[name].default
    return f"parameter {name} = {value!r}{entry}: {what}; try {default!r}, the default"


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
    return import_module(f"imagination.parameters.{chapter}").Parameters
