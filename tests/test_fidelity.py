"""What to pay for a label: closed forms against brute force over every admissible number of rollouts."""

import math

import numpy as np
import pytest

from imagination.errors import RequestError
from imagination.rewards.fidelity import (
    BoundedNoise,
    FloorNoise,
    PowerLawNoise,
    log_slope,
    optimal_annotators,
    optimal_fidelity,
    phi,
    total_variance,
)


def random_problem(rng):
    power = lambda low, high: float(10 ** rng.uniform(low, high))  # noqa: E731
    kind = rng.integers(3)
    if kind == 0:
        noise = PowerLawNoise(power(-2, 2), rng.uniform(0.2, 3))
    elif kind == 1:
        noise = FloorNoise(power(-2, 2), power(-2, 2), rng.uniform(0.2, 3))
    else:
        noise = BoundedNoise(power(-2, 2), power(-1, 2))
    low = min(power(-2, 0), noise.cost_max)
    problem = {
        "cost_min": low,
        "cost_max": low * power(0, 3) if rng.random() < 0.7 else math.inf,
        "base_cost": 0.0 if rng.random() < 0.4 else power(-2, 1.5),
        "noise_free_variance": 0.0 if rng.random() < 0.4 else power(-2, 2),
        "inflation": power(-1, 2),
    }
    return noise, (low + problem["base_cost"]) * power(0, 3), problem


def every_count(noise, budget, *, cost_min, cost_max, base_cost, noise_free_variance, inflation):
    """Least variance over all K, each with the best labels that it affords (noise falls with cost)."""
    k = np.arange(1, math.floor(budget / (cost_min + base_cost) * (1 + 1e-12)) + 1)
    cost = np.clip(budget / k - base_cost, cost_min, min(cost_max, noise.cost_max))
    return np.min(total_variance(noise, cost, k, noise_free_variance=noise_free_variance, inflation=inflation))


def test_3000_random_problems_against_brute_force():
    rng = np.random.default_rng(0)
    for _ in range(3000):
        noise, budget, problem = random_problem(rng)
        best = optimal_fidelity(noise, budget, **problem)
        assert best.variance == pytest.approx(every_count(noise, budget, **problem), rel=1e-9)
        assert best.n_rollouts == int(best.n_rollouts) >= 1
        assert best.spent <= budget * (1 + 1e-9)
        assert problem["cost_min"] * (1 - 1e-12) <= best.cost <= min(problem["cost_max"], noise.cost_max)


def test_relaxed_problems_against_a_fine_grid():
    rng = np.random.default_rng(1)
    for _ in range(500):
        noise, budget, problem = random_problem(rng)
        best = optimal_fidelity(noise, budget, whole_rollouts=False, **problem)
        high = min(problem["cost_max"], noise.cost_max, budget - problem["base_cost"])
        cost = np.geomspace(problem["cost_min"], high, 4001)
        grid = total_variance(
            noise, cost, budget / (cost + problem["base_cost"]),
            noise_free_variance=problem["noise_free_variance"], inflation=problem["inflation"],
        ).min()  # fmt: skip
        assert best.variance <= grid * (1 + 1e-9)
        assert best.variance >= grid * (1 - 1e-3) - 1e-12


def test_cheaper_labels_for_a_count_never_help():
    """The brute force above buys the best labels a count affords; here cost and count are searched separately."""
    rng = np.random.default_rng(2)
    for _ in range(100):
        noise, budget, problem = random_problem(rng)
        best = optimal_fidelity(noise, budget, **problem)
        high = min(problem["cost_max"], noise.cost_max, budget - problem["base_cost"])
        cost = np.geomspace(problem["cost_min"], high, 400)
        count = np.floor(budget / (cost + problem["base_cost"]) * (1 + 1e-12)).clip(1)
        rest = {k: problem[k] for k in ("noise_free_variance", "inflation")}
        assert best.variance <= total_variance(noise, cost, count, **rest).min() * (1 + 1e-9)


def test_slope_agrees_with_finite_differences():
    rng = np.random.default_rng(3)
    for _ in range(200):
        noise, _, problem = random_problem(rng)
        rest = {k: problem[k] for k in ("base_cost", "noise_free_variance", "inflation")}
        cost = min(10 ** rng.uniform(-1, 1), 0.9 * noise.cost_max)

        def log_psi(x, noise=noise, rest=rest):
            c = math.exp(x)
            return math.log(
                (c + rest["base_cost"]) * (rest["noise_free_variance"] + rest["inflation"] * noise.variance(c))
            )

        at = math.log(cost)
        assert log_slope(noise, cost, **rest) == pytest.approx(
            (log_psi(at + 1e-5) - log_psi(at - 1e-5)) / 2e-5, abs=1e-6
        )


