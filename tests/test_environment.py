"""The lock, pyproject.toml, environment.yml and what is installed agree."""

from __future__ import annotations

import re
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, version

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from imagination.book.paths import REPOSITORY

LOCK = (REPOSITORY / "requirements.lock").read_text("utf-8")
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]
CONDA = yaml.safe_load((REPOSITORY / "environment.yml").read_text("utf-8"))


def pins(lock: str) -> dict[str, str]:
    """Names and versions; every line must be one exact pin."""
    found = {}
    for line in filter(None, map(str.strip, lock.splitlines())):
        match = re.fullmatch(r"([A-Za-z0-9._-]+)==([\w.!]+)", line)
        assert match, f"requirements.lock: {line!r} is not an exact pin such as numpy==2.4.6; run `make lock`"
        found[canonicalize_name(match[1])] = match[2]
    return found


def drift(lock: str) -> list[str]:
    """What the lock pins against what is installed."""
    lines = []
    for name, pinned in pins(lock).items():
        try:
            installed = version(name).split("+")[0]  # torch's CPU build says 2.13.0+cpu
        except PackageNotFoundError:
            installed = "nothing"
        if installed != pinned:
            lines.append(f"{name}: locked {pinned}, installed {installed}")
    return lines


def unmet(lock: str) -> list[str]:
    """Direct dependencies (the bench's peers aside, which are no part of the lock) that the lock does not satisfy."""
    extras = PROJECT["optional-dependencies"]
    direct = [*PROJECT["dependencies"], *extras["book"], *extras["test"], *extras["cluster"]]
    locked = pins(lock)
    return [
        text
        for text in direct
        if not (need := Requirement(text)).specifier.contains(locked.get(canonicalize_name(need.name), "0"))
        or canonicalize_name(need.name) not in locked
    ]


def test_what_is_installed_is_what_is_locked() -> None:
    assert drift(LOCK) == []


def test_the_lock_satisfies_pyproject() -> None:
    assert unmet(LOCK) == []


def test_the_lock_names_no_cuda_package() -> None:
    assert [name for name in pins(LOCK) if name.startswith(("nvidia-", "cuda-", "triton"))] == []


def test_environment_yml_takes_python_and_pip_from_conda_and_the_rest_from_the_lock() -> None:
    *conda, pip = CONDA["dependencies"]
    assert conda == ["python=3.11", "pip"]
    assert pip == {"pip": ["-r requirements.lock", "-e ."]}
    assert f">={conda[0].removeprefix('python=')}" in PROJECT["requires-python"]


def test_this_python_is_one_that_the_project_admits() -> None:
    specifier = Requirement(f"x{PROJECT['requires-python']}").specifier
    assert specifier.contains(".".join(map(str, sys.version_info[:3])))


def test_drift_is_seen() -> None:
    assert drift(LOCK.replace("numpy==", "numpy==9.")) != []
    assert unmet(re.sub(r"^pydantic==.*$", "pydantic==1.0", LOCK, flags=re.M)) == ["pydantic>=2"]
    with pytest.raises(AssertionError, match="not an exact pin"):
        pins("numpy>=2")
