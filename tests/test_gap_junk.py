"""Whatever is handed to the room ``gap`` gives a number or one line, never a NaN, a warning or another exception."""

from __future__ import annotations

import math
import warnings
from dataclasses import asdict, is_dataclass

import numpy as np
import pytest

from imagination.errors import RequestError
from imagination.gap import bounds, examples, expansive, lipschitz, mdp, on_data, relatives, value

CONSTANTS = lipschitz.Lipschitz(dynamics=0.5, reward=1.0, policy=0.5)
CHAIN = examples.Chain(np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([0.0, 1.0]))
SYSTEM = mdp.MDP(lambda s, a: 0.5 * s, lambda s, a: s[..., 0], 0.9)
ERRORS = {"lipschitz": CONSTANTS, "gamma": 0.9, "eps_dyn": 0.1, "eps_rew": 0.2}
TV = {"gamma": 0.9, "eps_rew": 0.1, "total_variation": 0.2, "reward_range": 1.0}
MBPO = {"gamma": 0.9, "reward_bound": 1.0, "eps_m": 0.1, "eps_pi": 0.1}
P = np.array([[0.9, 0.1], [0.2, 0.8]])
POINTS = np.array([0.0, 1.0])
START = np.array([0.5, 0.5])
GENERATOR = np.random.default_rng(0)


def stay(state):
    return 0 * state


CALLS = [
    (lipschitz.Lipschitz, {"dynamics": 0.5, "reward": 1.0, "policy": 0.5}),
    (lipschitz.dynamics_weight, {"lipschitz": CONSTANTS, "gamma": 0.9}),
    (lipschitz.dynamics_weight, {"lipschitz": CONSTANTS, "gamma": 0.9, "horizon": 5}),
    (bounds.return_gap_bound, ERRORS),
    (bounds.return_gap_bound, ERRORS | {"horizon": 7}),
    (bounds.return_gap_bound, ERRORS | {"horizon": 7, "reward_range": 0.5}),
    (bounds.return_gap_bound, ERRORS | {"reward_range": 0.5}),
    (bounds.return_gap_bound_all_sources, ERRORS | {"eps_policy": 0.1, "start_error": 0.1}),
    (bounds.return_gap_bound_all_sources, ERRORS | {"eps_policy": 0.1, "start_error": 0.1, "horizon": 7}),
    (bounds.return_gap_tail, ERRORS | {"horizon": 3}),
    (bounds.dynamics_coefficient, {"lipschitz": CONSTANTS, "gamma": 0.9}),
    (bounds.coefficient_elasticities, {"lipschitz": CONSTANTS, "gamma": 0.9}),
    (value.critic_gap_bound, ERRORS | {"eps_value": 1.0, "value_lipschitz": 1.0, "steps": 3}),
    (value.optimal_imagination_horizon, ERRORS | {"eps_value": 1.0, "value_lipschitz": 1.0}),
    (value.value_lipschitz, {"lipschitz": CONSTANTS, "gamma": 0.9}),
    (value.value_aware_bound, {"gamma": 0.9, "eps_rew": 0.1, "value_loss": 0.1}),
    (value.linear_step_constants, {"closed_loop": [[0.5, 1.0], [0.0, 0.5]], "steps": 3}),
    (value.multistep_value_lipschitz, {"step_constants": [1.0, 0.5], "sensitivity": 1.0, "gamma": 0.9}),
    (relatives.branched_gap_bound, ERRORS | {"branch": 3}),
    (relatives.asadi_bound, {"gamma": 0.9, "wasserstein": 0.1, "growth": 0.5, "reward_lipschitz": 1.0}),
    (relatives.kearns_singh_bound, TV),
    (relatives.lobel_parr_bound, TV),
    (relatives.combined_bound, TV | {"error": 0.1, "growth": 1.1, "sensitivity": 1.0}),
    (relatives.mbpo_bound, MBPO),
    (relatives.branched_mbpo_bound, MBPO | {"branch": 3}),
    (relatives.branched_mbpo_on_policy_bound, MBPO | {"branch": 3}),
    (expansive.hoelder_exponent, {"gamma": 0.9, "growth": 1.5}),
    (expansive.hoelder_envelope, {"eps_dyn": 0.1, "gamma": 0.9, "growth": 1.5, "sensitivity": 1.0,
                                  "reward_range": 1.0}),
    (expansive.critical_envelope, {"eps_dyn": 0.1, "gamma": 0.9, "sensitivity": 1.0, "reward_range": 1.0}),
    (on_data.gap_bound_along_path, {"lipschitz": CONSTANTS, "gamma": 0.9, "dynamics_errors": [0.1, 0.2],
                                    "reward_errors": [0.0, 0.1]}),
    (on_data.occupancy_rmse, {"errors": [0.1, 0.2], "gamma": 0.9}),
    (mdp.discounted_return, {"mdp": SYSTEM, "policy": stay, "start": [1.0], "horizon": 3}),
    (mdp.return_gap, {"mdp": SYSTEM, "model": SYSTEM, "policy": stay, "start": [1.0], "horizon": 3}),
    (mdp.rollout, {"mdp": SYSTEM, "policy": stay, "start": [1.0], "horizon": 3}),
    (examples.Chain, {"transitions": P, "rewards": POINTS}),
    (CHAIN.values, {"gamma": 0.9}),
    (examples.close_loop, {"transitions": P[:, None, :], "rewards": POINTS[:, None], "policy": np.ones((2, 1))}),
    (examples.total_variation, {"p": P, "q": P}),
    (examples.wasserstein_on_line, {"p": P, "q": P, "points": POINTS}),
    (examples.kernel_growth, {"transitions": P, "points": POINTS}),
    (examples.lipschitz_on_line, {"values": POINTS, "points": POINTS}),
    (examples.mean_total_variation, {"true": CHAIN, "model": CHAIN, "start": START, "sampler": CHAIN, "horizon": 3}),
    (examples.branched_return, {"before": CHAIN, "after": CHAIN, "start": START, "gamma": 0.9, "branch": 3}),
    (examples.compare_chains, {"true": CHAIN, "model": CHAIN, "points": POINTS, "start": START, "gamma": 0.9}),
    (examples.NoisyScalar, {"gamma": 0.9, "dynamics": 0.5, "reward": 1.0, "gain": 0.0, "noise": 0.1, "eps_dyn": 0.1}),
    (examples.tight_pair, ERRORS),
    (examples.random_pair, ERRORS | {"generator": GENERATOR, "n_states": 2, "n_actions": 1, "n_starts": 2}),
]  # fmt: skip

