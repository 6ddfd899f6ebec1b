"""Whatever is handed to a public function of the rewards room is refused in one line, or the answer is finite."""

from __future__ import annotations

import inspect
import math
from contextlib import suppress
from dataclasses import fields, is_dataclass
from importlib import import_module
from pkgutil import iter_modules

import numpy as np
import pytest
import sympy as sp
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from imagination import rewards
from imagination.errors import RequestError
from imagination.rewards import bias, enumeration, fidelity, inflation, reinforce
from imagination.rewards.enumeration import SoftmaxMDP, Tabular
from imagination.rewards.fidelity import BoundedNoise, PowerLawNoise, Purchase
from imagination.rewards.label_budget import LabelPlan, affordable_plan, learning_curves
from imagination.rewards.measured import Measured
from imagination.rewards.noise import Ar1Noise, IidNoise
from imagination.rewards.rollouts import LinearPolicy, LinearSystem, NeuralPolicy, rollout, scores

ONES, GAIN = torch.ones(4, 3, dtype=torch.float64), torch.tensor([-1.0, -1.5], dtype=torch.float64)
SCORES = torch.ones(4, 3, 2, dtype=torch.float64)
MDP = SoftmaxMDP(((0, 0),), ((0, 1),), ("1/3",), (0,))
COIN = Tabular(np.ones((1, 2, 1)), np.ones(1), np.zeros((1, 2)))
RUN = {"system": LinearSystem(), "policy": LinearPolicy(2, 1, 0.5), "theta": GAIN, "horizon": 2}
OFFER = Purchase(PowerLawNoise(1.0, 2.0), 3.0, cost_min=0.1)


def source():
    return torch.Generator().manual_seed(0)


