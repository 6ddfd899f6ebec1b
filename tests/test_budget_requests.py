"""Whatever is handed to the budget room, it answers with finite numbers or with one RequestError."""

import math
import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imagination import PowerLaw, RequestError, optimal_split
from imagination.budget.allocation import (
    Problem,
    budget_for_target,
    clamped,
    optimal_logit,
    random_problems,
    solve,
    split_at,
)
from imagination.budget.buying import (
    DataKind,
    greedy_path,
    marginal_gains,
    next_unit,
    optimal_counts,
    whole_counts,
)
from imagination.budget.regret import minimax_share, regret, worst_even_split
from imagination.budget.sensitivity import (
    ScalarDrift,
    figure_2,
    median_interval,
    realised_sensitivity,
    realised_split,
    recover,
    worst_change,
)
from imagination.budget.sensitivity_lqg import LqgStudy, figure_4
from imagination.budget.statics import elasticities, local_exponent, reward_count_on_path, weight_slopes
from imagination.budget.weighting import weighting
from imagination.gap.lipschitz import Lipschitz

LAW = PowerLaw(1.0, 0.5)
GOOD = Problem(0.5, 0.9, 8.0, 1.0, cost_dyn=1.0, cost_rew=2.0, budget=500.0)
MONEY = {"budget": 500.0, "cost_dyn": 1.0, "cost_rew": 2.0}

NOTHING_OF_THE_KIND = [
    None, "500", b"5", True, 1 + 2j, {}, [], [[1.0], [1.0, 2.0]], np.array([]), np.array(["1"]), np.array([True]),
    object(), np.ma.masked_array([1.0, 2.0], mask=[True, False]), np.datetime64("2020-01-01"), lambda: 1, 10**400,
    Problem,
]  # fmt: skip
EXTREMES = [0.0, -1.0, math.nan, math.inf, -math.inf, 5e-324, 1e-300, 1e300, 1.7e308, 2**70, 0.5, 1.0, 3.0, 1e6,
            np.array([0.2, 1e300]), np.zeros((2, 3)), np.float32(0.5)]  # fmt: skip
JUNK = st.one_of(st.sampled_from(NOTHING_OF_THE_KIND), st.sampled_from(EXTREMES), st.floats())


def problem_of(v):
    return Problem(*v[:7])


