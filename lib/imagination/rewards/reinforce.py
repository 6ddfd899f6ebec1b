r"""REINFORCE on rollouts, with and without the discount on states, and what noisy labels do to it.

.. math:: \hat g=\frac1K\sum_k\sum_{t<H}[\gamma^t]\,w_t^{(k)}\big(\hat G_t^{(k)}-b_t^{(k)}\big),\qquad
   \hat G_t=\sum_{u\ge t}\gamma^{u-t}\hat r_u

``discount_states=True`` keeps the factor in brackets: estimator B, unbiased for the gradient of the discounted
return. ``discount_states=False`` drops it: estimator A, which is what most code computes and is biased for 0 <
gamma < 1. The truth that these functions are tested against is :mod:`imagination.rewards.enumeration`. Source: Section
5 of the paper; flag 5a of this book.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from imagination.checks import Floats, instance, number, tensor, whole
from imagination.errors import require
from imagination.rewards.inflation import credit
from imagination.rewards.measured import Measured
from imagination.rewards.noise import NoiseProcess
from imagination.rewards.rollouts import Policy, Rollouts, System, rollout, scores


def returns_to_go(
    rewards: torch.Tensor, gamma: float, *, trace: float = 1.0, n_step: int | None = None
) -> torch.Tensor:
    r"""Discounted sum of rewards from each step onward, shape ``(..., H)`` as the rewards.

    Args:
        rewards: shape ``(..., H)``; a NaN is refused.
        gamma: discount in [0, 1].
        trace: lambda of GAE; below 1 this is the part of the advantage that the labels enter.
        n_step: number of labels used, or None for all.

    Example:
        >>> returns_to_go(torch.tensor([[1.0, 1.0, 1.0]], dtype=torch.float64), 0.5)
        tensor([[1.7500, 1.5000, 1.0000]], dtype=torch.float64)
    """
    labels = tensor("rewards", rewards, axes=1)
    return labels @ torch.from_numpy(credit(labels.shape[-1], gamma, trace=trace, n_step=n_step)).to(labels).T


def reinforce(
    score: torch.Tensor,
    returns: torch.Tensor,
    gamma: float,
    *,
    discount_states: bool,
    baseline: torch.Tensor | float = 0.0,
) -> torch.Tensor:
    """Single-rollout gradients, shape ``(..., P)``; their mean over rollouts is the estimator.

    Args:
        score: ``w_t``, shape ``(..., H, P)``.
        returns: from :func:`returns_to_go`, shape ``(..., H)``.
        gamma: discount in [0, 1].
        discount_states: estimator B (True) or A (False); see the module.
        baseline: subtracted from the returns, broadcast to ``(..., H)``.

    Raises:
        RequestError: on mismatched shapes or a NaN.

    Example:
        >>> one = torch.ones(1, 2, 1, dtype=torch.float64)
        >>> reinforce(one, torch.tensor([[1.5, 1.0]], dtype=torch.float64), 0.5, discount_states=True)
        tensor([[2.]], dtype=torch.float64)
    """
    returns = tensor("returns", returns, axes=1)
    instance("score", score, torch.Tensor)
    fits = score.ndim == returns.ndim + 1 and score.shape[:-1] == returns.shape and score.is_floating_point()
    require(fits, f"score has the shape {tuple(score.shape)} where returns have {tuple(returns.shape)}: one axis more")
    off = tensor("baseline", baseline) if isinstance(baseline, torch.Tensor) else number("baseline", baseline)
    horizon, g = returns.shape[-1], number("gamma", gamma, low=0, high=1)
    factor = torch.full((horizon,), g if discount_states else 1.0, dtype=returns.dtype, device=returns.device)
    try:
        weights = (returns - off) * factor.pow(torch.arange(horizon, device=returns.device))
    except RuntimeError:
        weights = returns.new_empty(0)
    require(
        weights.shape == returns.shape,
        f"the baseline must broadcast to the shape {tuple(returns.shape)} of the returns",
    )
    gradients = torch.einsum("...t,...tp->...p", weights, score)
    require(bool(torch.isfinite(gradients).all()), "a gradient is NaN or infinite: scores, returns or baseline are")
    return gradients


def batch_mean(returns: torch.Tensor) -> torch.Tensor:
    """Baseline: mean return-to-go of the batch at each step, shape ``(..., 1, H)`` for returns ``(..., K, H)``.

    It sees the noisy labels of the rollout that it is subtracted from, so it shrinks the gradient by 1/K.
    """
    return tensor("returns", returns, axes=2).mean(-2, keepdim=True)


def leave_one_out(returns: torch.Tensor) -> torch.Tensor:
    """Baseline: mean of the other rollouts of the batch, shape ``(..., K, H)``; unbiased, and still sees their noise.

    Example:
        >>> leave_one_out(torch.tensor([[1.0], [3.0], [5.0]]))[:, 0]
        tensor([4., 3., 2.])
    """
    k = tensor("returns", returns, axes=2).shape[-2]
    require(k >= 2, f"K = {k} is not allowed: leaving one out needs at least 2 rollouts")
    return (returns.sum(-2, keepdim=True) - returns) / (k - 1)


@dataclass(frozen=True)
class NoisyLabels:
    """What a Monte Carlo study of noisy labels found, for single rollouts.

    ``inflation`` is the measured difference of the two variances, and ``excess`` the mean squared distance
    between the noisy and the noise-free gradient of the same rollout: the same number where the cross term of
    the law of total variance vanishes, and far less noisy. ``shift`` is the largest coordinate of the mean
    difference in standard errors; ``score_squares`` is ``E||w_t||^2`` for each step and ``score_bound_square`` is
    ``E max_t ||w_t||^2``.
    """

    inflation: Measured
    excess: Measured
    shift: float
    score_squares: Floats
    score_bound_square: float


def variance_difference(noisy: torch.Tensor, clean: torch.Tensor) -> Measured:
    """Difference of the total variances of two paired samples of vectors, with its standard error.

    Args:
        noisy: shape ``(n, P)``, n at least 3.
        clean: the same rollouts without noise, shape ``(n, P)``.
    """
    clean = tensor("clean", clean, (None, None))
    noisy = tensor("noisy", noisy, tuple(clean.shape))
    each = (noisy - noisy.mean(0)).square().sum(-1) - (clean - clean.mean(0)).square().sum(-1)
    n = len(each)
    return Measured.of(each * (n / max(n - 1, 1)))


def measure_noisy_labels(
    system: System,
    policy: Policy,
    theta: torch.Tensor,
    noise: NoiseProcess,
    gamma: float,
    *,
    n: int,
    horizon: int,
    discount_states: bool,
    generator: torch.Generator,
    chunk: int = 4096,
    trace: float = 1.0,
    n_step: int | None = None,
) -> NoisyLabels:
    """Measure the inflation of single-rollout gradients on ``n`` rollouts, ``chunk`` at a time.

    No formula of the theory enters: two sample variances are subtracted. The noise is drawn after the
    trajectories, so it is independent of them.

    Args:
        system: control task.
        policy: Gaussian policy.
        theta: its parameters, shape ``(P,)``.
        noise: on the labels.
        gamma: discount in [0, 1].
        n: rollouts, at least 3.
        horizon: H.
        discount_states: estimator B or A.
        generator: source of all randomness.
        chunk: rollouts held in memory together.
        trace, n_step: as for :func:`returns_to_go`.

    Raises:
        RequestError: on values out of range, or if the rollouts diverge.
    """
    instance("noise", noise, NoiseProcess)
    left, chunk = whole("n", n, low=3), whole("chunk", chunk, low=1)
    gradients: dict[bool, list[torch.Tensor]] = {False: [], True: []}
    norms: list[torch.Tensor] = []
    while left:
        size = min(chunk, left)
        batch = rollout(system, policy, theta, n=size, horizon=horizon, generator=generator)
        w = scores(policy, theta, batch)
        labels = {False: batch.rewards, True: batch.rewards + noise.sample(size, horizon, generator=generator)}
        for noisy, rewards in labels.items():
            to_go = returns_to_go(rewards, gamma, trace=trace, n_step=n_step)
            gradients[noisy].append(reinforce(w, to_go, gamma, discount_states=discount_states))
        norms.append(w.square().sum(-1))
        left -= size
    with_noise, without, squares = torch.cat(gradients[True]), torch.cat(gradients[False]), torch.cat(norms)
    difference = with_noise - without
    return NoisyLabels(
        inflation=variance_difference(with_noise, without),
        excess=Measured.of(difference.square().sum(-1)),
        shift=max(abs(Measured.of(coordinate).z(0.0)) for coordinate in difference.T),
        score_squares=squares.mean(0).numpy(),
        score_bound_square=float(squares.amax(1).mean()),
    )


@dataclass(frozen=True)
class BatchLabels:
    """What noisy labels do to the mean gradient of a batch of K rollouts.

    ``distances`` are the squared distances between the noisy and the noise-free gradient of each batch; ``noise_free``
    is the variance of a batch's gradient without noise; ``score_squares`` is ``E||w_t||^2`` for each step.
    """

    distances: torch.Tensor
    noise_free: float
    score_squares: Floats


def measure_batches(
    system: System,
    policy: Policy,
    theta: torch.Tensor,
    noise: NoiseProcess,
    gamma: float,
    *,
    batch: int,
    n_batches: int,
    horizon: int,
    generator: torch.Generator,
    baseline: Callable[[torch.Tensor, Rollouts], torch.Tensor | float] = lambda returns, rollouts: 0.0,
    common: bool = False,
) -> BatchLabels:
    """Measure what noise does to the mean of ``batch`` gradients of estimator B, on ``n_batches`` batches.

    Args:
        system, policy, theta, noise, gamma, horizon, generator: as for :func:`measure_noisy_labels`.
        batch: K, rollouts averaged.
        n_batches: at least 3.
        baseline: from the returns-to-go of the batches, shape ``(n_batches, K, H)``, and their rollouts (flat, in the
            same order) to what is subtracted from the returns.
        common: one draw of the noise for all rollouts of a batch, instead of one for each.

    Raises:
        RequestError: on values out of range, or if the rollouts diverge.
    """
    k, count = whole("batch", batch, low=1), whole("n_batches", n_batches, low=3)
    runs = rollout(system, policy, theta, n=count * k, horizon=horizon, generator=generator)
    w = scores(policy, theta, runs).reshape(count, k, horizon, -1)
    rewards = runs.rewards.reshape(count, k, horizon)
    instance("noise", noise, NoiseProcess)
    drawn = noise.sample(count if common else count * k, horizon, generator=generator)
    gradients = []
    for labels in (rewards + drawn.reshape(count, -1, horizon), rewards):
        returns = returns_to_go(labels, gamma)
        gradient = reinforce(w, returns, gamma, discount_states=True, baseline=baseline(returns, runs))
        gradients.append(gradient.mean(1))
    noisy, clean = gradients
    return BatchLabels(
        distances=(noisy - clean).square().sum(-1),
        noise_free=float(clean.var(0).sum()),
        score_squares=w.square().sum(-1).mean((0, 1)).numpy(),
    )
