"""Learning under a label budget: does the variance that the theory predicts decide how well REINFORCE learns?

At every update a fixed sum is spent. A plan says how: ``m`` annotators averaged for each label, and as many
rollouts as the rest of the money affords. All seeds train together, one tensor operation for all of them.
Source: this book.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch.func import grad, vmap

from imagination.checks import instance, number, tensor, whole
from imagination.errors import require
from imagination.rewards.reinforce import leave_one_out, returns_to_go
from imagination.rewards.rollouts import Policy, Rollouts, System, log_density, roll


@dataclass(frozen=True)
class LabelPlan:
    """``annotators`` averaged for each label, ``n_rollouts`` rollouts in each update; leaving one out needs 2."""

    annotators: int
    n_rollouts: int

    def __post_init__(self) -> None:
        whole("annotators", self.annotators, low=1)
        whole("n_rollouts", self.n_rollouts, low=2)


def affordable_plan(annotators: int, *, budget: float, base_cost: float, label_cost: float) -> LabelPlan:
    """The plan that spends ``budget`` an update: ``K = floor(B / (c_0 + m c_1))``.

    Args:
        annotators: m, at least 1.
        budget: B, money for one update.
        base_cost: c_0, cost of a rollout besides its labels, at least 0.
        label_cost: c_1, cost of one annotator for the labels of a rollout, above 0.

    Raises:
        RequestError: if the budget buys fewer than two rollouts.

    Example:
        >>> affordable_plan(4, budget=480, base_cost=8, label_cost=1)
        LabelPlan(annotators=4, n_rollouts=40)
    """
    rest, each = number("base_cost", base_cost, low=0), number("label_cost", label_cost, above=0)
    price = rest + whole("annotators", annotators, low=1) * each
    return LabelPlan(annotators, int(number("budget", budget, above=0) / price * (1 + 1e-12)))


def learning_curves(
    system: System,
    policy: Policy,
    theta: torch.Tensor,
    plan: LabelPlan,
    *,
    label_variance: float,
    gamma: float,
    horizon: int,
    learning_rate: float,
    n_updates: int,
    n_seeds: int,
    evaluate_every: int,
    generator: torch.Generator,
    evaluation_rollouts: int = 256,
    fixed_length: bool = False,
) -> torch.Tensor:
    r"""Train one policy from ``theta`` under ``n_seeds`` seeds and return its true discounted return as it learns.

    Stochastic gradient ascent with estimator B and the leave-one-out baseline; labels carry noise of
    variance :math:`\sigma_1^2/m`. Every evaluation uses the same starts and the same action noise, drawn first,
    and sees the true rewards; so two plans under the same generator are judged on the same episodes.

    Args:
        system: control task.
        policy: Gaussian policy.
        theta: initial parameters, shape ``(P,)``, the same for all seeds.
        plan: annotators and rollouts.
        label_variance: sigma_1^2 of one annotator, at least 0.
        gamma: discount in [0, 1].
        horizon: H.
        learning_rate: step size, above 0.
        n_updates: number of updates.
        n_seeds: independent repetitions.
        evaluate_every: updates between two evaluations, the first before any update.
        generator: source of all randomness.
        evaluation_rollouts: rollouts in an evaluation.
        fixed_length: every step has the length ``learning_rate`` in the direction of the estimate, instead of
            ``learning_rate`` times the estimate.

    Returns:
        Mean noise-free return, shape ``(n_seeds, n_evaluations)``.

    Raises:
        RequestError: on values out of range, or if training diverges.
    """
    for name, value, kind in (
        ("system", system, System),
        ("policy", policy, Policy),
        ("plan", plan, LabelPlan),
        ("generator", generator, torch.Generator),
    ):
        instance(name, value, kind)
    noise_std = (number("label_variance", label_variance, low=0) / plan.annotators) ** 0.5
    steps, rate = whole("horizon", horizon, low=1), number("learning_rate", learning_rate, above=0)
    updates, seeds = whole("n_updates", n_updates, low=1), whole("n_seeds", n_seeds, low=1)
    pause = whole("evaluate_every", evaluate_every, low=1)
    thetas = tensor("theta", theta, (policy.n_parameters,)).repeat(seeds, 1)
    discounts = number("gamma", gamma, low=0, high=1) ** torch.arange(steps, dtype=theta.dtype)

    def surrogate(at: torch.Tensor, states: torch.Tensor, actions: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        return (weights * log_density(policy, at, states, actions)).sum()

    def draw(groups: int, k: int) -> tuple[torch.Tensor, torch.Tensor]:
        start = system.start(groups * k, generator=generator).reshape(groups, k, -1)
        return start, torch.randn(groups, k, steps, policy.action_size, generator=generator, dtype=theta.dtype)

    def episodes(start: torch.Tensor, noise: torch.Tensor) -> Rollouts:  # (S, k, d_s), (S, k, H, d_a)
        return roll(system, lambda state: vmap(policy.mean)(thetas, state), policy.std, start, noise.unbind(2))

    direction, curve = vmap(grad(surrogate)), []
    start, noise = draw(1, whole("evaluation_rollouts", evaluation_rollouts, low=1))
    examination = start.expand(seeds, -1, -1), noise.expand(seeds, -1, -1, -1)
    for update in range(updates + 1):
        if update % pause == 0:
            curve.append((episodes(*examination).rewards @ discounts).mean(1))
        runs = episodes(*draw(seeds, plan.n_rollouts))
        eta = torch.randn(runs.rewards.shape, generator=generator, dtype=theta.dtype)
        finite = bool(torch.isfinite(runs.rewards).all())
        require(finite, f"training diverged before update {update}: try a smaller learning_rate")
        to_go = returns_to_go(runs.rewards + noise_std * eta, gamma)
        weights = discounts * (to_go - leave_one_out(to_go)) / plan.n_rollouts
        step = direction(thetas, runs.states.flatten(1, 2), runs.actions.flatten(1, 2), weights.flatten(1, 2))
        if fixed_length:
            step = step / step.norm(dim=1, keepdim=True).clamp_min(1e-300)
        thetas = thetas + rate * step
        finite = bool(torch.isfinite(thetas).all())
        require(finite, f"training diverged at update {update}: try a smaller learning_rate")
    return torch.stack(curve, 1)
