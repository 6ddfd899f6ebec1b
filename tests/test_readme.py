"""What the README shows is what its commands print."""

from __future__ import annotations

import re
import shlex

import pytest

from imagination.book.paths import REPOSITORY
from imagination.cli import main

README = (REPOSITORY / "README.md").read_text("utf-8")


def test_the_plan_in_the_readme_is_the_real_output(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(REPOSITORY)
    block = re.search(r"\$ imagination (plan(?:.*\\\n)*.*)\n((?:.|\n)*?)```", README)
    assert block
    main(shlex.split(block[1].replace("\\\n", " ")))
    assert capsys.readouterr().out.strip() == block[2].strip()


def test_every_file_and_make_target_in_the_readme_exists() -> None:
    makefile = (REPOSITORY / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"(?:^|`)make ([a-z-]+)", README, re.M)) - {"test"}
    assert {"book", "help"} <= targets
    assert all(re.search(rf"^{target}:", makefile, re.M) for target in targets)
    for path in re.findall(r"\]\(([\w./-]+)\)|`((?:notebooks|tests|book|lib)/[\w./-]+)`", README):
        name = next(filter(None, path))
        assert (REPOSITORY / name).exists(), name