def test_three_regimes_of_the_paper():
    cost = np.linspace(0.1, 2, 50)
    for exponent, sign in ((2.0, -1), (1.0, 0), (0.5, 1)):
        steps = np.diff(phi(PowerLawNoise(3.0, exponent), cost))
        assert (np.sign(np.round(steps, 12)) == sign).all()
    bounded = phi(BoundedNoise(4.0, 2.0), cost)
    assert cost[bounded.argmax()] == pytest.approx(1.0, abs=0.03)
    assert bounded[-1] == 0
    assert (np.diff(phi(FloorNoise(0.5, 2.0), cost)) > 0).all()


def test_prices_that_floating_point_divides_badly():
    assert optimal_fidelity(FloorNoise(0.5, 1.0), 0.3, cost_min=0.1).n_rollouts == 3


def test_example_where_the_noise_free_variance_reverses_the_bounded_case():
    noise = BoundedNoise(1.0, 1.0)
    literal = optimal_fidelity(noise, 1.0, cost_min=0.001, whole_rollouts=False)
    total = optimal_fidelity(noise, 1.0, cost_min=0.001, noise_free_variance=0.5, whole_rollouts=False)
    assert (literal.cost, literal.variance) == (1.0, 0.0)
    assert total.cost == pytest.approx(0.001)
    assert total.variance == pytest.approx(0.0015, abs=1e-5)


def test_2000_random_annotator_problems_against_brute_force():
    rng = np.random.default_rng(4)
    m = np.arange(1, 20_001)
    for _ in range(2000):
        s, c1, c0, v, q = 10 ** rng.uniform(-1.5, 1.5, size=5)
        best = optimal_annotators(label_variance=s, label_cost=c1, base_cost=c0, noise_free_variance=v, inflation=q)
        brute = ((c0 + m * c1) * (v + q * s / m)).min()
        assert best.relaxed < 20_000
        assert best.variance_times_budget == pytest.approx(brute, rel=1e-12)
        x = c0 / c1 * q * s / v
        assert best.number * (best.number - 1) <= x * (1 + 1e-9)
        assert x <= best.number * (best.number + 1) * (1 + 1e-9)


def test_without_base_cost_one_annotator_is_best():
    one = optimal_annotators(label_variance=9.0, label_cost=1.0, base_cost=0.0, noise_free_variance=1.0, inflation=1.0)
    assert one.number == 1


LAW = PowerLawNoise(1.0, 1.0)
ANNOTATORS = {"label_variance": 1.0, "label_cost": 1.0, "base_cost": 1.0, "noise_free_variance": 1.0, "inflation": 1.0}


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (lambda: PowerLawNoise(-1.0, 1.0), "scale = -1.0"),
        (lambda: PowerLawNoise(1.0, 0.0), "exponent = 0.0"),
        (lambda: FloorNoise(-0.1, 1.0), "floor = -0.1"),
        (lambda: FloorNoise(math.nan, 1.0), "floor = nan"),
        (lambda: BoundedNoise(1.0, math.inf), "cost_max = inf"),
        (lambda: optimal_fidelity(LAW, -1.0, cost_min=0.1), "budget = -1.0"),
        (lambda: optimal_fidelity(LAW, 1.0, cost_min=0.0), "no optimum is attained"),
        (lambda: optimal_fidelity(LAW, 1.0, cost_min=2.0), "no rollout can be bought"),
        (lambda: optimal_fidelity(LAW, 1.0, cost_min=0.5, cost_max=0.2), "no rollout can be bought"),
        (lambda: optimal_fidelity(LAW, 1.0, cost_min=0.1, base_cost=1.0), "no rollout can be bought"),
        (lambda: optimal_fidelity(LAW, 1.0, cost_min=0.1, noise_free_variance=-1.0), "noise_free_variance = -1.0"),
        (lambda: optimal_fidelity(LAW, 1.0, cost_min=0.1, inflation=0.0), "inflation = 0.0"),
        (lambda: log_slope(LAW, 0.0), "cost = 0.0"),
        (lambda: optimal_annotators(**{**ANNOTATORS, "noise_free_variance": 0.0}), "noise_free_variance = 0.0"),
        (lambda: optimal_annotators(**{**ANNOTATORS, "base_cost": -1.0}), "base_cost = -1.0"),
    ],
)
def test_bad_input_is_refused_in_one_line(request_, words):
    with pytest.raises(RequestError) as refused:
        request_()
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)
