"""`imagination run` and plain papermill: new parameters work, wrong ones are refused and nothing is written."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import nbformat
import papermill
import pytest
from papermill.exceptions import PapermillExecutionError

from imagination.book.paths import Book
from imagination.cli import main


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Run a command that must be refused; return its one line."""
    with pytest.raises(SystemExit) as stop:
        main(list(arguments))
    assert stop.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert "Traceback" not in err
    return err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["runn"], "command 'runn' does not exist; did you mean run?"),
        (["run"], "Missing argument 'CHAPTER'"),
        (["run", "notatoin"], "chapter 'notatoin' does not exist; did you mean notation?"),
        (["run", "notation", "-p", "n_seed", "3"], "parameter n_seed does not exist; did you mean n_seeds"),
        (["run", "notation", "-p", "n_seeds", "0"], "n_seeds = 0: must be greater than or equal to 2; try 40"),
        (["run", "notation", "-p", "n_seeds", "three"], "n_seeds = 'three': must be a valid integer"),
        (["run", "notation", "-p", "n_seeds", "2.5"], "n_seeds = 2.5: must be a valid integer"),
        (["run", "notation", "-p", "gamma", "1"], "gamma = 1.0: must be less than 1"),
        (["run", "notation", "-p", "gamma", "-0.1"], "gamma = -0.1: must be greater than 0"),
        (["run", "notation", "-p", "gamma", ".nan"], "gamma = '.nan': must be"),
        (["run", "notation", "-p", "gamma", ".inf"], "gamma = '.inf': must be"),
        (["run", "notation", "-p", "anchors", "[2000]"], "anchors = [2000]"),
        (["run", "notation", "-p", "anchors", "[2000, -1]"], "anchors = [2000, -1] must increase"),
        (["run", "notation", "-p", "anchors", "[1, 2"], "is not a YAML value"),
        (["run", "notation", "-f", "nowhere.yml"], "-f nowhere.yml can't be read: there is no such file"),
        (["run", "notation", "--out", "x.html"], "--out x.html is not allowed: it must end in .ipynb"),
        (["run", "notation", "--out", "nowhere/x.ipynb"], "in a folder that exists"),
        (["build", "notatoin"], "chapter 'notatoin' does not exist; did you mean notation?"),
    ],
)  # fmt: skip
def test_a_wrong_request_is_one_line_and_nothing_is_written(
    arguments: list[str],
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert says in refused(capsys, *arguments)
    assert list(tmp_path.iterdir()) == []


def test_the_committed_references_are_not_overwritten(checkout: Book, capsys: pytest.CaptureFixture[str]) -> None:
    assert "book/ holds the committed references" in refused(
        capsys, "run", "notation", "--out", str(checkout.executed("mine"))
    )


def test_run_with_new_parameters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.yml").write_text("n_seeds: 5\ngamma: 0.8\n")
    main(["run", "notation", "-f", "mine.yml", "-p", "gamma", "0.9", "--out", "mine.ipynb"])
    notebook = nbformat.read(tmp_path / "mine.ipynb", as_version=4)
    injected = next(c.source for c in notebook.cells if "injected-parameters" in c.metadata.get("tags", ()))
    assert "n_seeds = 5" in injected
    assert "gamma = 0.9" in injected
    assert all(cell.execution_count for cell in notebook.cells if cell.cell_type == "code")


def test_plain_papermill_works_and_is_protected(checkout: Book, tmp_path: Path) -> None:
    source, out = str(checkout.executed("notation")), tmp_path / "mine.ipynb"
    papermill.execute_notebook(source, str(out), parameters={"n_seeds": 5}, progress_bar=False)
    assert out.exists()
    for wrong in ({"n_seeds": 0}, {"n_seed": 5}):
        with pytest.raises(PapermillExecutionError, match=f"RequestError: parameter {next(iter(wrong))} "):
            papermill.execute_notebook(source, None, parameters=wrong, progress_bar=False)


def test_help_is_there_without_a_wait() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "imagination.cli", "--help"], capture_output=True, text=True, check=True
    )
    assert "plan" in done.stdout
    probe = "import sys, imagination.cli; sys.exit('torch' in sys.modules or 'sympy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", probe], check=False).returncode == 0
