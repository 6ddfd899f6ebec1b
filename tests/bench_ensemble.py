"""`make bench`: microseconds per teacher and Adam step, both heads together, of every way to train the students.

All do the same work: teachers with their own data, starts and shuffles, minibatches of 256, Adam. All are measured in
one run, in turn and several times over, so that a change in the machine's load meets all of them alike; what counts is
the ratio within a round. The rate of large float32 products (sgemm) measured in the same rounds says how far the
fastest is from the hardware. A peer that is not installed is said to be missing.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
import torch

from imagination.jobs.process import cores
from imagination.training.cuda import train_together
from imagination.training.ensemble import Job, train_ensemble
from imagination.training.students import Recipe, initial_parameters, train_student
from imagination.training.teacher import Target, make_data

BATCH = 256
HEADS = (Target.DYNAMICS, Target.REWARD)
PRODUCTS = BATCH * (16 * 64 * 2 * 2 + 64 * 13 * 3) * 2
"""Floating-point operations of one step in products: two first layers (forward, weights), two second (and inputs)."""

Timed = tuple[int, float]  # teacher-steps, seconds


def _training(train: Callable[[Recipe], object], teachers: int, steps: int) -> Timed:
    """Time of the steps alone: a run of one step pays for the data, the set-up and the final errors too."""
    times = []
    for recipe in (Recipe(steps=1), Recipe(steps=steps)):
        start = time.perf_counter()
        train(recipe)
        times.append(time.perf_counter() - start)
    return teachers * (steps - 1), times[1] - times[0]


def plain(n: int, steps: int) -> Timed:
    """The loop of :mod:`imagination.training.students`, one student after the other, with PyTorch's own threads."""
    data = make_data(0, n)
    return _training(lambda recipe: [train_student(data, head, recipe) for head in HEADS], 1, steps)


def ours(n: int, steps: int) -> Timed:
    """The compiled kernel, bundles on all cores."""
    seeds = range(2 * cores())
    return _training(lambda r: train_ensemble([Job(s, n, h, r) for s in seeds for h in HEADS]), len(seeds), steps)


def batched(n: int, steps: int, teachers: int = 16) -> Timed:
    """The GPU path of this library on the processor: batched products, gradients by hand."""

    def train(recipe: Recipe) -> None:
        train_together([Job(s, n, h, recipe) for s in range(teachers) for h in HEADS], device="cpu")

    return _training(train, teachers, steps)


def _starts(n: int, teachers: int, head: Target) -> list[np.ndarray]:
    return [np.stack(a) for a in zip(*(initial_parameters(s, n, head) for s in range(teachers)), strict=True)]


def _tables(n: int, teachers: int) -> tuple[np.ndarray, dict[Target, np.ndarray]]:
    data = [make_data(seed, n) for seed in range(teachers)]
    return np.stack([d.x for d in data]), {h: np.stack([d.targets(h)[0] for d in data]) for h in HEADS}


def vmapped(n: int, steps: int, teachers: int = 16) -> Timed:
    """``torch.func``: vmap over teachers of the gradient of one student's loss, and Adam on the stacked parameters."""
    x, targets = _tables(n, teachers)
    x = torch.from_numpy(x)

    def loss(parameters, x, y):
        W1, b1, W2, b2 = parameters
        return ((torch.relu(x @ W1.T + b1) @ W2.T + b2 - y) ** 2).mean()

    gradient = torch.func.vmap(torch.func.grad(loss))
    each = torch.arange(teachers)[:, None]
    seconds = 0.0
    for head in HEADS:
        y = torch.from_numpy(targets[head])
        parameters = [torch.from_numpy(a).requires_grad_() for a in _starts(n, teachers, head)]
        optimiser, done = torch.optim.Adam(parameters, lr=1e-3), 0
        start = time.perf_counter()
        while done < steps:
            order = torch.stack([torch.randperm(n) for _ in range(teachers)])
            for rows in order.split(BATCH, dim=1)[: steps - done]:
                slopes = gradient([p.detach() for p in parameters], x[each, rows], y[each, rows])
                for parameter, slope in zip(parameters, slopes, strict=True):
                    parameter.grad = slope
                optimiser.step()
                done += 1
        seconds += time.perf_counter() - start
    return teachers * steps, seconds