VALID = {
    Measured: {"value": 1.0, "standard_error": 0.1, "n": 9},
    Measured.of: {"sample": np.arange(4.0)},
    Measured(1.0, 0.1, 9).z: {"truth": 0.5, "standard_error": 0.1},
    IidNoise: {"variance": 1.0},
    Ar1Noise: {"variance": 1.0, "correlation": 0.5},
    IidNoise(1.0).covariance: {"horizon": 3},
    IidNoise(1.0).sample: {"n": 2, "horizon": 3, "generator": source()},
    LinearSystem: {"dt": 0.1, "start_scale": 1.0},
    NeuralPolicy: {"state_size": 2, "action_size": 1, "std": 0.5, "hidden": 3},
    rollout: {**RUN, "n": 3, "generator": source()},
    scores: {
        "policy": RUN["policy"],
        "theta": GAIN,
        "rollouts": rollout(**RUN, n=3, generator=source()),
    },
    inflation.credit: {"horizon": 3, "gamma": 0.9, "trace": 0.5, "n_step": 2},
    inflation.exact_inflation: {
        "score_squares": np.ones(3), "noise": IidNoise(1.0), "gamma": 0.9, "discount_states": True, "n_rollouts": 2,
    },
    inflation.sharp_bound: {"score_square": 1.0, "variance": 1.0, "gamma": 0.9, "horizon": 3, "discount_states": True},
    inflation.paper_bound: {"score_bound_square": 1.0, "variance": 1.0, "gamma": 0.9, "horizon": 3, "n_rollouts": 2},
    inflation.heteroscedastic_inflation: {
        "step_variance": ONES, "scores": SCORES, "gamma": 0.9, "discount_states": True,
    },
    inflation.inflation_from_pairs: {"first": ONES, "second": ONES},
    reinforce.returns_to_go: {"rewards": ONES, "gamma": 0.9, "trace": 0.5, "n_step": 2},
    reinforce.reinforce: {"score": SCORES, "returns": ONES, "gamma": 0.9, "discount_states": False, "baseline": ONES},
    reinforce.batch_mean: {"returns": ONES},
    reinforce.leave_one_out: {"returns": ONES},
    reinforce.variance_difference: {"noisy": ONES, "clean": ONES},
    reinforce.measure_noisy_labels: {
        **RUN, "noise": IidNoise(1.0), "gamma": 0.9, "n": 8, "discount_states": True, "generator": source(), "chunk": 5,
    },
    reinforce.measure_batches: {
        **RUN, "noise": IidNoise(1.0), "gamma": 0.9, "batch": 2, "n_batches": 4, "generator": source(),
    },
    LabelPlan: {"annotators": 1, "n_rollouts": 2},
    affordable_plan: {"annotators": 2, "budget": 10, "base_cost": 1, "label_cost": 1},
    learning_curves: {
        **RUN, "plan": LabelPlan(1, 2), "label_variance": 1.0, "gamma": 0.9, "learning_rate": 0.1, "n_updates": 1,
        "n_seeds": 2, "evaluate_every": 1, "generator": source(), "evaluation_rollouts": 2,
    },
    SoftmaxMDP: {"next_state": ((0, 0),), "reward": ((0, 1),), "probability": ("1/3",), "logit": (0,)},
    enumeration.expected_return: {"mdp": MDP, "horizon": 2, "gamma": sp.Rational(1, 2)},
    enumeration.estimates: {"mdp": MDP, "horizon": 2, "gamma": sp.Rational(1, 2), "discount_states": True},
    enumeration.mean_gradient: {"mdp": MDP, "horizon": 2, "gamma": sp.Rational(1, 2), "discount_states": True},
    enumeration.variance_parts: {"mdp": MDP, "horizon": 2, "gamma": 1, "sigma": 1, "discount_states": True},
    Tabular: {"transitions": np.ones((1, 2, 1)), "start": np.ones(1), "logits": np.zeros((1, 2))},
    COIN.value: {"payoff": np.ones((1, 2)), "gamma": 0.9, "horizon": 2},
    COIN.gradient: {"payoff": np.ones((1, 2)), "gamma": 0.9, "horizon": 2},
    COIN.deviation: {"payoff": np.ones((1, 2)), "horizon": 2},
    COIN.score_moments: {"horizon": 2},
    COIN.sample_gradients: {
        "payoffs": np.ones((1, 1, 2)), "gamma": 0.9, "horizon": 2, "n": 3, "generator": np.random.default_rng(0),
    },
    PowerLawNoise: {"scale": 1.0, "exponent": 2.0},
    PowerLawNoise(1.0, 2.0).variance: {"cost": 1.0},
    PowerLawNoise(1.0, 2.0).elasticity: {"cost": 1.0},
    BoundedNoise: {"variance_at_zero": 1.0, "cost_max": 2.0},
    BoundedNoise(1.0, 2.0).variance: {"cost": 1.0},
    fidelity.phi: {"noise": PowerLawNoise(1.0, 2.0), "cost": 1.0},
    Purchase: {
        "noise": PowerLawNoise(1.0, 2.0), "budget": 3.0, "cost_min": 0.1, "cost_max": 2.0, "base_cost": 0.5,
        "noise_free_variance": 1.0, "inflation": 1.0,
    },
    OFFER.variance: {"cost": 1.0, "n_rollouts": 2},
    OFFER.affordable: {"n_rollouts": 2},
    OFFER.log_slope: {"cost": 1.0},
    fidelity.optimal_fidelity: {"purchase": OFFER},
    fidelity.optimal_fidelity_by_search: {"purchase": OFFER},
    fidelity.draw_purchase: {"generator": np.random.default_rng(0)},
    fidelity.optimal_annotators: {
        "label_variance": 1.0, "label_cost": 1.0, "base_cost": 1.0, "noise_free_variance": 1.0, "inflation": 1.0,
    },
    bias.bias_bound: {"bias_sd": np.ones(3), "score_squares": np.ones(3), "gamma": 0.9},
    bias.bias_bound_spectral: {"bias_sd": np.ones(3), "score_moments": np.ones((3, 1, 1)), "gamma": 0.9},
    bias.bias_bound_uniform: {"eps_rew": 1.0, "score_rms": 1.0, "gamma": 0.9},
    bias.crossover_budget: {
        "cheap_variance": 1.0, "cheap_cost": 1.0, "exact_variance": 1.0, "exact_cost": 3.0, "bias_square": 1.0,
    },
    bias.two_batches: {
        "cheap_variance": 1.0, "exact_variance": 1.0, "correlation": 0.9, "cheap_cost": 1.0, "double_cost": 11.0,
        "exact_cost": 10.0,
    },
}  # fmt: skip
JUNK = [
    "x", "__import__('os')", b"1", True, object(), {}, {1}, [], [[0.0], [1.0, 2.0]], (), [[]], 1j, math.nan, math.inf,
    -math.inf, -1, 0, 1e308, -1e308, 1e-308, 5e-324, 10**400, np.array([]), np.array("a"), np.full(3, np.nan),
    np.ma.masked_array([1.0, 2.0], [True, False]), torch.full((4, 3), math.nan), torch.ones(2, 2, 2), torch.ones(0),
    torch.ones(3, dtype=torch.int64), sp.oo, sp.nan, np.datetime64("2026-01-01"),
]  # fmt: skip


