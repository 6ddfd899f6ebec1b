"""A chapter over a grid: what is refused, what is left, how verdicts depend on parameters, and what a kill leaves."""

import csv
import signal
import subprocess
import sys
import time

import nbformat
import psutil
import pytest

from imagination.book.grid import GridRun, Point, as_text, points, run_grid
from imagination.cli.commands import run as main
from imagination.errors import RequestError

CHAPTER = """\
# %% tags=["parameters"]
gamma = 0.95
n_systems = 500
n_seeds = 40

# %%
import os
import time
from imagination.book.ledger import Ledger
ledger = Ledger("notation")
threads = os.environ["OMP_NUM_THREADS"], os.environ["IMAGINATION_CORES"]
ledger.check("the kernel has its share of two threads", threads == ("1", "1"), found=f"{threads}")
ledger.beyond("small", "gamma is small", ours=f"{gamma}, with commas", holds=gamma < 0.9)
ledger.check("there are systems", n_systems > 0)
ledger.check("the product is below 90", gamma * n_systems < 90, found=f"{gamma * n_systems}")

# %%
if n_systems == 13:
    raise ValueError("a fault")
if n_seeds == 77:
    time.sleep(600)
"""


@pytest.fixture
def small(copy):
    """A checkout whose chapter ``notation`` is a small one."""
    copy.source("notation").write_text(CHAPTER)
    return copy


def rows(folder):
    return list(csv.DictReader((folder / "runs.csv").read_text().splitlines()))


@pytest.mark.slow
def test_grid_leaves_notebooks_a_table_and_goes_on_with_more_values(small, tmp_path, monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setenv("IMAGINATION_CORES", "2")
    out, warned = tmp_path / "grid", []
    run_grid(small, "notation", {"n_seeds": "5"}, {"gamma": ["0.8"], "n_systems": ["13", "100"]}, out)
    (stamp,) = [path.stat().st_mtime_ns for path in out.glob("*.ipynb")]
    over = {"gamma": ["0.8", "0.95"], "n_systems": ["100", "13"]}
    run = run_grid(small, "notation", {"n_seeds": 5}, over, out, warn=warned.append)
    assert [point.name for point in run.points if point.name in run.failed] == [
        "gamma=0.8_n_systems=13",
        "gamma=0.95_n_systems=13",
    ]
    assert "ValueError: a fault. This is a fault of the book" in run.failed["gamma=0.8_n_systems=13"]
    assert (out / "gamma=0.8_n_systems=100.ipynb").stat().st_mtime_ns == stamp
    found = rows(out)
    assert list(found[0]) == ["gamma", "n_systems", "kind", "claim", "value", "verdict", "notebook"]
    share = [row["verdict"] for row in found if row["claim"].startswith("the kernel has its share")]
    assert share == ["holds", "holds"]
    assert [tuple(row.values())[:6] for row in found if "share" not in row["claim"]] == [
        ("0.8", "100", "claim", "small", "0.8, with commas", "beyond"),
        ("0.8", "100", "check", "there are systems", "", "holds"),
        ("0.8", "100", "check", "the product is below 90", "", "holds"),
        ("0.95", "100", "claim", "small", "0.95, with commas", "does not hold"),
        ("0.95", "100", "check", "there are systems", "", "holds"),
        ("0.95", "100", "check", "the product is below 90", "95.0", "does not hold"),
    ]
    notebook = nbformat.read(out / found[-1]["notebook"], as_version=4)
    injected = next(c.source for c in notebook.cells if "injected-parameters" in c.metadata.get("tags", ()))
    assert "gamma = 0.95" in injected
    assert "n_seeds = 5" in injected
    text = "\n".join(as_text(run))
    assert "2 runs over gamma, n_systems. The same everywhere: 2 holds\nclaim small depends on gamma\n" in text
    small.source("notation").write_text(CHAPTER + "\n# %%\n1\n")
    with pytest.raises(RequestError, match="state of the chapter is"):
        run_grid(small, "notation", {"n_seeds": 5}, over, out)


def kernels(book):
    """Kernels that work in a checkout's folder."""
    found = []
    for process in psutil.process_iter(["cmdline", "cwd"]):
        if "ipykernel_launcher" in " ".join(process.info["cmdline"] or []) and process.info["cwd"] == str(book.book):
            found.append(process.pid)
    return found


def until(condition, *arguments):
    for _ in range(600):
        if condition(*arguments):
            return
        time.sleep(0.1)
    raise AssertionError("it has not come")


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_killed_grid_leaves_no_kernel_and_goes_on(small, tmp_path, number):
    """One run is in, the other sleeps in its kernel, when the signal comes."""
    code = (
        "import sys; from pathlib import Path; from imagination.cli.stop import stop_on_signals; stop_on_signals()\n"
        "from imagination.book.grid import run_grid; from imagination.book.paths import Book\n"
        "run_grid(Book(Path(sys.argv[1])), 'notation', {}, {'n_seeds': [5, 77]}, Path(sys.argv[2]), threads=2)"
    )
    out = tmp_path / "grid"
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(small.root), str(out)], stderr=subprocess.PIPE, text=True
    )
    until(lambda: (out / "blocks" / "n_seeds=5.json").exists() and len(kernels(small)) == 1)
    process.send_signal(number)
    _, said = process.communicate()
    if number == signal.SIGINT:
        assert (process.returncode, said) == (130, "imagination: stopped\n")
    until(lambda: not kernels(small))
    assert not list(out.rglob("*.part"))
    assert [path.name for path in out.glob("*.ipynb")] == ["n_seeds=5.ipynb"]
    begun = []
    run_grid(small, "notation", {}, {"n_seeds": [5]}, out, begin=lambda *n: begun.append(n), warn=pytest.fail)
    assert begun == [(1, 1)]
    assert {row["claim"] for row in rows(out)} >= {"small", "there are systems", "the product is below 90"}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--over", "gama", "[0.8]"], "combination gama = 0.8: parameter gama does not exist; did you mean gamma?"),
        (["--over", "gamma", "[0.8, 1]"], "combination gamma = 1: parameter gamma = 1.0: must be less than or"),
        (["--over", "gamma", "0.8"], "--over gamma '0.8' is not a list of values"),
        (["--over", "gamma", "[]"], "--over gamma [] is not a list of values"),
        (["--over", "gamma", "{a: 1}"], "is not a list of values"),
        (["--over", "gamma", "[0.8"], "is not a YAML value"),
        (["--over", "gamma", "[" * 3000], "is not a YAML value"),
        (["--over", "gamma", "[0.8]", "--over", "gamma", "[0.9]"], "names a parameter twice"),
        (["--over", "gamma", "[0.8, .8]"], "gives the combination gamma=0.8 twice"),
        (["--over", "gamma", "[0.8]", "-p", "gamma", "0.9"], "by -p or -f and by --over"),
        (["--over", "seed", "[" + ",".join(map(str, range(200))) + "]",
          "--over", "n_seeds", "[" + ",".join(map(str, range(2, 202))) + "]"], "40000 combinations; at most 10000"),
        (["--over", "n_states", "[2, 5]", "--over", "anchors", "[[5, 10], [9, 10]]"],
         "combination n_states = 5, anchors = ['5', '10']: anchors start at 5"),
        (["--scheduler", "tcp://127.0.0.1:1"], "--over names no parameter"),
        (["--over", "__import__('os')", "[1]"], "does not exist"),
    ],
)  # fmt: skip
def test_a_wrong_grid_is_one_line_and_nothing_is_written(arguments, says, tmp_path, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["run", "notation", *arguments, "--out", str(tmp_path / "out")])
    printed = capsys.readouterr()
    assert (stop.value.code, printed.out, printed.err.count("\n")) == (2, "", 1)
    assert says in printed.err
    assert not (tmp_path / "out").exists()


