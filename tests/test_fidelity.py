"""What to pay for a label: closed forms against brute force over every admissible number of rollouts."""

import math

import numpy as np
import pytest

from imagination.errors import RequestError
from imagination.rewards.fidelity import (
    BoundedNoise,
    FloorNoise,
    PowerLawNoise,
    Purchase,
    draw_purchase,
    optimal_annotators,
    optimal_fidelity,
    optimal_fidelity_by_search,
    phi,
)


def test_3000_random_problems_against_brute_force():
    """The search tries every K with the best labels that it affords."""
    rng = np.random.default_rng(0)
    for _ in range(3000):
        offer = draw_purchase(rng)
        best = optimal_fidelity(offer)
        assert best.variance == pytest.approx(optimal_fidelity_by_search(offer).variance, rel=1e-9)
        assert best.n_rollouts == int(best.n_rollouts) >= 1
        assert best.spent <= offer.budget * (1 + 1e-9)
        assert offer.cost_min * (1 - 1e-12) <= best.cost <= min(offer.cost_max, offer.noise.cost_max)


def test_relaxed_problems_against_a_fine_grid():
    rng = np.random.default_rng(1)
    for _ in range(500):
        offer = draw_purchase(rng)
        best = optimal_fidelity(offer, whole_rollouts=False)
        cost = np.geomspace(offer.cost_min, offer.highest, 4001).clip(max=offer.highest)
        grid = offer.variance(cost, offer.budget / (cost + offer.base_cost)).min()
        assert best.variance <= grid * (1 + 1e-9)
        assert best.variance >= grid * (1 - 1e-3) - 1e-12


def test_cheaper_labels_for_a_count_never_help():
    """The search buys the best labels that a count affords; here cost and count are searched separately."""
    rng = np.random.default_rng(2)
    for _ in range(100):
        offer = draw_purchase(rng)
        best = optimal_fidelity(offer)
        cost = np.geomspace(offer.cost_min, offer.highest, 400).clip(max=offer.highest)
        count = np.floor(offer.budget / (cost + offer.base_cost) * (1 + 1e-12)).clip(1)
        assert best.variance <= offer.variance(cost, count).min() * (1 + 1e-9)


def test_slope_agrees_with_finite_differences():
    rng = np.random.default_rng(3)
    for _ in range(200):
        offer = draw_purchase(rng)
        at = math.log(min(10 ** rng.uniform(-1, 1), 0.9 * offer.noise.cost_max))

        def log_psi(x, offer=offer):
            return math.log((math.exp(x) + offer.base_cost) * offer.variance(math.exp(x), 1))

        numeric = (log_psi(at + 1e-5) - log_psi(at - 1e-5)) / 2e-5
        assert offer.log_slope(math.exp(at)) == pytest.approx(numeric, abs=1e-6)


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
    assert optimal_fidelity(Purchase(FloorNoise(0.5, 1.0), 0.3, cost_min=0.1)).n_rollouts == 3


def test_example_where_the_noise_free_variance_reverses_the_bounded_case():
    noise = BoundedNoise(1.0, 1.0)
    literal = optimal_fidelity(Purchase(noise, 1.0, cost_min=0.001), whole_rollouts=False)
    offer = Purchase(noise, 1.0, cost_min=0.001, noise_free_variance=0.5)
    total = optimal_fidelity(offer, whole_rollouts=False)
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
        (lambda: PowerLawNoise(-1.0, 1.0), "scale = -1"),
        (lambda: PowerLawNoise(1.0, 0.0), "exponent = 0"),
        (lambda: FloorNoise(-0.1, 1.0), "floor = -0.1"),
        (lambda: FloorNoise(math.nan, 1.0), "floor = nan"),
        (lambda: BoundedNoise(1.0, math.inf), "cost_max = inf"),
        (lambda: Purchase(LAW, -1.0, cost_min=0.1), "budget = -1"),
        (lambda: Purchase(LAW, 1.0, cost_min=0.0), "no optimum is attained"),
        (lambda: Purchase(LAW, 1.0, cost_min=2.0), "no rollout can be bought"),
        (lambda: Purchase(LAW, 1.0, cost_min=0.5, cost_max=0.2), "no rollout can be bought"),
        (lambda: Purchase(LAW, 1.0, cost_min=0.1, base_cost=1.0), "no rollout can be bought"),
        (lambda: Purchase(LAW, 1.0, cost_min=0.1, noise_free_variance=-1.0), "noise_free_variance = -1"),
        (lambda: Purchase(LAW, 1.0, cost_min=0.1, inflation=0.0), "inflation = 0"),
        (lambda: Purchase(LAW, 1.0, cost_min=0.1).log_slope(0.0), "cost = 0"),
        (lambda: optimal_annotators(**{**ANNOTATORS, "noise_free_variance": 0.0}), "noise_free_variance = 0"),
        (lambda: optimal_annotators(**{**ANNOTATORS, "base_cost": -1.0}), "base_cost = -1"),
    ],
)
def test_bad_input_is_refused_in_one_line(request_, words):
    with pytest.raises(RequestError) as refused:
        request_()
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)
