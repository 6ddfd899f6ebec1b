"""The runner of long studies: blocks here, in processes, and a folder that is believed only where it is whole."""

import json
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from imagination.errors import RequestError
from imagination.files import StorageError
from imagination.jobs.folder import Block, Shard, StudyFolder
from imagination.jobs.process import Interrupted, ProcessLost, cores, in_a_process
from imagination.jobs.runner import Study, run_study
from imagination.jobs.work import BlockFailed, Made


def square(x, progress, stop):
    """The work of the studies below: refuses 13, fails at 7, leaves a file for even numbers."""
    if x == 13:
        raise RequestError("13 is not allowed")
    if x == 7:
        raise BlockFailed("7 can't be had")
    return Made({"square": x * x}, {f"{x}.txt": f"{x * x}\n"} if x % 2 == 0 else {})


def study(*numbers, settings=None, work=square, **options):
    def publish(shards):
        return {"squares.txt": "".join(f"{shard.result['square']}\n" for shard in shards.values())}

    return Study("study", settings or {}, [Block(f"b{x}", x) for x in numbers], work, publish, **options)


def test_blocks_are_done_once_and_results_are_in_order(tmp_path):
    run = run_study(study(3, 2, 1), tmp_path / "s", threads=2)
    assert run.new
    assert not run.failed
    assert (tmp_path / "s" / "squares.txt").read_text() == "9\n4\n1\n"
    assert (tmp_path / "s" / "2.txt").read_text() == "4\n"
    assert not run_study(study(3, 2, 1), tmp_path / "s").new
    more = run_study(study(5, 3, 2, 1), tmp_path / "s")
    assert [shard.session["name"] == more.shards["b5"].session["name"] for shard in more.shards.values()] == [
        True,
        False,
        False,
        False,
    ]


def test_failing_block_is_left_out_and_tried_again(tmp_path):
    for _ in range(2):
        run = run_study(study(7, 1, 3), tmp_path / "s", threads=1)
        assert run.new
        assert run.failed == {"b7": "7 can't be had"}
        assert (tmp_path / "s" / "squares.txt").read_text() == "1\n9\n"


def test_refusal_stops_the_study_and_keeps_what_is_finished(tmp_path):
    with pytest.raises(RequestError, match="13 is not allowed"):
        run_study(study(1, 13, 3), tmp_path / "s", threads=1)
    assert (tmp_path / "s" / "blocks" / "b1.json").exists()
    assert not (tmp_path / "s" / "squares.txt").exists()
    with StudyFolder(tmp_path / "s", "study", {}):
        pass  # the lock went with the study


def test_file_of_a_block_is_damaged_or_gone(tmp_path):
    lines = []
    run_study(study(1, 2), tmp_path / "s")
    for damage in (lambda file: file.write_text("5\n"), lambda file: file.unlink()):
        damage(tmp_path / "s" / "2.txt")
        assert run_study(study(1, 2), tmp_path / "s", warn=lines.append).new
        assert (tmp_path / "s" / "2.txt").read_text() == "4\n"
    assert lines == [f"{tmp_path / 's' / '2.txt'} is damaged or gone: its block is done again"] * 2


def test_folder_of_another_kind_or_of_strange_things_is_refused(tmp_path):
    run_study(study(1), tmp_path / "s")
    with (
        pytest.raises(RequestError, match="holds a study of kind 'study', not sweep"),
        StudyFolder(tmp_path / "s", "sweep", {}),
    ):
        pass
    (tmp_path / "s" / "blocks" / "b2.json").mkdir()
    with pytest.raises(RequestError, match=r"b2\.json is not a file: remove it"):
        run_study(study(1, 2), tmp_path / "s")
    with pytest.raises(RequestError, match="can't name a block"):
        Block("../../etc/passwd", 0)


def test_progress_adds_up_whether_or_not_the_work_tells_it(tmp_path):
    def telling(x, progress, stop):
        progress(x)
        return Made({"square": x * x})

    begun, told = [], []
    blocks = [Block("b1", 1, weight=10), Block("b2", 2, weight=5)]
    for work in (square, telling):
        plan = Study("study", {}, blocks, work, lambda shards: {})
        run_study(plan, tmp_path / work.__name__, begin=lambda *n: begun.append(n), progress=told.append)
    assert begun == [(0, 15)] * 2
    assert sum(told) == 30


def test_stop_reaches_the_work(tmp_path):
    """A study that is interrupted tells its blocks, and the folder is free again."""
    stopped = threading.Event()

    def patient(x, progress, stop):
        if x == 0:
            raise KeyboardInterrupt
        if stop.wait(60):
            stopped.set()
        return Made({"square": 0})

    with pytest.raises(KeyboardInterrupt):
        run_study(study(1, 0, 2, work=patient), tmp_path / "s", threads=2)
    assert stopped.is_set()
    run_study(study(1, 2), tmp_path / "s")