def test_folder_of_the_book_is_refused(checkout):
    with pytest.raises(RequestError, match="committed references"):
        run_grid(checkout, "notation", {}, {"gamma": [0.8]}, checkout.book / "mine")


def test_names_of_notebooks_tell_the_values_and_are_files_everywhere():
    for chosen, name in [
        ({"a": 1e-05, "b": True}, "a=1e-05_b=true"),
        ({"anchors": [100, -2]}, "anchors=100,-2"),
        ({"p": "ou-0.5"}, "p=ou-0.5"),
        ({"p": None}, "p=null"),
    ]:
        assert Point(chosen, {}).name == name
    for strange in ("../x", "a b", "ü", "x" * 200):
        assert Point({"p": strange}, {}).name.startswith("run-")


def test_points_are_all_combinations_as_the_model_reads_them():
    found = points("notation", {"seed": "1_0"}, {"gamma": [".8", "0.9"], "n_systems": ["1e2", 200]})
    assert [tuple(p.chosen.values()) for p in found] == [(0.8, 100), (0.8, 200), (0.9, 100), (0.9, 200)]
    assert found[0].request == {"seed": 10, "gamma": 0.8, "n_systems": 100}


def test_dependence_is_told_by_the_fewest_parameters():
    grid = [Point({"a": a, "b": b, "c": c}, {}) for a in (1, 2) for b in (1, 2) for c in (1, 2)]
    rules = {
        "never": lambda a, b, c: True,
        "one": lambda a, b, c: b == 1,
        "two": lambda a, b, c: a == c,
        "all": lambda a, b, c: (a, b, c) == (1, 1, 1),
    }
    outcomes = {
        p.name: [("claim", k, "", "yes" if rule(**p.chosen) else "no") for k, rule in rules.items()] for p in grid
    }
    text = as_text(GridRun("x", grid, outcomes, {}))
    assert text[0] == "8 runs over a, b, c. The same everywhere: 1 yes"
    assert text[1:4] == ["claim one depends on b", "  yes  b = 1", "  no   b = 2"]
    assert text[4:7] == [
        "claim two depends on a and c",
        "  yes  (a = 1, c = 1), (a = 2, c = 2)",
        "  no   (a = 1, c = 2), (a = 2, c = 1)",
    ]
    assert text[7:9] == ["claim all depends on a and b and c", "  yes  a = 1, b = 1, c = 1"]
    del outcomes[grid[0].name][1]
    assert "  absent  a = 1, b = 1, c = 1" in as_text(GridRun("x", grid, outcomes, {}))
    assert as_text(GridRun("x", grid, {}, {})) == ["no run came to its end"]
