"""Policy steps per second: vectorised rollouts with per-sample scores, and a loop with autograd per episode."""

from __future__ import annotations

import time

import torch

from imagination.rewards.noise import IidNoise
from imagination.rewards.reinforce import measure_noisy_labels, returns_to_go
from imagination.rewards.rollouts import LinearPolicy, LinearSystem, NeuralPolicy, Pendulum

HORIZON, GAMMA = 50, 0.95


def loop(system, policy, theta, episodes, generator):
    """The usual way: one environment step at a time, one backward pass per episode; returns the gradients."""
    gradients = []
    for _ in range(episodes):
        parameters = theta.clone().requires_grad_()
        state, log_probs, rewards = system.start(1, generator=generator)[0], [], []
        for _ in range(HORIZON):
            policy_now = torch.distributions.Normal(policy.mean(parameters, state), policy.std)
            action = policy_now.sample()
            log_probs.append(policy_now.log_prob(action).sum())
            rewards.append(system.reward(state, action))
            state = system.step(state, action)
        to_go = returns_to_go(torch.stack(rewards), GAMMA)
        discount = GAMMA ** torch.arange(HORIZON, dtype=torch.float64)
        (discount * to_go * torch.stack(log_probs)).sum().backward()
        gradients.append(parameters.grad)
    return torch.stack(gradients)


def vectorised(system, policy, theta, episodes, generator):
    """This library, and more of it: noisy and noise-free gradients and the score of every step."""
    measure_noisy_labels(
        system, policy, theta, IidNoise(1.0), GAMMA,
        n=episodes, horizon=HORIZON, discount_states=True, generator=generator,
    )  # fmt: skip


def rate(run, system, policy, theta, episodes):
    """Best of three, in policy steps per second, after a warm-up."""
    best = float("inf")
    for repeat in range(4):
        start = time.perf_counter()
        run(system, policy, theta, episodes, torch.Generator().manual_seed(repeat))
        if repeat:
            best = min(best, time.perf_counter() - start)
    return episodes * HORIZON / best


def main() -> None:
    """Print one row per policy."""
    torch.set_num_threads(2)
    neural = NeuralPolicy(2, 1, hidden=8, std=0.5)
    cases = {
        "linear policy, linear system": (LinearSystem(), LinearPolicy(2, 1, std=0.5), torch.tensor([-1.0, -1.5])),
        "neural policy, pendulum": (
            Pendulum(),
            neural,
            0.3 * torch.randn(32, generator=torch.Generator().manual_seed(0)),
        ),
    }
    print("policy steps per second, float64, two threads, H = 50")
    print(f"{'case':32}{'environment loop':>18}{'vectorised':>14}{'times':>8}")
    for name, (system, policy, theta) in cases.items():
        slow = rate(loop, system, policy, theta.double(), 20)
        fast = rate(vectorised, system, policy, theta.double(), 40_000 if "linear p" in name else 10_000)
        print(f"{name:32}{slow:18.3g}{fast:14.3g}{fast / slow:8.0f}")


if __name__ == "__main__":
    main()
