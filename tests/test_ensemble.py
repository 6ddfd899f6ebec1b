"""The fast trainer against the plain loop, against PyTorch's own Adam, and against itself in other company."""

import itertools
import threading
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import stats

from imagination.errors import RequestError
from imagination.training import blas_threads, kernel
from imagination.training.ensemble import Interrupted, Job, pack, train_bundle, train_ensemble
from imagination.training.students import Recipe, shuffle_key, train_student
from imagination.training.teacher import Target, make_data

BOTH = (Target.DYNAMICS, Target.REWARD)


def bits(outcomes):
    return [(o.mse, o.train_mse, o.steps, o.losses.tolist()) for o in outcomes]


@pytest.fixture(scope="module")
def data():
    return {n: make_data(0, n) for n in (100, 2000)}


@pytest.mark.parametrize(
    ("n", "target", "recipe"),
    [
        (2000, Target.DYNAMICS, Recipe(steps=200)),
        (2000, Target.REWARD, Recipe(steps=200)),
        (2000, Target.DYNAMICS, Recipe(steps=200, tanh_output=True)),
        (2000, Target.REWARD_SATURATED, Recipe(steps=200, tanh_output=True, standardise=True)),
        (2000, Target.COORDINATE, Recipe(steps=203, batch=96, learning_rate=3e-3)),
        (100, Target.DYNAMICS_LINEAR, Recipe(steps=200)),  # a pool smaller than one minibatch
    ],
)
def test_losses_are_those_of_the_plain_loop(data, n, target, recipe):
    """1e-5 relative over the first 200 steps from the same start, minibatches and seeds; steps end inside an epoch."""
    plain = train_student(data[n], target, recipe, record=200)
    (fast,) = train_ensemble([Job(0, n, target, recipe)], record=200)
    assert len(fast.losses) == len(plain.losses) == 200
    np.testing.assert_allclose(fast.losses, plain.losses, rtol=1e-5)
    assert fast.losses[-1] < 0.9 * fast.losses[0]  # it learned: equal losses aren't equal because nothing moved
    np.testing.assert_allclose([fast.mse, fast.train_mse], [plain.mse, plain.train_mse], rtol=1e-5)
    assert fast.steps == plain.steps == recipe.steps


@pytest.mark.slow
def test_final_errors_agree_with_the_plain_loop_over_20_seeds():
    """Paired over 20 teachers: log ratio of the final errors of both trainers, 200 epochs at N = 1000.

    Rounding parts the two from the first step on. If the trainers are equal in distribution, the log ratios lie
    symmetrically about zero. Wilcoxon's signed-rank test at level 0.0005, four times (two heads, held-out and training
    error): false-alarm rate at most 0.002 by Bonferroni. A trainer that is wrong by 1 % at every teacher is found for
    certain, because the ratios scatter by less (0.2 % was seen); the median ratio must stay within 0.1 %.
    """
    recipe = Recipe()
    fast = iter(train_ensemble([Job(seed, 1000, target, recipe) for seed in range(20) for target in BOTH]))
    ratios = []
    for seed in range(20):
        data = make_data(seed, 1000)
        for target in BOTH:
            plain, quick = train_student(data, target, recipe), next(fast)
            ratios.append([np.log(quick.mse / plain.mse), np.log(quick.train_mse / plain.train_mse)])
    for ratio in np.reshape(ratios, (20, 4)).T:
        assert stats.wilcoxon(ratio).pvalue > 0.0005
        assert abs(np.median(ratio)) < 1e-3
        assert np.abs(ratio).max() < 0.05


def test_a_student_is_the_same_in_any_company_and_on_any_number_of_threads():
    """Bit by bit: alone, with the other head, among other teachers and recipes, and on 1, 2 or 5 threads."""
    recipe = Recipe(epochs=3)
    jobs = [Job(seed, n, t, recipe) for seed in range(3) for n in (300, 700) for t in BOTH]
    jobs.append(Job(1, 700, Target.COORDINATE, replace(recipe, tanh_output=True)))
    together = bits(train_ensemble(jobs, threads=1, record=9))
    assert bits(train_ensemble(jobs, threads=2, record=9)) == together
    assert bits(train_ensemble(jobs[::-1], threads=5, record=9))[::-1] == together
    assert [bits(train_ensemble([job], record=9))[0] for job in jobs] == together
    assert len({mse for mse, *_ in together}) == len(jobs)  # they are different trainings


def test_result_does_not_depend_on_the_threads_of_blas(monkeypatch):
    """With the guard removed the setting of the library shows through; with it, it can't."""
    controls = list(blas_threads._controls())
    assert controls, "no OpenBLAS was found behind NumPy and SciPy"
    before = [get() for get, _ in controls]
    seen = []
    monkeypatch.setattr(
        kernel,
        "train",
        lambda *a, original=kernel.train: (seen.append([g() for g, _ in controls]), original(*a)),
    )
    try:
        results = []
        for number in (1, 2):
            for _, set_threads in controls:
                set_threads(number)
            results.append(bits(train_ensemble([Job(0, 700, t, Recipe(epochs=2)) for t in BOTH], record=5)))
            assert [get() for get, _ in controls] == [number] * len(controls)  # restored afterwards
    finally:
        for (_, set_threads), number in zip(controls, before, strict=True):
            set_threads(number)
    assert results[0] == results[1]
    assert seen == [[1] * len(controls)] * 2


