"""REINFORCE with and without the discount on states: enumeration, torch against it, rollouts against a plain loop."""

import math

import numpy as np
import pytest
import sympy as sp
import torch

from imagination.errors import RequestError
from imagination.rewards.enumeration import (
    SoftmaxMDP,
    episodes,
    estimate,
    expected_return,
    gradient,
    mean_gradient,
    rademacher,
    total_variance,
)
from imagination.rewards.label_budget import LabelPlan, affordable_plan, learning_curves
from imagination.rewards.noise import Ar1Noise, EpisodeNoise, IidNoise, TerminalNoise
from imagination.rewards.reinforce import batch_mean, leave_one_out, reinforce, returns_to_go
from imagination.rewards.rollouts import LinearPolicy, LinearSystem, NeuralPolicy, Pendulum, Rollouts, rollout, scores

gamma, p0, p1 = sp.symbols("gamma p_0 p_1", positive=True)
R = sp.Rational
TWO_STATES = SoftmaxMDP(((0, 1), (1, 0)), ((R(1, 2), 1), (-1, R(1, 3))), (p0, p1), (0, 1))
WRONG_SIGN = SoftmaxMDP(((1, 1), (1, 1)), ((0, R(19, 20)), (0, -1)), (p0,), (0, 0))
GAIN = torch.tensor([-1.0, -1.5], dtype=torch.float64)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("horizon", [1, 2, 3])
def test_with_the_state_discount_the_estimator_is_unbiased_identically(horizon):
    truth = gradient(TWO_STATES, lambda m: expected_return(m, horizon, gamma))
    found = mean_gradient(TWO_STATES, horizon, gamma, discount_states=True)
    assert all(sp.expand(a - b) == 0 for a, b in zip(truth, found, strict=True))


@pytest.mark.parametrize("horizon", [2, 3])
def test_without_it_the_bias_is_a_nonzero_polynomial_that_vanishes_at_gamma_one(horizon):
    truth = gradient(TWO_STATES, lambda m: expected_return(m, horizon, gamma))
    found = mean_gradient(TWO_STATES, horizon, gamma, discount_states=False)
    bias = [sp.expand(a - b) for a, b in zip(found, truth, strict=True)]
    assert all(b != 0 for b in bias)
    assert all(sp.expand(b.subs(gamma, 1)) == 0 for b in bias)


def test_wrong_sign_at_every_probability():
    at = {"horizon": 2, "gamma": R(9, 10)}
    (truth,) = gradient(WRONG_SIGN, lambda m: expected_return(m, *at.values()))
    (found,) = mean_gradient(WRONG_SIGN, *at.values(), discount_states=False)
    assert sp.expand(truth + found) == 0
    assert sp.factor(truth / (p0 * (1 - p0))) == R(1, 20)
    assert truth.subs(p0, R(1, 2)) == R(1, 80)


def test_gradient_by_differentiation_agrees_with_finite_differences():
    def value(theta):
        p = 1 / (1 + math.exp(-theta))
        mdp = SoftmaxMDP(WRONG_SIGN.next_state, WRONG_SIGN.reward, (sp.Float(p, 30),), (0, 0))
        return float(expected_return(mdp, 3, R(9, 10)))

    mdp = SoftmaxMDP(WRONG_SIGN.next_state, WRONG_SIGN.reward, (R(1, 2),), (0, 0))
    (exact,) = gradient(mdp, lambda m: expected_return(m, 3, R(9, 10)))
    assert float(exact) == pytest.approx((value(1e-4) - value(-1e-4)) / 2e-4, rel=1e-6)


