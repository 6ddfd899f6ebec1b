"""A sweep on a real Dask cluster: a scheduler and two worker processes on the loopback interface."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack

import pytest

from imagination.errors import RequestError
from imagination.training.sweep import Sweep, run_sweep

pytest.importorskip("distributed")
SWEEP = Sweep(anchors=(700, 2000), seeds=4, epochs=30)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def start(tmp_path):
    """Start ``dask ...`` in a folder of its own; every process ends with the test."""
    with ExitStack() as stack:

        def start(*arguments):
            process = subprocess.Popen(
                [sys.executable, "-m", "dask", *arguments],
                cwd=tmp_path,
                stderr=subprocess.PIPE,
                text=True,
                env=os.environ | {"DASK_DISTRIBUTED__DASHBOARD__LINK": ""},
            )
            stack.callback(process.stderr.close)
            stack.callback(process.wait)
            stack.callback(process.kill)
            return process

        yield start


@pytest.fixture
def scheduler(start):
    address = f"127.0.0.1:{free_port()}"
    host, port = address.split(":")
    start("scheduler", "--host", host, "--port", port, "--no-dashboard", "--no-jupyter")
    return f"tcp://{address}"


def worker(start, scheduler, name):
    return start("worker", scheduler, "--name", name, "--nthreads", "1", "--no-nanny", "--no-dashboard")


@pytest.mark.slow
def test_cluster_gives_the_table_of_the_local_run_although_a_worker_is_killed(tmp_path, start, scheduler):
    """One of two workers gets SIGKILL after the first block is in; the other one finishes its work too."""
    run_sweep(SWEEP, tmp_path / "local")
    workers = [worker(start, scheduler, name) for name in ("one", "two")]
    # Both must be there before the work is: else one of them could have done it all.
    from distributed import Client

    with Client(scheduler, timeout=30, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=60)
    killed = []

    def progress(steps):
        if not killed:
            killed.append(time.monotonic())
            workers[0].send_signal(signal.SIGKILL)
            workers[0].wait()

    run_sweep(SWEEP, tmp_path / "cluster", scheduler=scheduler, progress=progress)
    assert killed
    assert workers[0].returncode == -signal.SIGKILL
    assert (tmp_path / "cluster" / "errors.csv").read_bytes() == (tmp_path / "local" / "errors.csv").read_bytes()
    (session,) = json.loads((tmp_path / "cluster" / "provenance.json").read_text())["sessions"]
    assert session["cluster"] is True
    assert session["blocks"] == 8


@pytest.mark.slow
def test_scheduler_without_workers_is_refused_before_anything_is_written(tmp_path, scheduler):
    from imagination.training import cluster

    for attempt in range(20):  # the scheduler needs a moment to listen
        with pytest.raises(RequestError) as error:
            cluster.connect(scheduler, patience=0.5)
        if "has no workers" in str(error.value):
            break
        assert attempt < 19, error.value
    assert "dask worker" in str(error.value)
    assert not (tmp_path / "out").exists()