def test_blas_guard_is_restored_after_the_last_of_several_threads():
    controls = list(blas_threads._controls())
    before = [get() for get, _ in controls]
    inside, leave = threading.Event(), threading.Event()

    def other():
        with blas_threads.one_blas_thread():
            inside.set()
            leave.wait(10)

    thread = threading.Thread(target=other)
    with blas_threads.one_blas_thread():
        thread.start()
        assert inside.wait(10)
    assert [get() for get, _ in controls] == [1] * len(controls)
    leave.set()
    thread.join()
    assert [get() for get, _ in controls] == before


def test_adam_is_pytorchs():
    """Ten steps on given gradients, small and large, against ``torch.optim.Adam``, to a few last digits."""
    rng = np.random.default_rng(0)
    flat = rng.standard_normal(50).astype(np.float32)
    gradients = (rng.standard_normal((10, 50)) * 10.0 ** rng.integers(-9, 4, 50)).astype(np.float32)
    theirs = torch.nn.Parameter(torch.from_numpy(flat.copy()))
    optimiser = torch.optim.Adam([theirs], lr=2e-3)
    ours, mean, square = flat.copy(), np.zeros_like(flat), np.zeros_like(flat)
    for step, gradient in enumerate(gradients, start=1):
        theirs.grad = torch.from_numpy(gradient)
        optimiser.step()
        kernel.adam(ours, gradient, mean, square, step, 2e-3)
    assert np.abs(ours - flat).max() > 1e-3
    np.testing.assert_allclose(ours, theirs.detach().numpy(), rtol=1e-6, atol=1e-7)


def test_gradient_against_finite_differences():
    """Central differences of the loss in float64 NumPy, at random coordinates of every parameter array."""
    jobs = [Job(0, 100, Target.DYNAMICS, Recipe(tanh_output=True)), Job(0, 100, Target.REWARD)]
    flat, table, _ = pack(jobs, make_data(0, 100))
    outputs, tanh = np.array([12, 1]), np.array([True, False])

    def losses(flat):
        W1, b1, W2, b2 = (a.astype(np.float64) for a in kernel.unpack.py_func(flat, 2, 13))
        x, y = table[:, :16].astype(np.float64), table[:, 16:].astype(np.float64)
        hidden = np.maximum(x @ W1.T + b1, 0)
        dynamics = np.tanh(hidden[:, :64] @ W2[:12].T + b2[:12])
        reward = hidden[:, 64:] @ W2[12:].T + b2[12:]
        return np.mean((dynamics - y[:, :12]) ** 2) + np.mean((reward - y[:, 12:]) ** 2)

    batch = 128  # more columns than the pool has rows: the rest is padding
    x, X, T = kernel.workspace(13, batch)
    H, D, Y = (np.empty((rows, batch), np.float32) for rows in (128, 128, 13))
    gradient, loss = np.empty_like(flat), np.zeros(2)
    kernel.gather(table, np.arange(100, dtype=np.int32), x, X, T)
    kernel.forward(flat, outputs, tanh, X, H, Y)
    kernel.backward(flat, gradient, outputs, tanh, x, H, D, Y, T, 100, loss)
    assert loss.sum() == pytest.approx(losses(flat.astype(np.float64)), rel=1e-5)
    for i in [
        *np.random.default_rng(1).integers(0, flat.size, 60),
        *range(2048, 2051),
        *range(flat.size - 13, flat.size),
    ]:
        shift = np.zeros(flat.size)
        shift[i] = 1e-5
        numerical = (losses(flat + shift) - losses(flat - shift)) / 2e-5
        assert gradient[i] == pytest.approx(numerical, rel=2e-3, abs=2e-6)


def test_a_training_in_pieces_is_the_training_in_one(data):
    """Cutting the range of steps anywhere, even inside an epoch, changes no bit; others train in between."""
    jobs = [Job(0, 2000, t) for t in BOTH]
    flat, table, _ = pack(jobs, data[2000])

    def trained(cuts):
        state, other = np.zeros((2, 3, flat.size), np.float32)
        state[0] = flat
        for first, last in itertools.pairwise(cuts):
            for key, which in ((shuffle_key(9, 2000), other), (shuffle_key(0, 2000), state)):
                kernel.train(
                    which, table, np.array([12, 1]), np.zeros(2, bool), key, first, last, 256, 1e-3, np.zeros((0, 2))
                )
        return state

    np.testing.assert_array_equal(trained([0, 3, 8, 21, 40]), trained([0, 40]))


def test_wrong_requests_are_refused():
    with pytest.raises(RequestError, match="threads = 0"):
        train_ensemble([Job(0, 300)], threads=0)
    with pytest.raises(RequestError, match="bundle"):
        train_bundle([Job(0, 300), Job(1, 300)])
    with pytest.raises(RequestError, match="n = 0"):
        train_ensemble([Job(0, 0)])
    with pytest.raises(RequestError, match="seed 0 at N = 300 diverged"):
        train_ensemble([Job(0, 300, Target.DYNAMICS, Recipe(learning_rate=1e30, steps=20))])
    assert train_ensemble([]) == []


def test_a_set_stop_ends_the_training():
    stop, taken = threading.Event(), []

    def progress(steps):
        taken.append(steps)
        stop.set()

    with pytest.raises(Interrupted):
        train_bundle([Job(0, 300, Target.REWARD, Recipe(epochs=100_000))], progress=progress, stop=stop)
    assert len(taken) == 1