@pytest.mark.parametrize("discount_states", [True, False])
def test_torch_estimator_equals_the_enumerated_one_on_every_episode(discount_states):
    mdp = SoftmaxMDP(TWO_STATES.next_state, TWO_STATES.reward, (R(1, 3), R(3, 5)), (0, 1))
    for e in episodes(mdp, 3):
        exact = estimate(e.scores, e.rewards, R(9, 10), discount_states=discount_states)
        score = torch.tensor(np.array(e.scores, dtype=float))[None]
        rewards = torch.tensor(np.array(e.rewards, dtype=float))[None]
        found = reinforce(score, returns_to_go(rewards, 0.9), 0.9, discount_states=discount_states)
        assert found[0].numpy() == pytest.approx(np.array(exact, dtype=float), abs=1e-13)


def test_probabilities_of_all_episodes_and_noise_outcomes_sum_to_one():
    assert sp.expand(sum(e.probability for e in episodes(TWO_STATES, 3))) == 1
    outcomes = list(rademacher(3, sp.Symbol("sigma")))
    assert sum(q for q, _ in outcomes) == 1
    assert total_variance(outcomes) == 3 * sp.Symbol("sigma") ** 2


def test_linear_score_is_the_closed_form():
    policy, theta = LinearPolicy(2, 1, std=0.7), GAIN
    batch = rollout(LinearSystem(), policy, theta, n=5, horizon=7, generator=generator())
    residual = batch.actions - batch.states @ theta[:, None]
    assert torch.allclose(scores(policy, theta, batch), residual * batch.states / 0.7**2, rtol=1e-12)


def test_neural_score_agrees_with_finite_differences():
    policy = NeuralPolicy(2, 1, hidden=3, std=0.6)
    theta = torch.randn(policy.n_parameters, generator=generator(1), dtype=torch.float64)
    batch = rollout(Pendulum(), policy, theta, n=1, horizon=1, generator=generator(2))

    def log_prob(at):
        return -0.5 * (((batch.actions - policy.mean(at, batch.states)) / 0.6) ** 2).sum()

    step = 1e-6 * torch.eye(policy.n_parameters, dtype=torch.float64)
    numeric = torch.stack([(log_prob(theta + h) - log_prob(theta - h)) / 2e-6 for h in step])
    assert torch.allclose(scores(policy, theta, batch)[0, 0], numeric, atol=1e-7)


@pytest.mark.parametrize("system", [LinearSystem(), Pendulum()])
def test_vectorised_rollout_equals_a_loop_over_episodes(system):
    policy = LinearPolicy(2, 1, std=0.5)
    batch = rollout(system, policy, GAIN, n=3, horizon=6, generator=generator(3))
    for i in range(3):
        state = batch.states[i, 0]
        for t in range(6):
            assert torch.allclose(batch.states[i, t], state, atol=1e-14)
            assert torch.allclose(batch.rewards[i, t], system.reward(state, batch.actions[i, t]))
            state = system.step(state, batch.actions[i, t])


def test_returns_to_go_equal_the_recursion():
    rewards = torch.randn(4, 9, generator=generator(4), dtype=torch.float64)
    expected, running = torch.zeros_like(rewards), torch.zeros(4, dtype=torch.float64)
    for t in reversed(range(9)):
        running = rewards[:, t] + 0.8 * running
        expected[:, t] = running
    assert torch.allclose(returns_to_go(rewards, 0.8), expected, rtol=1e-13)


def test_leaving_one_out_averages_the_others_and_the_batch_mean_all():
    returns = torch.randn(6, 5, generator=generator(5), dtype=torch.float64)
    others = torch.stack([torch.cat([returns[:i], returns[i + 1 :]]).mean(0) for i in range(6)])
    assert torch.allclose(leave_one_out(returns), others)
    assert torch.allclose(batch_mean(returns)[0], returns.mean(0))


@pytest.mark.parametrize("noise", [IidNoise(2.0), Ar1Noise(2.0, 0.8), EpisodeNoise(2.0), TerminalNoise(2.0)])
def test_sampled_noise_has_the_covariance_it_promises(noise):
    """Each of 16 entries within 5 standard errors: false alarm below 1e-5 for a correct sampler."""
    n, horizon = 20_000, 4
    sample = noise.sample(n, horizon, generator=generator(6)).numpy()
    products = sample[:, :, None] * sample[:, None, :]
    error = np.abs(products.mean(0) - noise.covariance(horizon))
    assert (error <= 5 * products.std(0) / np.sqrt(n) + 1e-15).all()


