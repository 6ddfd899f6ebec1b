r"""REINFORCE on rollouts, with and without the discount on states, and what noisy labels do to it.

.. math:: \hat g=\frac1K\sum_k\sum_{t<H}[\gamma^t]\,w_t^{(k)}\big(\hat G_t^{(k)}-b_t^{(k)}\big),\qquad
   \hat G_t=\sum_{u\ge t}\gamma^{u-t}\hat r_u

``discount_states=True`` keeps the factor in brackets: estimator B, unbiased for the gradient of the discounted
return. ``discount_states=False`` drops it: estimator A, which is what most code computes and is biased for 0 <
gamma < 1. The truth that these functions are tested against is :mod:`imagination.rewards.enumeration`. Source: Section
5 of the paper; flag 5a of this book.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from imagination.errors import require
from imagination.rewards.inflation import Measured, check_problem, credit
from imagination.rewards.noise import NoiseProcess
from imagination.rewards.rollouts import Policy, System, rollout, scores

__all__ = [
    "NoisyLabels",
    "batch_mean",
    "leave_one_out",
    "measure_noisy_labels",
    "reinforce",
    "returns_to_go",
    "variance_difference",
]


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
    require(rewards.ndim >= 1 and rewards.shape[-1] >= 1, f"rewards have shape {tuple(rewards.shape)}: give (..., H)")
    require(bool(torch.isfinite(rewards).all()), "the rewards contain a NaN or an infinity: check the labels")
    weights = credit(rewards.shape[-1], gamma, trace=trace, n_step=n_step)
    return rewards @ torch.from_numpy(weights).to(rewards).T


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
    require(
        score.shape[:-1] == returns.shape,
        f"scores of shape {tuple(score.shape)} and returns of shape {tuple(returns.shape)} do not match: "
        "give (..., H, P) and (..., H)",
    )
    horizon = returns.shape[-1]
    check_problem(gamma, horizon)
    factor = torch.full((horizon,), gamma if discount_states else 1.0, dtype=returns.dtype, device=returns.device)
    weights = (returns - baseline) * factor.pow(torch.arange(horizon, device=returns.device))
    gradients = torch.einsum("...t,...tp->...p", weights, score)
    require(bool(torch.isfinite(gradients).all()), "a gradient is NaN or infinite: check scores, returns and baseline")
    return gradients


def batch_mean(returns: torch.Tensor) -> torch.Tensor:
    """Baseline: mean return-to-go of the batch at each step, shape ``(..., 1, H)`` for returns ``(..., K, H)``.

    It sees the noisy labels of the rollout that it is subtracted from, so it shrinks the gradient by 1/K.
    """
    return returns.mean(-2, keepdim=True)


def leave_one_out(returns: torch.Tensor) -> torch.Tensor:
    """Baseline: mean of the other rollouts of the batch, shape ``(..., K, H)``; unbiased, and still sees their noise.

    Example:
        >>> leave_one_out(torch.tensor([[1.0], [3.0], [5.0]]))[:, 0]
        tensor([4., 3., 2.])
    """
    k = returns.shape[-2]
    require(k >= 2, f"K = {k} is not allowed: leaving one out needs at least 2 rollouts")
    return (returns.sum(-2, keepdim=True) - returns) / (k - 1)


@dataclass(frozen=True)
class NoisyLabels:
    """What a Monte Carlo study of noisy labels found, for single rollouts.

    ``inflation`` is the measured difference of the two variances, and ``excess`` the mean squared distance
    between the noisy and the noise-free gradient of the same rollout: the same number where the cross term of
    the law of total variance vanishes, and far less noisy. ``noise_free`` is the variance without noise;
    ``shift`` the largest coordinate of the mean difference in standard errors; ``score_squares`` is
    ``E||w_t||^2`` for each step and ``score_bound_square`` is ``E max_t ||w_t||^2``.
    """

    inflation: Measured
    excess: Measured
    noise_free: Measured
    shift: float
    score_squares: torch.Tensor
    score_bound_square: float
    steps: int


def variance_difference(noisy: torch.Tensor, clean: torch.Tensor) -> Measured:
    """Difference of the total variances of two paired samples of vectors, with its standard error.

    Args:
        noisy: shape ``(n, P)``.
        clean: the same rollouts without noise, shape ``(n, P)``.
    """
    require(noisy.shape == clean.shape and noisy.shape[0] >= 2, "give two paired samples of shape (n, P), n at least 2")
    n = noisy.shape[0]
    each = (noisy - noisy.mean(0)).square().sum(-1) - (clean - clean.mean(0)).square().sum(-1)
    return Measured(float(each.sum() / (n - 1)), float(each.std() / n**0.5))


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
    """
    clean, noisy, squares, largest, done = [], [], 0.0, 0.0, 0
    while done < n:
        size = min(chunk, n - done)
        batch = rollout(system, policy, theta, n=size, horizon=horizon, generator=generator)
        w = scores(policy, theta, batch)
        labels = batch.rewards + noise.sample(size, horizon, generator=generator)
        for rewards, out in ((batch.rewards, clean), (labels, noisy)):
            to_go = returns_to_go(rewards, gamma, trace=trace, n_step=n_step)
            out.append(reinforce(w, to_go, gamma, discount_states=discount_states))
        norms = w.square().sum(-1)
        squares, largest, done = squares + norms.sum(0), largest + float(norms.amax(1).sum()), done + size
    clean, noisy = torch.cat(clean), torch.cat(noisy)
    each = (clean - clean.mean(0)).square().sum(-1)
    difference = noisy - clean
    distance = difference.square().sum(-1)
    return NoisyLabels(
        inflation=variance_difference(noisy, clean),
        excess=Measured(float(distance.mean()), float(distance.std() / n**0.5)),
        noise_free=Measured(float(each.sum() / (n - 1)), float(each.std() / n**0.5)),
        shift=float((difference.mean(0).abs() / (difference.std(0) / n**0.5)).max()),
        score_squares=squares / n,
        score_bound_square=largest / n,
        steps=n * horizon,
    )