@pytest.mark.parametrize("moment", ["folder", "lock", "shard", "result"])
def test_disk_that_takes_nothing_is_one_line_and_costs_nothing_earned(tmp_path, monkeypatch, moment):
    from imagination import files

    real, refused = os.replace, {"folder": "study.json", "shard": "b2.json", "result": "squares.txt"}

    def replace(source, target):
        if os.path.basename(target) == refused.get(moment):
            raise OSError(28, "No space left on device")
        real(source, target)

    if moment == "lock":
        (tmp_path / "s").write_text("a file")
        with pytest.raises(RequestError, match="not a folder"):
            run_study(study(1, 2), tmp_path / "s")
        return
    monkeypatch.setattr(files.os, "replace", replace)
    with pytest.raises(StorageError, match=f"cannot write .*{refused[moment]}: No space left on device; finished"):
        run_study(study(1, 2), tmp_path / "s", threads=1)
    monkeypatch.undo()
    kept = {"folder": [], "shard": ["b1"], "result": ["b1", "b2"]}[moment]
    assert [path.stem for path in sorted((tmp_path / "s" / "blocks").iterdir())] == kept
    run_study(study(1, 2), tmp_path / "s", warn=pytest.fail)
    assert (tmp_path / "s" / "squares.txt").read_text() == "1\n4\n"


def test_shard_round_trips(tmp_path):
    block, shard = Block("b", ("x", 1)), Shard({"a": [1.5, None]}, 0.1, "cpu", {"v": "1"}, {"name": "n"}, 2.0)
    with StudyFolder(tmp_path / "s", "study", {}) as folder:
        kept = folder.keep(block, shard, {"f.txt": "text"})
        assert folder.finished([block]) == {"b": kept}
        assert kept.result == shard.result
    record = json.loads((tmp_path / "s" / "blocks" / "b.json").read_text())
    assert record["block"] == "b"
    assert record["study"]["kind"] == "study"


def test_cores_can_be_lowered(monkeypatch):
    monkeypatch.setenv("IMAGINATION_CORES", "1")
    assert cores() == 1
    monkeypatch.setenv("IMAGINATION_CORES", "many")
    assert cores() >= 1


def shared_threads():
    return os.environ["OMP_NUM_THREADS"], cores()


def refuse():
    raise RequestError("no")


def vanish():
    os.kill(os.getpid(), signal.SIGKILL)


def wait(path):
    """Start a child of its own, say both process numbers, and wait for ever."""
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    with open(path, "w") as file:
        file.write(f"{os.getpid()} {child.pid}\n")
    child.wait()


def test_function_in_a_process(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert in_a_process(shared_threads, threads=1) == ("1", 1)
    with pytest.raises(RequestError, match="no"):
        in_a_process(refuse)
    with pytest.raises(ProcessLost, match="ended with -9"):
        in_a_process(vanish)


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().split()[2] != "Z"
    except FileNotFoundError:
        return False


def gone(pid):
    for _ in range(300):
        if not alive(pid):
            return True
        time.sleep(0.1)
    return False


def read_when_there(path):
    for _ in range(600):
        if path.exists() and path.read_text().endswith("\n"):
            return [int(word) for word in path.read_text().split()]
        time.sleep(0.1)
    raise AssertionError(f"{path} has not come")


def test_process_ends_when_it_is_told_to_stop(tmp_path):
    stop, ended = threading.Event(), []

    def ask():
        try:
            in_a_process(wait, tmp_path / "pids", stop=stop)
        except Interrupted:
            ended.append(True)

    asker = threading.Thread(target=ask)
    asker.start()
    pid, child = read_when_there(tmp_path / "pids")
    stop.set()
    asker.join(30)
    assert ended == [True]
    assert gone(pid)
    os.kill(child, signal.SIGKILL)


def test_process_does_not_outlive_the_one_who_asked(tmp_path):
    """SIGKILL to the asker: the pipe closes, and the process ends."""
    code = (
        "import sys; sys.path[:0] = [sys.argv[1]]\n"
        "from test_jobs import wait\nfrom imagination.jobs.process import in_a_process\nin_a_process(wait, sys.argv[2])"
    )
    asker = subprocess.Popen([sys.executable, "-c", code, os.path.dirname(__file__), str(tmp_path / "pids")])
    pid, child = read_when_there(tmp_path / "pids")
    asker.kill()
    asker.wait()
    assert gone(pid)
    os.kill(child, signal.SIGKILL)