def jaxed(n: int, steps: int, teachers: int = 16) -> Timed:
    """JAX: jit of a scan over the steps of one student, vmap over teachers; compiled before the clock starts."""
    import jax
    import jax.numpy as jnp

    x, targets = _tables(n, teachers)
    per_epoch, seconds = n // BATCH, 0.0  # whole minibatches only: a scan wants equal shapes. This favours JAX.

    def loss(parameters, x, y):
        W1, b1, W2, b2 = parameters
        return ((jax.nn.relu(x @ W1.T + b1) @ W2.T + b2 - y) ** 2).mean()

    def epoch(state, key, x, y):
        def step(state, rows):
            parameters, mean, square, t = state
            slope, t = jax.grad(loss)(parameters, x[rows], y[rows]), t + 1
            mean = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, mean, slope)
            square = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, square, slope)
            size, root = 1e-3 / (1 - 0.9**t), jnp.sqrt(1 - 0.999**t)
            parameters = jax.tree.map(
                lambda p, m, v: p - size * m / (jnp.sqrt(v) / root + 1e-8), parameters, mean, square
            )
            return (parameters, mean, square, t), None

        rows = jax.random.permutation(key, n)[: per_epoch * BATCH].reshape(per_epoch, BATCH)
        return jax.lax.scan(step, state, rows)[0]

    for head in HEADS:
        y = jnp.asarray(targets[head])
        xs, parameters = jnp.asarray(x), [jnp.asarray(a) for a in _starts(n, teachers, head)]
        zeros = jax.tree.map(jnp.zeros_like, parameters)
        state = (parameters, zeros, zeros, jnp.zeros(teachers))
        run = jax.jit(jax.vmap(epoch))
        keys = jax.random.split(jax.random.key(0), teachers)
        jax.block_until_ready(run(state, keys, xs, y))
        start = time.perf_counter()
        for _ in range(-(-steps // per_epoch)):
            state = run(state, keys, xs, y)
        jax.block_until_ready(state)
        seconds += time.perf_counter() - start
    return teachers * per_epoch * -(-steps // per_epoch), seconds


def sgemm(size: int = 1024, repeats: int = 20) -> float:
    """Rate of float32 products of PyTorch on all cores, operations per second."""
    a, b = torch.rand(2, size, size)
    out = a @ b
    start = time.perf_counter()
    for _ in range(repeats):
        torch.mm(a, b, out=out)
    return repeats * 2 * size**3 / (time.perf_counter() - start)


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="how often everything is measured")
    parser.add_argument("--n", type=int, default=20_000, help="training tuples of each teacher")
    options = parser.parse_args()
    n, torch_threads = options.n, torch.get_num_threads()
    rivals = {
        "this library, compiled kernel": lambda: ours(n, 6000),
        "plain PyTorch loop": lambda: plain(n, 600),
        "torch.func vmap": lambda: vmapped(n, 100),
        "JAX vmap + scan + jit": lambda: jaxed(n, 150),
        "this library, batched PyTorch (its GPU path, on this processor)": lambda: batched(n, 300),
    }
    missing = {}
    for name, rival in list(rivals.items()):
        try:
            rival()  # warm-up and compilation
        except ImportError as error:
            missing[name] = error.name
            del rivals[name]
    times: dict[str, list[float]] = {name: [] for name in rivals}
    rates = []
    for _ in range(options.rounds):
        rates.append(sgemm())
        for name, rival in rivals.items():
            steps, seconds = rival()
            times[name].append(seconds / steps * 1e6)
    first = np.array(times["this library, compiled kernel"])
    print(f"{cores()} cores, {torch_threads} PyTorch threads, N = {n}, {options.rounds} rounds: median [min, max]")
    print(f"{'':64} {'us a step':>10}   {'times slower'}")
    for name, values in times.items():
        ratio = np.array(values) / first
        print(f"{name:64} {np.median(values):10.1f}   {np.median(ratio):5.1f} [{ratio.min():.1f}, {ratio.max():.1f}]")
    for name, module in missing.items():
        print(f"{name:64} {'missing':>10}   {module} is not installed: pip install -e '.[bench]'")
    share = 100 * PRODUCTS / (first * 1e-6) / np.array(rates)
    rates = np.array(rates) / 1e9
    print(f"sgemm: {np.median(rates):.0f} GFLOP/s [{rates.min():.0f}, {rates.max():.0f}]")
    print(f"products of the compiled kernel: {np.median(share):.0f} % of it [{share.min():.0f}, {share.max():.0f}]")


if __name__ == "__main__":
    main()
