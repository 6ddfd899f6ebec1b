"""The batched PyTorch trainer, on the processor and, where there is one, on a GPU."""

import numpy as np
import pytest
import torch

from imagination.errors import RequestError
from imagination.training.cuda import orders, train_together
from imagination.training.ensemble import Job, train_ensemble
from imagination.training.students import Recipe, epoch_order, shuffle_key, train_student
from imagination.training.sweep import Sweep, run_sweep
from imagination.training.teacher import Target, make_data

pytestmark = pytest.mark.usefixtures("one_torch_thread")

DEVICES = ["cpu", pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here"))]


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(
    ("targets", "recipe"),
    [
        ((Target.DYNAMICS, Target.REWARD), Recipe(steps=203)),
        ((Target.COORDINATE,), Recipe(steps=203, tanh_output=True, standardise=True, learning_rate=3e-3)),
    ],
)
def test_losses_are_those_of_the_plain_loop(device, targets, recipe):
    """In float64, 1e-9 relative over 200 steps, with partial minibatches (700 = 2 x 256 + 188), an epoch cut short."""
    jobs = [Job(seed, 700, target, recipe) for seed in (3, 0) for target in targets]
    for job, fast in zip(jobs, train_together(jobs, device=device, record=200, dtype=np.float64), strict=True):
        plain = train_student(make_data(job.seed, 700), job.target, recipe, record=200, dtype=np.float64)
        np.testing.assert_allclose(fast.losses, plain.losses, rtol=1e-9)
        np.testing.assert_allclose([fast.mse, fast.train_mse], [plain.mse, plain.train_mse], rtol=1e-9)
        assert fast.steps == plain.steps == 203


@pytest.mark.parametrize("device", DEVICES)
def test_errors_are_those_of_the_compiled_trainer_across_chunks(device):
    """1,500 steps are two transfers of orders; on a GPU these steps are replayed from a captured graph."""
    jobs = [Job(seed, 300, t, Recipe(steps=1500)) for seed in range(2) for t in (Target.REWARD, Target.DYNAMICS)]
    ours, compiled = train_together(jobs, device=device, dtype=np.float64), train_ensemble(jobs, dtype=np.float64)
    for a, b in zip(ours, compiled, strict=True):
        np.testing.assert_allclose([a.mse, a.train_mse], [b.mse, b.train_mse], rtol=1e-6)


def test_orders_are_the_shuffles_padded_to_whole_minibatches():
    bundles = [[Job(seed, 300, recipe=Recipe(epochs=1200))] for seed in (4, 9)]
    chunks = list(orders(bundles, steps=2400))
    assert [count for *_, count in chunks] == [1000, 1000, 400]
    rows, weights, _ = chunks[1]
    for i, seed in enumerate((4, 9)):
        expected = epoch_order(shuffle_key(seed, 300), 501, 300)
        assert rows[2, i].tolist() + rows[3, i, :44].tolist() == expected.tolist()
    assert weights.sum((1, 2)) == pytest.approx(1)
    assert (weights[3, 44:] == 0).all()
    assert weights[3, 0, 0] == pytest.approx(1 / 44)


def test_wrong_requests_are_refused():
    with pytest.raises(RequestError, match="differ in more"):
        train_together([Job(0, 300), Job(1, 400)], device="cpu")
    with pytest.raises(RequestError, match="differ in more"):
        train_together([Job(0, 300), Job(1, 300, Target.REWARD)], device="cpu")
    jobs = [Job(1, 300, recipe=Recipe(steps=20, learning_rate=1e30))]
    with pytest.raises(RequestError, match="seed 1 at N = 300 diverged"):
        train_together(jobs, device="cpu")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_sweep_on_a_missing_gpu_is_refused_before_its_folder_is_made(tmp_path):
    with pytest.raises(RequestError, match="finds no CUDA device"):
        run_sweep(Sweep(anchors=(300,), seeds=1, epochs=1, device="cuda"), tmp_path / "out")
    assert not (tmp_path / "out").exists()