def test_learning_without_noise_improves_and_seeds_repeat():
    policy = LinearPolicy(2, 1, std=0.5)
    settings = {
        "label_variance": 0.0, "gamma": 0.95, "horizon": 20, "learning_rate": 0.003, "n_updates": 20, "n_seeds": 3,
        "evaluate_every": 20,
    }  # fmt: skip
    theta = torch.zeros(2, dtype=torch.float64)
    first = learning_curves(Pendulum(), policy, theta, LabelPlan(1, 64), generator=generator(7), **settings)
    again = learning_curves(Pendulum(), policy, theta, LabelPlan(1, 64), generator=generator(7), **settings)
    assert torch.equal(first, again)
    assert (first[:, -1] > first[:, 0]).all()


def nan(shape):
    return torch.full(shape, math.nan, dtype=torch.float64)


def ones(*shape):
    return torch.ones(shape, dtype=torch.float64)


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (lambda: returns_to_go(nan((2, 3)), 0.9), "rewards contains a NaN"),
        (lambda: returns_to_go(ones(2, 3), 1.1), "gamma = 1.1"),
        (lambda: reinforce(nan((2, 3, 1)), ones(2, 3), 0.9, discount_states=True), "NaN"),
        (lambda: reinforce(ones(2, 3, 1), ones(2, 4), 0.9, discount_states=True), "(2, 4)"),
        (lambda: reinforce(ones(2, 3, 1), ones(2, 3), 0.9, discount_states=True, baseline=nan((2, 3))), "NaN"),
        (lambda: leave_one_out(ones(1, 3)), "K = 1"),
        (
            lambda: rollout(LinearSystem(), LinearPolicy(2, 1, 0.5), ones(3), n=1, horizon=1, generator=generator()),
            "(3,)",
        ),
        (
            lambda: rollout(LinearSystem(), LinearPolicy(2, 1, 0.5), nan((2,)), n=1, horizon=1, generator=generator()),
            "NaN",
        ),
        (
            lambda: rollout(LinearSystem(), LinearPolicy(2, 1, 0.5), GAIN, n=0, horizon=1, generator=generator()),
            "n = 0",
        ),
        (
            lambda: rollout(LinearSystem(), LinearPolicy(2, 1, 0.5), GAIN, n=1, horizon=0, generator=generator()),
            "horizon = 0",
        ),
        (lambda: scores(LinearPolicy(2, 1, 0.5), GAIN, Rollouts(nan((1, 1, 2)), ones(1, 1, 1), ones(1, 1))), "NaN"),
        (lambda: LinearPolicy(2, 1, std=0.0), "std = 0"),
        (lambda: NeuralPolicy(2, 1, hidden=0, std=1.0), "hidden = 0"),
        (lambda: IidNoise(-1.0), "variance = -1"),
        (lambda: IidNoise(math.nan), "variance = nan"),
        (lambda: Ar1Noise(1.0, 1.5), "correlation = 1.5"),
        (lambda: IidNoise(1.0).covariance(0), "horizon = 0"),
        (lambda: list(episodes(TWO_STATES, 0)), "horizon = 0"),
        (lambda: SoftmaxMDP(((0, 0),), ((0, 1),), ("3/2",), (0,)), "probability 3/2"),
        (lambda: SoftmaxMDP(((0, 2),), ((0, 1),), ("1/2",), (0,)), "next_state"),
        (lambda: affordable_plan(50, budget=60, base_cost=0, label_cost=1), "n_rollouts = 1"),
    ],
)
def test_bad_input_is_refused_in_one_line(request_, words):
    with pytest.raises(RequestError) as refused:
        request_()
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)
