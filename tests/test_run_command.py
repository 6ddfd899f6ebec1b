"""`imagination run` and plain papermill: new parameters work, wrong ones are refused and nothing is written."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import papermill
import psutil
import pytest
from papermill.exceptions import PapermillExecutionError

from imagination.book.paths import Book
from imagination.cli import main
from imagination.parameters import parameters_of


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
        (["run", "notation", "-p", "gamma", "1"], "gamma = 1.0: must be less than or equal to 0.9999"),
        (["run", "notation", "-p", "gamma", "-0.1"], "gamma = -0.1: must be greater than or equal to 0.001"),
        (["run", "notation", "-p", "gamma", ".nan"], "gamma = '.nan': must be"),
        (["run", "notation", "-p", "gamma", ".inf"], "gamma = '.inf': must be"),
        (["run", "notation", "-p", "anchors", "[2000]"], "anchors = [2000]"),
        (["run", "notation", "-p", "anchors", "[2000, 10]"], "anchors = [2000, 10] must increase"),
        (["run", "notation", "-p", "anchors", "[1, 2"], "is not a YAML value"),
        (["run", "notation", "-f", "nowhere.yml"], "-f nowhere.yml can't be read: there is no such file"),
        (["run", "notation", "--out", "x.html"], "--out x.html is not allowed: it must end in .ipynb"),
        (["run", "notation", "--out", "nowhere/x.ipynb"], "in a folder that exists"),
        (["run", "notation", "--out", "."], "it must end in .ipynb"),
        (["run", "notation", "--out", f"{'x' * 300}.ipynb"], "can't be written: File name too long"),
        (["run", "notation", "-f", "/dev/zero"], "there is no such file"),
        (["run", "notation", "-p", "n_seeds", "9" * 5000], "n_seeds = '999"),
        (["run", "notation", "-p", "anchors", "[" * 2000], "is not a YAML value"),
        (["run", "notation", "-p", "anchors", "[" * 9 + "]" * 9], "anchors = [[[[...]]]]"),
        (["run", "notation", "-p", "gamma", "2024-01-01"], "gamma = '2024-01-01': must be a valid number"),
        (["run", "notation", "-p", "gamma", "!!binary aGk="], "gamma = 'aGk=': must be a valid number"),
        (["run", "notation", "-p", "anchors", "!!set {1, 2}"], "must be a valid list"),
        (["run", "notation", "-p", "gamma", "\x1b[31m.5"], "is not a YAML value"),
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


@pytest.mark.parametrize(
    "name", ["_; import os; os.system('touch planted'); _x", "In", "Out", "Parameters", "__name__", "p = 1"]
)
def test_a_name_that_is_no_parameter_never_reaches_papermill(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Papermill writes names into code as they are."""
    monkeypatch.chdir(tmp_path)
    mine = tmp_path / "mine.yml"
    mine.write_text(f'"{name}": 1\n')
    for arguments in (["-p", name, "1"], ["-f", "mine.yml"]):
        assert "does not exist" in refused(capsys, "run", "notation", *arguments)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.yml"]


@pytest.mark.parametrize(
    "content",
    ["1: 2", "[1]: 2", "{a: 1}: 2", "2024-01-01: 3", "!!set {a}", "- 1", "", "other: {n_seeds: 3}", "\0", "[" * 5000],
)
def test_a_parameter_file_that_is_none(
    content: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.yml").write_text(content)
    refused(capsys, "run", "notation", "-f", "mine.yml")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.yml"]


def test_numbers_as_people_write_them() -> None:
    given = {"n_seeds": "1e1", "n_systems": "1_000", "gamma": ".5", "lipschitz_pi": 1, "anchors": ["1e2", 2e2]}
    asked = parameters_of("notation").request(given)
    assert asked == {"n_seeds": 10, "n_systems": 1000, "gamma": 0.5, "lipschitz_pi": 1.0, "anchors": [100, 200]}
    assert [type(value) for value in asked.values()] == [int, int, float, float, list]


def test_the_parameters_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    main(["run", "notation", "--list"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["name", "default", "range", "unit", "meaning"]
    assert len(lines) == 1 + len(parameters_of("notation").model_fields)
    main(["run", "notation", "--list", "--json"])
    assert {
        "name": "gamma",
        "default": 0.95,
        "range": "in [0.001, 0.9999]",
        "unit": "",
        "meaning": "discount",
    } in json.loads(capsys.readouterr().out)


def test_ctrl_c_is_one_line(tmp_path: Path) -> None:
    """At start-up, while the kernel starts, and while cells run."""
    for wait in (0.3, 1.5, 3.0):
        command = [
            sys.executable,
            "-m",
            "imagination.cli",
            "run",
            "simulation_lemma",
            "--out",
            str(tmp_path / "x.ipynb"),
        ]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        time.sleep(wait)
        kernels = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
        if process.returncode == 0:  # a machine fast enough to be done
            continue
        assert (process.returncode, err) == (130, "imagination: stopped\n")
        assert psutil.wait_procs(kernels, timeout=10)[1] == []
        assert list(tmp_path.iterdir()) == []


def test_the_committed_references_are_not_overwritten(checkout: Book, capsys: pytest.CaptureFixture[str]) -> None:
    assert "that folder holds the committed references" in refused(
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