JUNK = [
    None, True, "0.5", "", b"x", object(), {}, {"a": 1}, [], [[]], [[1.0], [1.0, 2.0]], [0.1, 0.2, 0.3],
    np.ones((2, 2)), np.array(["a"]), np.array([0.1, np.nan]), np.ma.masked_array([0.1, 0.2], mask=[True, False]),
    1j, math.nan, math.inf, -math.inf, -1.0, 0.0, 0, 1, 1.0, 0.5, 1.5, 2, 2.0**61, 10**400, -(10**400), 1e308, 1e-308,
    5e-324, 1 - 2**-53, 1 + 2**-52,
    np.float32(0.5), np.int8(3), CONSTANTS, CHAIN, SYSTEM,
]  # fmt: skip


def numbers_in(result):
    if is_dataclass(result) and not isinstance(result, type):
        for part in asdict(result).values() if not isinstance(result, mdp.SystemPair) else ():
            yield from numbers_in(part)
    elif isinstance(result, tuple | list):
        for part in result:
            yield from numbers_in(part)
    elif isinstance(result, float | np.ndarray | np.floating):
        yield np.asarray(result)


def outcome(function, arguments):
    """ "refused", the answer's numbers, or whatever else is raised."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            return list(numbers_in(function(**arguments)))
        except RequestError as refusal:
            return "refused" if "\n" not in str(refusal) else str(refusal)


@pytest.mark.parametrize(("function", "arguments"), CALLS, ids=lambda x: getattr(x, "__name__", None))
def test_junk_gives_a_number_or_one_line(function, arguments):
    """Every argument in turn is every piece of junk."""
    for name in arguments:
        for junk in JUNK:
            if name == "horizon" and "start" in arguments and isinstance(junk, int | float) and junk > 100:
                continue  # a rollout of that many steps is a right answer, and takes its time
            found = outcome(function, arguments | {name: junk})
            assert found == "refused" or not any(np.isnan(part).any() for part in found), (name, junk)


@pytest.mark.parametrize(("function", "arguments"), CALLS, ids=lambda x: getattr(x, "__name__", None))
def test_the_calls_are_right_to_begin_with(function, arguments):
    assert all(np.isfinite(part).all() for part in numbers_in(function(**arguments)))
