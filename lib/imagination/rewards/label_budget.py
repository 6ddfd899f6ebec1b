"""Learning under a label budget: does the variance that the theory predicts decide how well REINFORCE learns?

At every update a fixed sum is spent. A plan says how: ``m`` annotators averaged for each label, and as many
rollouts as the rest of the money affords. All seeds train together, one tensor operation for all of them.
Source: this book.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch.func import grad, vmap

from imagination.errors import require
from imagination.rewards.inflation import check_problem
from imagination.rewards.reinforce import leave_one_out, returns_to_go
from imagination.rewards.rollouts import Policy, System

__all__ = ["LabelPlan", "affordable_plan", "learning_curves"]


@dataclass(frozen=True)
class LabelPlan:
    """``annotators`` averaged for each label, ``n_rollouts`` rollouts in each update."""

    annotators: int
    n_rollouts: int

    def __post_init__(self) -> None:
        require(self.annotators >= 1, f"annotators = {self.annotators} is not allowed: at least 1")
        require(
            self.n_rollouts >= 2, f"n_rollouts = {self.n_rollouts} is not allowed: leaving one out needs at least 2"
        )


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
    require(base_cost >= 0 and label_cost > 0, f"costs {base_cost}, {label_cost} are not allowed: c_0 >= 0, c_1 > 0")
    return LabelPlan(annotators, int(budget / (base_cost + annotators * label_cost) * (1 + 1e-12)))


def _episodes(
    system: System, policy: Policy, theta: torch.Tensor, start: torch.Tensor, noise: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    # theta (S, P): every seed has its own policy; start (S, k, d_s), noise (S, k, H, d_a)
    mean, state = vmap(policy.mean), start
    states, actions, rewards = [], [], []
    for t in range(noise.shape[2]):
        action = mean(theta, state) + policy.std * noise[:, :, t]
        states.append(state)
        actions.append(action)
        rewards.append(system.reward(state, action))
        state = system.step(state, action)
    return torch.stack(states, 2), torch.stack(actions, 2), torch.stack(rewards, 2)


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
    check_problem(gamma, horizon)
    require(0 <= label_variance < float("inf"), f"label_variance = {label_variance} must be finite and at least 0")
    require(learning_rate > 0, f"learning_rate = {learning_rate} is not allowed: above 0")
    require(n_seeds >= 1 and n_updates >= 1 and evaluate_every >= 1, "seeds, updates and evaluate_every: at least 1")
    thetas = theta.repeat(n_seeds, 1)
    discounts = gamma ** torch.arange(horizon, dtype=theta.dtype)

    def surrogate(parameters: torch.Tensor, states: torch.Tensor, actions: torch.Tensor, weights: torch.Tensor):
        error = (actions - policy.mean(parameters, states)) / policy.std
        return (weights * -0.5 * error.square().sum(-1)).sum()

    def draw(seeds: int, k: int) -> tuple[torch.Tensor, torch.Tensor]:
        start = system.start(seeds * k, generator=generator).reshape(seeds, k, -1)
        noise = torch.randn(seeds, k, horizon, policy.action_size, generator=generator, dtype=theta.dtype)
        return start, noise

    direction, curve = vmap(grad(surrogate)), []
    examination = [x.expand(n_seeds, *x.shape[1:]) for x in draw(1, evaluation_rollouts)]
    for update in range(n_updates + 1):
        if update % evaluate_every == 0:
            *_, rewards = _episodes(system, policy, thetas, *examination)
            curve.append((rewards @ discounts).mean(1))
        states, actions, rewards = _episodes(system, policy, thetas, *draw(n_seeds, plan.n_rollouts))
        noise = torch.randn(rewards.shape, generator=generator, dtype=rewards.dtype)
        to_go = returns_to_go(rewards + (label_variance / plan.annotators) ** 0.5 * noise, gamma)
        weights = discounts * (to_go - leave_one_out(to_go)) / plan.n_rollouts
        step = direction(thetas, states.flatten(1, 2), actions.flatten(1, 2), weights.flatten(1, 2))
        if fixed_length:
            step = step / step.norm(dim=1, keepdim=True).clamp_min(1e-300)
        thetas = thetas + learning_rate * step
        require(
            bool(torch.isfinite(thetas).all()), f"training diverged at update {update}: try a smaller learning_rate"
        )
    return torch.stack(curve, 1)