def finite(answer: object) -> bool:
    """No NaN and no infinity in it; a cost without end and a ratio without end are documented."""
    if is_dataclass(answer):
        return all(finite(getattr(answer, f.name)) for f in fields(answer) if f.name not in ALLOWED)
    if isinstance(answer, torch.Tensor):
        return bool(torch.isfinite(answer).all())
    if isinstance(answer, list | tuple):
        return all(map(finite, answer))
    if isinstance(answer, sp.Basic):
        return not answer.has(sp.nan, sp.oo, sp.zoo)
    return not isinstance(answer, float | np.ndarray | np.floating) or bool(np.isfinite(answer).all())


ALLOWED = {"cost_max", "rollouts_per_double"}


def call(function, arguments):
    with suppress(RequestError):
        answer = function(**arguments)
        assert finite(list(answer) if inspect.isgenerator(answer) else answer), answer


@pytest.mark.parametrize("function", VALID, ids=lambda f: f.__qualname__)
def test_every_argument_in_turn_is_junk(function):
    function(**VALID[function])
    for name in VALID[function]:
        if name != "discount_states":
            for junk in JUNK:
                call(function, {**VALID[function], name: junk})


NUMERIC = [f for f, given_ in VALID.items() if all(type(v) in (int, float) for v in given_.values())]


@settings(deadline=None, max_examples=300)
@given(st.sampled_from(NUMERIC), st.data())
def test_any_numbers_together(function, data):
    numbers = st.one_of(st.floats(), st.floats(0, 1), st.integers(0, 50))
    call(function, {name: data.draw(numbers) for name in VALID[function]})


def test_nothing_public_is_left_out():
    """Every public function of the room is thrown at, but for those that only take what another one made."""
    made_from_others = {
        "Episode", "VarianceParts", "episodes", "estimate", "expectation", "gradient", "noisy_labels", "rademacher",
        "total_variance", "Fidelity", "FloorNoise", "LabelNoise", "Annotators", "NoisyLabels", "BatchLabels",
        "EpisodeNoise", "TerminalNoise", "NoiseProcess", "LinearPolicy", "Pendulum", "Policy", "System", "Rollouts",
        "log_density", "roll", "TwoBatches",
    }  # fmt: skip
    thrown = {f.__qualname__.split(".")[0] for f in VALID}
    for module in iter_modules(rewards.__path__):
        home = f"imagination.rewards.{module.name}"
        defined = vars(import_module(home)).items()
        public = {n for n, v in defined if not n.startswith("_") and getattr(v, "__module__", "") == home}
        assert public - thrown <= made_from_others, module.name
