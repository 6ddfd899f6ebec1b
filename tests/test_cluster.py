"""A sweep on a real Dask cluster: a scheduler and two worker processes on the loopback interface."""

import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import ExitStack, suppress

import click
import pytest

from imagination.cli.progress import StudyBar
from imagination.errors import RequestError
from imagination.files import StorageError
from imagination.jobs import cluster
from imagination.training.sweep import Sweep, run_sweep

Client = pytest.importorskip("distributed").Client
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
                stderr=subprocess.DEVNULL,
                env=os.environ | {"DASK_DISTRIBUTED__DASHBOARD__LINK": ""},
            )
            stack.callback(process.wait)
            stack.callback(process.kill)
            return process

        yield start


class Address(str):
    """Of a scheduler, with its process."""

    process: subprocess.Popen


@pytest.fixture
def scheduler(start):
    address = f"127.0.0.1:{free_port()}"
    host, port = address.split(":")
    process = start("scheduler", "--host", host, "--port", port, "--no-dashboard", "--no-jupyter")
    found = Address(f"tcp://{address}")
    found.process = process
    return found


def worker(start, scheduler, name):
    return start("worker", scheduler, "--name", name, "--nthreads", "1", "--no-nanny", "--no-dashboard")


def wait_for(workers, scheduler):
    """Wait until so many workers are there."""
    with Client(scheduler, timeout=30, set_as_default=False) as client:
        client.wait_for_workers(workers, timeout=60)


@pytest.fixture(scope="module")
def local(tmp_path_factory):
    """The table of the same sweep without a cluster."""
    out = tmp_path_factory.mktemp("local") / "out"
    run_sweep(SWEEP, out)
    return (out / "errors.csv").read_bytes()


@pytest.mark.slow
def test_one_of_two_workers_is_lost_at_any_moment(tmp_path, start, scheduler, local, monkeypatch):
    """SIGKILL while the first task is under way; between the first task and the work; after the first block.

    Each time another worker takes the place of the lost one, so that there are always two; the rows are the local ones.
    """
    names = iter("abcdefgh")
    workers = [worker(start, scheduler, next(names)) for _ in range(2)]

    def lose_one(*_):
        if not lost:
            lost.append(workers.pop(0))
            lost[0].send_signal(signal.SIGKILL)
            lost[0].wait()

    first_task = cluster._first_task

    def lost_in_the_first_task(client, *arguments):
        submit = client.submit

        def submit_and_lose(*task, **options):
            future = submit(*task, **options)
            lose_one()
            return future

        monkeypatch.setattr(client, "submit", submit_and_lose)
        first_task(client, *arguments)
        monkeypatch.setattr(client, "submit", submit)

    def lost_after_it(*arguments):
        first_task(*arguments)
        lose_one()

    for number, moment in enumerate([lost_in_the_first_task, lost_after_it, None]):
        wait_for(2, scheduler)
        lost, warned, out = [], [], tmp_path / str(number)
        monkeypatch.setattr(cluster, "_first_task", moment or first_task)
        options = {"progress": lose_one} if moment is None else {}
        run_sweep(SWEEP, out, scheduler=scheduler, warn=warned.append, **options)
        assert len(lost) == 1
        assert not warned
        assert (out / "errors.csv").read_bytes() == local
        (session,) = json.loads((out / "provenance.json").read_text())["sessions"]
        assert (session["cluster"], session["blocks"]) == (True, 8)
        workers.append(worker(start, scheduler, next(names)))


@pytest.mark.slow
def test_lost_scheduler_is_one_line_and_what_is_in_stays(tmp_path, start, scheduler, local, capfd):
    """Killed after the first block: Dask says nothing of its own, and the sweep goes on without a cluster."""
    worker(start, scheduler, "one")
    wait_for(1, scheduler)
    out = tmp_path / "out"
    with pytest.raises(cluster.ClusterError, match=r"^the scheduler is lost; finished blocks are kept: see to it"):
        run_sweep(SWEEP, out, scheduler=scheduler, progress=lambda steps: scheduler.process.kill())
    assert capfd.readouterr().err == ""
    kept = {path: path.stat().st_mtime_ns for path in out.glob("blocks/n*.json")}
    assert kept
    run_sweep(SWEEP, out, warn=pytest.fail)
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    assert (out / "errors.csv").read_bytes() == local


def test_what_the_cluster_does_is_the_command_s_one_line():
    """ClusterError and StorageError leave a study's bar as the command's error with exit code 1."""
    for error in (cluster.ClusterError("the scheduler is lost"), StorageError("cannot write x: No space left")):
        with pytest.raises(click.ClickException, match=str(error)) as caught, StudyBar("step"):
            raise error
        assert caught.value.exit_code == 1


@pytest.mark.slow
def test_scheduler_without_workers_is_refused_before_anything_is_written(tmp_path, scheduler):
    for attempt in range(20):  # the scheduler needs a moment to listen
        with pytest.raises(RequestError) as error, cluster.connected(scheduler, patience=0.5):
            pass
        if "has no workers" in str(error.value):
            break
        assert attempt < 19, error.value
    assert "dask worker" in str(error.value)


@pytest.fixture
def silent():
    """A server that takes connections and says nothing, as an HTTP server does to a client that does not ask."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture
def chatty():
    """A server that answers in another language."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer():
            with suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    with connection:
                        connection.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")

        threading.Thread(target=answer, daemon=True).start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)


def test_wrong_addresses_are_refused_in_one_line_and_bounded_time(tmp_path, silent, chatty, monkeypatch):
    """The dashboard's port, another protocol's, encryption without certificates, and no address at all."""
    monkeypatch.setattr(cluster, "ANSWER", 1.0)
    for address, words in [
        (f"tcp://{silent}", "TimeoutError"),
        (f"tcp://{chatty}", "no Dask scheduler answers"),
        (f"tls://{silent}", "TLS expects"),
        (f"http://{silent}", "unknown address scheme"),
        ("tcp://127.0.0.1", "missing port"),
        ("tcp://[::1", "invalid address"),
        ("inproc://x", "no Dask scheduler answers"),
        ("127.0.0.1:8786", "write tcp://HOST:PORT"),
    ]:
        with pytest.raises(RequestError, match=words):
            run_sweep(SWEEP, tmp_path / "out", scheduler=address)
    assert not (tmp_path / "out").exists()
    assert logging.getLogger("distributed").level < logging.CRITICAL