CALLS = {
    "Problem": (7, problem_of),
    "solve": (7, lambda v: solve(problem_of(v))),
    "objective": (8, lambda v: problem_of(v).objective(0.5)),
    "counts": (1, lambda v: GOOD.counts(v[0])),
    "terms": (2, lambda v: GOOD.terms(abs(v[0]) + 1e-9 if isinstance(v[0], float) else v[0], v[1])),
    "of anything": (1, lambda v: solve(v[0])),
    "from_laws": (4, lambda v: optimal_split(LAW, LAW, budget=v[0], cost_dyn=v[1], cost_rew=v[2], weight=v[3])),
    "laws": (2, lambda v: optimal_split(v[0], v[1], **MONEY, weight=1.0)),
    "optimal_logit": (1, lambda v: optimal_logit(GOOD, most_iterations=v[0])),
    "split_at": (1, lambda v: split_at(GOOD, v[0])),
    "clamped": (2, lambda v: clamped(GOOD, min_dyn=v[0], min_rew=v[1])),
    "budget_for_target": (8, lambda v: budget_for_target(problem_of(v), v[7])),
    "target": (1, lambda v: budget_for_target(GOOD, v[0])),
    "regret": (8, lambda v: regret(problem_of(v), v[7])),
    "share": (1, lambda v: regret(GOOD, v[0])),
    "random_problems": (1, lambda v: random_problems(9, generator=v[0])),
    "so many problems": (1, lambda v: random_problems(v[0], generator=np.random.default_rng(0)).shape),
    "worst_even_split": (2, lambda v: worst_even_split(*v)),
    "minimax_share": (2, lambda v: minimax_share(*v)),
    "elasticities": (7, lambda v: elasticities(problem_of(v))),
    "local_exponent": (7, lambda v: local_exponent(problem_of(v))),
    "reward_count_on_path": (8, lambda v: reward_count_on_path(problem_of(v), v[7])),
    "path": (1, lambda v: reward_count_on_path(GOOD, v[0])),
    "weight_slopes": (2, lambda v: weight_slopes(v[0], gamma=v[1])),
    "slopes": (1, lambda v: weight_slopes(Lipschitz(dynamics=0.5, reward=1.0, policy=0.0), gamma=v[0])),
    "marginal_gains": (2, lambda v: marginal_gains(GOOD, *v)),
    "next_unit": (3, lambda v: next_unit(*v)),
    "greedy_path": (3, lambda v: greedy_path(GOOD, v[0], v[1], increment=v[2])),
    "whole_counts": (7, lambda v: whole_counts(problem_of(v))),
    "DataKind": (6, lambda v: DataKind(*v[:5]).error(v[5])),
    "optimal_counts": (2, lambda v: optimal_counts([DataKind(1.0, 0.5, 1.0), v[0]], budget=v[1])),
    "kinds": (2, lambda v: optimal_counts(v[0], budget=v[1])),
    "kinds out of reach": (6, lambda v: optimal_counts([DataKind(*v[:5]), DataKind(1.0, 1.0, 1.0)], budget=v[5])),
    "weighting": (3, lambda v: weighting(gamma=v[0], horizon=v[1], weight=v[2])),
    "weighting of constants": (3, lambda v: weighting(gamma=v[0], horizon=v[1], lipschitz=v[2])),
    "weighting of numbers": (5, lambda v: weighting(
        gamma=v[0], horizon=v[1], lipschitz=Lipschitz(dynamics=v[2], reward=v[3], policy=v[4]))),
    "worst_change": (1, lambda v: worst_change(lambda e: e / 2, v[0])),
    "realised_sensitivity": (2, lambda v: realised_sensitivity(lambda e: e / 2, v[0], step=v[1])),
    "realised_split": (4, lambda v: realised_split(
        lambda e: e / 2, lambda e: e / 3, LAW, LAW, budget=v[0], cost_dyn=v[1], cost_rew=v[2], smallest=v[3])),
    "recover": (2, lambda v: recover(lambda e: e, lambda e: e, LAW, LAW, budget=1e4, multiplier=v[0], step=v[1])),
    "ScalarDrift": (7, lambda v: ScalarDrift("tanh", v[0], v[1], v[2], (v[3], v[4]), v[5], v[6]).multiplier),
    "family": (1, lambda v: ScalarDrift(v[0])),
    "figure_2": (2, lambda v: figure_2(families=("sin",), budget=v[0], step=v[1])),
    "median_interval": (2, lambda v: median_interval(v[0], generator=np.random.default_rng(0), level=v[1])),
    "LqgStudy": (4, lambda v: LqgStudy(gamma=v[0], draws=v[1], budget=v[2], noise=v[3])),
    "figure_4": (2, lambda v: figure_4(study=v[0], seeds=v[1])),
}  # fmt: skip
MAY_BE_INFINITE = {"split_at", "counts", "terms", "objective"}  # at an end of the budget line, as they say


def numbers_in(answer):
    if isinstance(answer, dict):
        return [x for value in answer.values() for x in numbers_in(value)]
    if isinstance(answer, tuple | list):
        return [x for value in answer for x in numbers_in(value)]
    if isinstance(answer, float | int | np.ndarray):
        return [answer]
    if hasattr(answer, "__dataclass_fields__") and not isinstance(answer, type):
        return [x for name in answer.__dataclass_fields__ for x in numbers_in(getattr(answer, name))]
    return []


@pytest.mark.parametrize("name", CALLS)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_an_answer_or_one_line(name, data):
    count, call = CALLS[name]
    given_ = [data.draw(st.one_of(JUNK, st.sampled_from([0.5, 1.0, 3.0]))) for _ in range(count)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            answer = call(given_)
        except RequestError:
            return
    for number in numbers_in(answer):
        assert not np.isnan(number).any()
        if name not in MAY_BE_INFINITE:
            corner = hasattr(answer, "logit") and np.isinf(answer.logit).any()
            assert corner or np.isfinite(number).all(), number


@pytest.mark.parametrize("junk", NOTHING_OF_THE_KIND, ids=lambda junk: type(junk).__name__)
def test_what_is_no_number_is_no_budget(junk):
    with pytest.raises(RequestError, match="budget"):
        optimal_split(LAW, LAW, budget=junk, cost_dyn=1.0, cost_rew=1.0, weight=1.0)
