"""A sweep that is killed, resumed, contradicted, run twice, damaged or out of space."""

import errno
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from imagination import files
from imagination.cli.commands import run as main
from imagination.errors import RequestError
from imagination.files import StorageError
from imagination.jobs import cluster
from imagination.training.ensemble import train_ensemble
from imagination.training.sweep import Sweep, run_sweep

SMALL = Sweep(anchors=(300, 700), seeds=3, epochs=2)
COMMAND = [sys.executable, "-m", "imagination.cli", "sweep"]
ARGUMENTS = ["--anchors", "300,700", "--seeds", "3", "--epochs", "2"]


def run(*arguments, **options):
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=300, check=False, **options)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The folder of a sweep that nothing happened to."""
    out = tmp_path_factory.mktemp("sweep") / "undisturbed"
    run_sweep(SMALL, out)
    return out


def table(folder):
    return (folder / "errors.csv").read_text()


def test_table_holds_each_training_once_and_all_its_digits(undisturbed):
    header, *rows = table(undisturbed).splitlines()
    assert header == "head,n,seed,mse,train_mse,steps"
    jobs = [job for block in SMALL.blocks() for job in block.argument[1]]
    wanted = {
        f"{job.target.value},{job.n},{job.seed},{o.mse!r},{o.train_mse!r},{o.steps}"
        for job, o in zip(jobs, train_ensemble(jobs), strict=True)
    }
    assert len(rows) == SMALL.trainings == 12
    assert set(rows) == wanted


def test_provenance_says_what_ran(undisturbed):
    found = json.loads((undisturbed / "provenance.json").read_text())
    assert found["parameters"] == json.loads(json.dumps(asdict(SMALL)))
    assert (found["trainings"], found["adam_steps"]) == (12, 2 * 3 * 2 * (2 + 3))
    (session,) = found["sessions"]
    assert session["blocks"] == 6
    assert 0 < session["wall_seconds"] == found["wall_seconds"] < 300
    assert re.fullmatch("[0-9a-f]{64}", session["lock_sha256"])
    assert session["commit"] is None or re.fullmatch("[0-9a-f]{40}", session["commit"])
    assert session["threads"] >= 1
    assert session["devices"][0]
    assert set(session["packages"]) == {"numpy", "scipy", "numba", "torch"}


def test_any_grid(tmp_path):
    """Heads, policy, first seed and a fixed number of steps reach the trainings."""
    sweep = Sweep(anchors=(300,), seeds=1, first_seed=5, heads=("coordinate", "reward"), steps=7, policy="uniform")
    run_sweep(sweep, tmp_path / "a")
    rows = [line.split(",") for line in table(tmp_path / "a").splitlines()[1:]]
    assert [(r[0], r[1], r[2], r[5]) for r in rows] == [("coordinate", "300", "5", "7"), ("reward", "300", "5", "7")]
    run_sweep(replace(sweep, policy="sinusoid"), tmp_path / "b")
    assert table(tmp_path / "a") != table(tmp_path / "b")


@pytest.mark.slow
def test_killed_at_any_moment_it_continues_and_ends_with_the_same_table(tmp_path):
    """SIGKILL and Ctrl-C, each as soon as another block is in: no block that was in is lost or made again."""
    arguments = ["--anchors", "2000,3000", "--seeds", "8", "--epochs", "60", "--threads", "2", "--out"]
    sweep = Sweep(anchors=(2000, 3000), seeds=8, epochs=60)
    run_sweep(sweep, tmp_path / "whole")
    out, kept = tmp_path / "killed", set()
    for number in (signal.SIGKILL, signal.SIGINT):
        process = subprocess.Popen([*COMMAND, *arguments, str(out)], stderr=subprocess.PIPE, text=True)
        while process.poll() is None and set(out.glob("blocks/n*.json")) <= kept:
            time.sleep(0.005)
        process.send_signal(number)
        _, said = process.communicate()
        assert kept < set(out.glob("blocks/n*.json"))
        kept = set(out.glob("blocks/n*.json"))
    assert process.returncode == 130
    assert said.splitlines()[-1] == "imagination: stopped"
    assert "Traceback" not in said
    assert len(kept) < 16  # something was left to do
    assert not (out / "errors.csv").exists()
    made = {path: path.stat().st_mtime_ns for path in kept}
    assert run_sweep(sweep, out, warn=pytest.fail).new
    assert {path: path.stat().st_mtime_ns for path in kept} == made
    assert not list(out.rglob("*.part"))
    assert table(out) == table(tmp_path / "whole")
    sessions = json.loads((out / "provenance.json").read_text())["sessions"]
    assert (len(sessions), sum(session["blocks"] for session in sessions)) == (3, 16)


def test_other_arguments_are_refused_and_the_difference_is_named(undisturbed, capsys):
    before = {p: p.stat().st_mtime_ns for p in undisturbed.rglob("*")}
    for other, words in [
        (replace(SMALL, seeds=4), "seeds is 3 there and 4 here"),
        (replace(SMALL, policy="uniform"), "policy is sinusoid there and uniform here"),
        (replace(SMALL, anchors=(300,)), r"anchors is \[300, 700\] there and \[300\] here"),
        (replace(SMALL, steps=9), "steps is None there and 9 here"),
    ]:
        with pytest.raises(RequestError, match=words):
            run_sweep(other, undisturbed)
    with pytest.raises(SystemExit) as end:
        main(["sweep", "--anchors", "300,700", "--seeds", "4", "--epochs", "2", "--out", str(undisturbed)])
    printed = capsys.readouterr()
    assert (end.value.code, printed.out) == (2, "")
    assert len(printed.err.splitlines()) == 1
    assert "seeds is 3 there and 4 here" in printed.err
    assert {p: p.stat().st_mtime_ns for p in undisturbed.rglob("*")} == before


def test_finished_sweep_is_left_alone(undisturbed, capsys):
    before = {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in undisturbed.rglob("*.*") if p.name != ".lock"}
    main(["sweep", *ARGUMENTS, "--out", str(undisturbed)])
    assert "were already in" in capsys.readouterr().out
    assert {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in before} == before


def test_second_sweep_into_a_folder_at_work_is_refused(tmp_path, capsys):
    """Another process holds the folder, until it is killed."""
    code = (
        "import sys, time; from pathlib import Path; from imagination.jobs.folder import StudyFolder\n"
        "with StudyFolder(Path(sys.argv[1]), 'sweep', {'anchors': 'others'}): print('in', flush=True); time.sleep(600)"
    )
    out = tmp_path / "out"
    with subprocess.Popen([sys.executable, "-c", code, str(out)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == b"in\n"
        with pytest.raises(SystemExit) as end:
            main(["sweep", *ARGUMENTS, "--out", str(out)])
        holder.kill()
    assert end.value.code == 2
    assert "another sweep is at work" in capsys.readouterr().err
    with pytest.raises(RequestError, match="anchors is others there"):  # the lock went with its holder
        run_sweep(SMALL, out)


DAMAGES = {
    "empty": lambda text: "",
    "torn": lambda text: text[: len(text) // 2],
    "altered": lambda text: text.replace("300", "301"),
    "other": lambda text: "[]",
    "zeros": lambda text: "\0" * len(text),
    "deep": lambda text: "[" * 100_000,
    "no text": lambda text: text.encode("utf-16"),
}


def shard(folder, n, seed):
    return folder / "blocks" / f"n{n:06}-seed{seed:05}.json"


def write(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


def test_damaged_shards_are_named_and_made_again(tmp_path, undisturbed):
    """Every kind of damage in turn, and a shard of another block or another sweep that is whole."""
    out = tmp_path / "out"
    shutil.copytree(undisturbed, out)
    other = tmp_path / "other"
    run_sweep(replace(SMALL, policy="uniform"), other)
    victim = shard(out, 300, 1)
    whole = victim.read_text()
    digit = {"a digit": lambda text: text.replace('"seconds": ', '"seconds": 1', 1)}
    foreign = {"another block": lambda text: shard(out, 300, 2).read_text(),
               "another sweep": lambda text: shard(other, 300, 1).read_text()}  # fmt: skip
    for damage in (DAMAGES | digit | foreign).values():
        lines = []
        write(victim, damage(whole))
        assert victim.read_bytes() != whole.encode()
        assert run_sweep(SMALL, out, warn=lines.append).new
        assert lines == [f"{victim} is damaged: its block is done again"]
        assert table(out) == table(undisturbed)
        assert json.loads(victim.read_text())["result"] == json.loads(whole)["result"]


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_damaged_results_and_settings_are_named_and_written_again(tmp_path, undisturbed, damage):
    out, lines = tmp_path / "out", []
    shutil.copytree(undisturbed, out)
    made = {path: path.stat().st_mtime_ns for path in out.glob("blocks/*")}
    names = {"errors.csv", "provenance.json", "study.json"}
    if damage == DAMAGES["altered"]:
        names.remove("study.json")  # settings that read well are another sweep's
    for name in names:
        write(out / name, damage((out / name).read_text()))
    run_sweep(SMALL, out, warn=lines.append)
    for name in names:
        assert (out / name).read_bytes() == (undisturbed / name).read_bytes()
        assert sum(str(out / name) in line for line in lines) == 1
    assert len(lines) == len(names)
    assert {path: path.stat().st_mtime_ns for path in out.glob("blocks/*")} == made


def test_lost_settings_are_found_in_the_shards(tmp_path, undisturbed):
    """Without study.json other arguments are refused all the same: else they would write over what is there."""
    out = tmp_path / "out"
    shutil.copytree(undisturbed, out)
    (out / "study.json").unlink()
    with pytest.raises(RequestError, match="seeds is 3 there and 2 here"):
        run_sweep(replace(SMALL, seeds=2), out)
    assert not run_sweep(SMALL, out, warn=pytest.fail).new
    assert (out / "study.json").read_bytes() == (undisturbed / "study.json").read_bytes()


def test_full_disk_names_the_file_and_keeps_what_is_there(tmp_path, undisturbed, monkeypatch):
    """The third shard finds no room; the first two stay, nothing half-written does, and the sweep can go on."""
    shards, real = [], os.fsync

    def fsync(descriptor):
        name = os.readlink(f"/proc/self/fd/{descriptor}")
        if "/blocks/" in name:
            shards.append(name)
            if len(shards) == 3:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(descriptor)

    monkeypatch.setattr(files.os, "fsync", fsync)
    with pytest.raises(StorageError, match=r"cannot write .*blocks/n000.*json: No space left on device"):
        run_sweep(SMALL, tmp_path / "out", threads=1)
    monkeypatch.undo()
    assert len(list((tmp_path / "out" / "blocks").iterdir())) == 2
    assert not (tmp_path / "out" / "errors.csv").exists()
    assert run_sweep(SMALL, tmp_path / "out").new
    assert table(tmp_path / "out") == table(undisturbed)


def test_command_that_cannot_write_a_file_ends_with_1_and_one_line(tmp_path):
    """A real refusal of the system: files above 200 bytes are not allowed to the process."""

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (200, 200))

    environment = os.environ | {"NUMBA_DISABLE_JIT": "0", "PYTHONDONTWRITEBYTECODE": "1"}
    done = run(*ARGUMENTS, "--out", str(tmp_path / "out"), preexec_fn=limit, env=environment)
    assert done.returncode == 1
    assert "cannot write" in done.stderr.splitlines()[-1]
    assert str(tmp_path / "out") in done.stderr
    assert "Traceback" not in done.stderr
    assert not list((tmp_path / "out").rglob("*.part"))


def test_folder_that_cannot_be_used_is_refused(tmp_path):
    (tmp_path / "file").write_text("mine")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").write_text("mine")
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "sweep.json").write_text("{}")
    for folder, words in [
        (tmp_path / "file" / "out", "file/out"),
        (tmp_path / "file", "not a folder"),
        (tmp_path / "full", "thesis.tex"),
        (tmp_path / "old", "an older version of this package"),
        (Path("/proc/out"), "cannot write into /proc/out"),
    ]:
        with pytest.raises(RequestError, match=words):
            run_sweep(SMALL, folder)
    assert [p.name for p in (tmp_path / "full").iterdir()] == ["thesis.tex"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--anchors", "2000,x", "--seeds", "1"], "whole numbers"),
        (["--anchors", "2000,2000", "--seeds", "1"], "twice"),
        (["--anchors", "0", "--seeds", "1"], "anchors = 0"),
        (["--anchors", "500001", "--seeds", "1"], "500000"),
        (["--anchors", "", "--seeds", "1"], "whole numbers"),
        (["--anchors", "300", "--seeds", "0"], "seeds = 0"),
        (["--anchors", "300", "--seeds", "1", "--epochs", "0"], "epochs = 0"),
        (["--anchors", "300", "--seeds", "1", "--heads", "rewards"], "did you mean reward"),
        (["--anchors", "300", "--seeds", "1", "--policy", "sin"], "policy 'sin'"),
        (["--anchors", "300", "--seeds", "1", "--device", "tpu"], "cpu, cuda"),
        (["--anchors", "300", "--seeds", "1", "--threads", "0"], "threads = 0"),
        (["--anchors", "300", "--seeds", "1", "--scheduler", "localhost:8786"], "tcp://HOST:PORT"),
        (["--anchors", "300", "--seeds", "1", "--scheduler", "tcp://127.0.0.1:1"], "no Dask scheduler answers"),
        (["--seeds", "1"], "--anchors"),
    ],
)
def test_wrong_request_is_one_line_exit_2_and_writes_nothing(tmp_path, arguments, words, capsys, monkeypatch):
    monkeypatch.setattr(cluster, "ANSWER", 1.0)
    with pytest.raises(SystemExit) as end:
        main(["sweep", *arguments, "--out", str(tmp_path / "out")])
    error = capsys.readouterr().err
    assert end.value.code == 2
    assert len(error.splitlines()) == 1, error
    assert words in error
    assert not (tmp_path / "out").exists()


def test_remaining_time_is_counted_in_steps_and_from_this_session(tmp_path):
    """What progress reports adds up to the total, and a resumed sweep begins where the last one ended."""
    begun, steps = [], []
    run_sweep(SMALL, tmp_path / "out", begin=lambda *n: begun.append(n), progress=steps.append)
    shard(tmp_path / "out", 700, 2).unlink()
    again = []
    run_sweep(SMALL, tmp_path / "out", begin=lambda *n: begun.append(n), progress=again.append)
    assert begun == [(0, 60), (60 - 2 * 6, 60)]
    assert (sum(steps), sum(again)) == (60, 12)
