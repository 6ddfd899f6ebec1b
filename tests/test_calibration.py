"""The calibration benchmarks against plain rollouts, closed forms, random search and planted violations."""

from __future__ import annotations

import weakref
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imagination.calibration import rollouts
from imagination.calibration.designs import lqg_variants, synthetic_variants
from imagination.calibration.lqg import (
    LqgCell,
    LqgDesign,
    draw_lqg,
    draw_system,
    largest_affine_norm,
    largest_quadratic,
    optimal_gain,
    plain_lqg,
)
from imagination.calibration.rollouts import TAIL, Kind, calibrate, horizons, measure, plain_gap
from imagination.calibration.rules import (
    climbs_steadily,
    flat_with_a_near_tight_minority,
    medians,
    mixed_median,
    range_of,
    spread,
    within_bound,
)
from imagination.calibration.synthetic import Cell, Family, SyntheticDesign, draw, plain_synthetic
from imagination.errors import RequestError
from imagination.gap.bounds import return_gap_bound, return_gap_tail
from imagination.gap.lipschitz import Lipschitz
from imagination.gap.mdp import rollout

ALL_KINDS = tuple(Kind)
SHORT = SyntheticDesign(kinds=ALL_KINDS, discounts=(0.8, 0.9), contractions=(0.5, 0.9))
SHORT_LQG = LqgDesign(discounts=(0.8, 0.9), growths=(0.3, 0.9), systems=2)
TIGHT = SyntheticDesign(kinds=ALL_KINDS, discounts=(0.8, 0.95), contractions=(0.5, 0.9, 0.99), aligned_linear=True)


@pytest.fixture(scope="module")
def headline():
    """The 525 configurations of the headline designs."""
    return calibrate(SyntheticDesign()), calibrate(LqgDesign(), seeds=[1])


@pytest.mark.parametrize("design", [SHORT, SHORT_LQG], ids=["synthetic", "lqg"])
def test_a_batch_takes_as_many_steps_as_its_longest_rollout(design, monkeypatch):
    """What makes 525 configurations a matter of seconds: no step is taken for one configuration alone."""
    for batch in design.batches([0, 1], 128):
        calls, kind = [], type(batch.systems)

        def counted(self, s, a, calls=calls, step=kind.step):
            calls.append(1)
            return step(self, s, a)

        with monkeypatch.context() as patch:
            patch.setattr(kind, "step", counted)
            rows = measure(batch)
        assert len(calls) == rows.steps.max()


@cache
def tight_rows():
    rows = calibrate(TIGHT)
    return rows[rows.family == "aligned"]


def test_the_headline_has_150_and_375_configurations_all_within_the_bound(headline):
    synthetic, lqg = headline
    assert (len(synthetic), len(lqg)) == (150, 375)
    for rows in (synthetic, lqg):
        for bound in (rows.bound_sup, rows.bound_roll):
            assert (((rows.gap.abs() + rows.truncation) / bound) <= 1 + 1e-9).all()
        assert (rows.truncation <= TAIL * rows.bound_sup).all()
        assert (rows.bound_roll <= rows.bound_sup * (1 + 1e-12)).all()


def test_every_design_has_the_paper_s_number_of_configurations():
    assert {design.count() for design in synthetic_variants().values()} == {150}
    assert {design.count() for design in lqg_variants().values()} == {375}
    assert list(synthetic_variants().values())[-1] == SyntheticDesign()
    assert LqgDesign() in lqg_variants().values()


def check_against_plain(rows, pair_of):
    assert len(rows) > 0
    for row in rows.itertuples():
        pair = pair_of(row)
        gap, eps_dyn, eps_rew = plain_gap(pair, row.steps)
        assert row.gap == pytest.approx(gap, rel=1e-9, abs=1e-12 * row.bound_sup)
        lipschitz = Lipschitz(dynamics=row.growth, reward=row.sensitivity, policy=0.0)
        bound = return_gap_bound(lipschitz, gamma=row.gamma, eps_dyn=eps_dyn, eps_rew=eps_rew)
        assert row.bound_roll == pytest.approx(bound, rel=1e-6)  # f̂ − f is a small difference in the plain version


@pytest.mark.parametrize(
    "variant",
    [SHORT, replace(SHORT, constant_error=True), replace(SHORT, aligned_linear=True, contractions=(0.3, 0.7))],
)
def test_synthetic_batches_equal_plain_rollouts(variant):
    rows = calibrate(variant, seeds=[3])
    rows["sensitivity"] = variant.reward * (1 + variant.policy)

    def pair_of(row):
        cell = Cell(
            Family(row.family),
            variant.contractions.index(row.contraction),
            variant.discounts.index(row.gamma),
            row.seed,
        )
        return plain_synthetic(variant, cell, Kind(row.kind))

    check_against_plain(rows.iloc[::2] if variant is not SHORT else rows, pair_of)


def test_lqg_batches_equal_plain_rollouts():
    design = SHORT_LQG
    cells = [LqgCell(g, h, k, 7) for g in range(2) for h in range(2) for k in range(2)]
    cells = [cell for cell in cells for _ in design.kinds]
    rows = calibrate(design, seeds=[7])
    rows["sensitivity"] = [draw_lqg(design, cell)[0].lipschitz.sensitivity for cell in cells]
    np.testing.assert_allclose(rows.growth, [design.growths[cell.growth] for cell in cells], rtol=1e-9)
    check_against_plain(rows, lambda row: plain_lqg(design, cells[row.Index], Kind(row.kind)))


@pytest.mark.slow
def test_all_525_batched_configurations_equal_plain_rollouts(headline):
    """The whole of the headline, one configuration at a time."""
    synthetic, lqg = headline
    design = SyntheticDesign()
    for row in synthetic.itertuples():
        cell = Cell(
            Family(row.family), design.contractions.index(row.contraction), design.discounts.index(row.gamma), row.seed
        )
        gap = float(plain_synthetic(design, cell, Kind(row.kind)).gap(row.steps))
        assert row.gap == pytest.approx(gap, rel=1e-8, abs=1e-10 * row.bound_sup)
    cells = [LqgCell(g, h, k, 1) for g in range(5) for h in range(5) for k in range(5) for _ in range(3)]
    for row, cell in zip(lqg.itertuples(), cells, strict=True):
        gap = float(plain_lqg(LqgDesign(), cell, Kind(row.kind)).gap(row.steps))
        assert row.gap == pytest.approx(gap, rel=1e-8, abs=1e-10 * row.bound_sup)


def test_the_tight_scalar_system_attains_the_bound_expansive_or_not():
    rows = tight_rows()
    assert rows.growth.min() < 1 < rows.growth.max()
    assert set(rows.kind) == {"dyn", "rew", "both"}
    assert (rows.ratio_sup - 1).abs().max() < 1e-9
    assert (rows.ratio_roll - 1).abs().max() < 1e-9


@pytest.mark.parametrize("share", [0.99, 1.01])
def test_an_epsilon_that_is_one_percent_off_is_noticed_on_the_tight_system(share):
    rows = tight_rows()
    rows = rows[rows.kind == "dyn"]
    lipschitz = Lipschitz(dynamics=rows.growth.to_numpy(), reward=TIGHT.reward * (1 + TIGHT.policy), policy=0.0)
    bound = return_gap_bound(lipschitz, gamma=rows.gamma.to_numpy(), eps_dyn=share * TIGHT.eps_dyn, eps_rew=0.0)
    violated = rows.gap.abs() + rows.truncation > bound * (1 + 1e-9)
    assert violated.all() if share < 1 else not violated.any()


def test_wrong_constants_are_noticed_too():
    rows = tight_rows()
    for constants in (
        Lipschitz(dynamics=rows.growth.to_numpy() * 0.99, reward=1.5, policy=0.0),
        Lipschitz(dynamics=rows.growth.to_numpy(), reward=1.0, policy=0.0),  # the factor 1 + L_π forgotten
    ):
        dynamics = (rows.kind == "dyn").to_numpy()
        bound = return_gap_bound(constants, gamma=rows.gamma.to_numpy(), eps_dyn=TIGHT.eps_dyn, eps_rew=0.0)
        assert (rows.gap.abs() > bound)[dynamics].all()


@pytest.mark.parametrize(("gamma", "growth"), [(0.8, 0.1), (0.9, 1.0), (0.9, 1.1), (0.99, 0.9)])
@pytest.mark.parametrize("kind", ALL_KINDS)
def test_the_horizon_leaves_less_than_the_promised_tail(gamma, growth, kind):
    eps_dyn, eps_rew = kind.errors(0.01, 1e-4)
    lipschitz = Lipschitz(dynamics=growth, reward=1.5, policy=0.0)
    arguments = {"gamma": gamma, "eps_dyn": eps_dyn, "eps_rew": eps_rew}
    steps = int(horizons(lipschitz, **arguments))
    bound = return_gap_bound(lipschitz, **arguments)
    tail, distance, t = 0.0, 0.0, 0
    while t < steps or gamma**t * (eps_rew + 1.5 * distance) > 1e-30 * bound:
        tail += gamma**t * (eps_rew + 1.5 * distance) if t >= steps else 0.0
        distance, t = growth * distance + eps_dyn, t + 1
    assert tail <= TAIL * bound
    assert return_gap_tail(lipschitz, **arguments, horizon=steps) == pytest.approx(tail, rel=1e-9)
    if steps > 64:  # and it is not longer than the schedule needs
        previous = next(h for h in range(steps) if int(1.25 * h) + 1 == steps)
        assert return_gap_tail(lipschitz, **arguments, horizon=previous) > TAIL * bound


def test_runs_repeat_and_the_block_size_does_not_matter():
    first = calibrate(SHORT, seeds=[0, 1])
    assert first.equals(calibrate(SHORT, seeds=[0, 1]))
    np.testing.assert_allclose(first.ratio_sup, calibrate(SHORT, seeds=[0, 1], block=3).ratio_sup, rtol=1e-11)
    lqg = calibrate(SHORT_LQG, seeds=[1, 2])
    assert lqg.equals(calibrate(SHORT_LQG, seeds=[1, 2]))
    np.testing.assert_allclose(lqg.ratio_sup, calibrate(SHORT_LQG, seeds=[1, 2], block=5).ratio_sup, rtol=1e-11)
    assert not np.allclose(first[first.seed == 0].ratio_sup, first[first.seed == 1].ratio_sup)


def test_a_seed_gives_the_same_rows_alone_and_among_others():
    alone, among = calibrate(SHORT_LQG, seeds=[5]), calibrate(SHORT_LQG, seeds=[4, 5, 6])
    np.testing.assert_allclose(alone.ratio_sup, among[among.seed == 5].ratio_sup, rtol=1e-11)


def test_memory_does_not_grow_with_the_seeds(monkeypatch):
    """However many seeds, at most two blocks exist at a time: the one measured and the one that it replaces."""
    for design in (replace(SHORT, contractions=(0.5,), discounts=(0.8,)), replace(SHORT_LQG, discounts=(0.8,))):
        seen, alive, sizes = [], [], []

        def watched(batch, measure=measure, seen=seen, alive=alive, sizes=sizes):
            seen.append(weakref.ref(batch.systems))
            alive.append(sum(ref() is not None for ref in seen))
            sizes.append(len(batch.start))
            return measure(batch)

        monkeypatch.setattr(rollouts, "measure", watched)
        rows = calibrate(design, seeds=range(12), block=4)
        assert len(rows) == 12 * design.count()
        assert max(sizes) <= 4
        assert len(seen) >= 12
        assert max(alive) <= 2


def test_a_rollout_that_leaves_the_finite_numbers_is_refused():
    with pytest.raises(RequestError, match="finite numbers"):
        calibrate(SyntheticDesign(discounts=(0.4,), contractions=(0.99,), aligned_linear=True))


def test_ten_times_the_error_gives_ten_times_the_bound():
    rows, more = calibrate(SHORT_LQG), calibrate(replace(SHORT_LQG, eps_dyn=0.005, eps_rew=0.005))
    np.testing.assert_allclose(rows.bound_sup, 10 * more.bound_sup, rtol=1e-12)


def lipschitz_quotients(rng, pair, sample):
    """The largest quotients of f, r and π over random pairs of points, near and far, in the sum metric."""
    best = np.zeros(3)
    for _ in range(300):
        s, a = sample(rng)
        t, b = sample(rng)
        if rng.random() < 0.5:
            t, b = s + 1e-4 * (t - s), a + 1e-4 * (b - a)
        apart = np.linalg.norm(s - t) + np.linalg.norm(a - b)
        best = np.maximum(
            best,
            [
                np.linalg.norm(pair.true.dynamics(s, a) - pair.true.dynamics(t, b)) / apart,
                abs(pair.true.reward(s, a) - pair.true.reward(t, b)) / apart,
                np.linalg.norm(pair.policy(s) - pair.policy(t)) / np.linalg.norm(s - t),
            ],
        )
    return best


@pytest.mark.parametrize("family", list(Family))
def test_synthetic_maps_have_the_constants_that_the_bound_is_given(family):
    rng, design = np.random.default_rng(1), SyntheticDesign()
    pair = plain_synthetic(design, Cell(family, 1, 2, 9), Kind.BOTH)
    d = len(pair.start)
    k = len(pair.policy(pair.start))
    best = lipschitz_quotients(rng, pair, lambda g: (g.standard_normal(d), g.standard_normal(k)))
    limits = np.array([0.9 / (0.95 * 1.5), design.reward, design.policy])
    assert (best <= limits * (1 + 1e-9)).all()
    assert (best >= 0.02 * limits).all()


def test_the_error_fields_have_supremum_one():
    maps = draw(SyntheticDesign(), Cell(Family.SIN, 0, 0, 0))
    rng = np.random.default_rng(0)
    waves = np.sin(rng.uniform(-20, 20, (20000, 16)) @ maps["waves"].T + maps["phases"])
    assert np.abs(waves).max() > 0.999
    assert np.linalg.norm(maps["push"]) == pytest.approx(1.0, rel=1e-14)


@pytest.mark.parametrize("growth", range(5))
def test_lqg_maps_have_their_constants_and_rollouts_stay_in_the_domain(growth):
    rng, design = np.random.default_rng(growth), LqgDesign()
    cell = LqgCell(discount=3, growth=growth, system=2, seed=1)
    (system, error), pair = draw_lqg(design, cell), plain_lqg(design, cell, Kind.BOTH)
    known = system.lipschitz
    assert known.growth == pytest.approx(design.growths[growth], rel=1e-10)
    assert np.linalg.norm(system.A, 2) == pytest.approx(known.dynamics, rel=1e-12)
    assert np.linalg.norm(system.B, 2) == pytest.approx(known.dynamics, rel=1e-12)
    assert error.of_size_one(system.K).largest(system.K) == pytest.approx((1, 1), rel=1e-12)

    def in_ball(g, d, radius):
        x = g.standard_normal(d)
        return radius * x / np.linalg.norm(x) * g.random() ** (1 / d)

    best = lipschitz_quotients(rng, pair, lambda g: (in_ball(g, 4, 1.0), in_ball(g, 2, known.policy)))
    assert (best <= np.array([known.dynamics, known.reward, known.policy]) * (1 + 1e-9)).all()
    for system in (pair.true, pair.learned):
        path = rollout(system, pair.policy, pair.start, 300)
        assert np.linalg.norm(path.states, axis=1).max() <= 1 + 1e-12
        assert np.linalg.norm(path.actions, axis=1).max() <= known.policy * (1 + 1e-12)


def test_the_gain_is_optimal():
    rng = np.random.default_rng(2)
    for gamma in (0.5, 0.9, 0.99):
        A, B = rng.standard_normal((3, 3)), rng.standard_normal((3, 2))
        A, B = 0.9 * A / np.linalg.norm(A, 2), B / np.linalg.norm(B, 2)
        Q = np.diag(rng.random(3))

        def cost(K):
            F, W, weight, total = A - B @ K, Q + K.T @ K, 1.0, np.zeros((3, 3))  # noqa: B023
            power = np.eye(3)
            for _ in range(4000):
                total += weight * power.T @ W @ power
                weight, power = weight * gamma, F @ power  # noqa: B023
            return np.trace(total)

        K = optimal_gain(A, B, Q, gamma=gamma)
        best = cost(K)
        for _ in range(20):
            assert cost(K + 0.01 * rng.standard_normal(K.shape)) > best


def climb(M, b, s):
    """Fixed-point ascent of the convex ‖Ms + b‖ on the sphere, from many starts: the best stationary point."""
    for _ in range(2000):
        s = (s @ M.T + b) @ M
        s /= np.linalg.norm(s, axis=1, keepdims=True)
    return np.linalg.norm(s @ M.T + b, axis=1).max()


@pytest.mark.parametrize("seed", range(20))
def test_the_affine_supremum_against_random_search(seed):
    rng = np.random.default_rng(seed)
    M, b = rng.standard_normal((4, 4)), rng.standard_normal(4) * 10 ** rng.uniform(-3, 1)
    sup = largest_affine_norm(M, b)
    s = rng.standard_normal((20000, 4))
    s /= np.linalg.norm(s, axis=1, keepdims=True)
    found = np.linalg.norm(s @ M.T + b, axis=1)
    assert found.max() <= sup * (1 + 1e-12)
    assert climb(M, b, s[:100]) == pytest.approx(sup, rel=1e-6)


def test_the_affine_supremum_where_the_secular_equation_has_no_root():
    M = np.diag([3.0, 1.0])
    assert largest_affine_norm(M, np.zeros(2)) == pytest.approx(3.0, rel=1e-12)
    assert largest_affine_norm(M, np.array([0.0, 0.5])) == pytest.approx(np.sqrt(9 + 0.25 + 0.25 / 8), rel=1e-9)
    assert largest_affine_norm(np.zeros((2, 2)), np.array([3.0, 4.0])) == pytest.approx(5.0, rel=1e-12)


@pytest.mark.parametrize("seed", range(10))
def test_the_quadratic_supremum_against_random_search(seed):
    rng = np.random.default_rng(seed)
    H, c = rng.standard_normal((3, 3)), rng.standard_normal()
    H = (H + H.T) / 2
    sup = largest_quadratic(H, np.asarray(c))
    s = rng.standard_normal((200_000, 3))
    s *= (rng.random((200_000, 1)) ** (1 / 3)) / np.linalg.norm(s, axis=1, keepdims=True)
    s = np.concatenate([s, s / np.linalg.norm(s, axis=1, keepdims=True)])
    found = np.abs(np.einsum("ni,ij,nj->n", s, H, s) + c).max()
    assert 0.98 * sup <= found <= sup * (1 + 1e-12)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: SyntheticDesign(contractions=(1.0,)), "contractions = 1 is not allowed: a finite number in (0, 1)"),
        (lambda: SyntheticDesign(discounts=()), "discounts is empty"),
        (lambda: SyntheticDesign(kinds=()), "give at least one of dyn, rew, both"),
        (lambda: SyntheticDesign(kinds=("dyn", "sometimes")), "give at least one of dyn, rew, both"),
        (lambda: SyntheticDesign(eps_dyn=0.0), "eps_dyn = 0 is not allowed: a finite number above 0"),
        (lambda: SyntheticDesign(policy=-0.1), "policy = -0.1 is not allowed: a finite number, 0 or more"),
        (lambda: SyntheticDesign(sizes=(12, 0, 64)), "sizes = 0 is not allowed: a whole number, 1 or more"),
        (lambda: LqgDesign(eps_dyn=0.2), "leave the operating domain"),
        (lambda: LqgDesign(start=1.5), "start = 1.5 is not allowed: a finite number in (0, 1]"),
        (lambda: LqgDesign(systems=0), "systems = 0 is not allowed: a whole number, 1 or more"),
        (lambda: calibrate(SHORT, seeds=[]), "seeds is empty"),
        (lambda: calibrate(SHORT_LQG, seeds=[-1]), "seeds = -1 is not allowed"),
        (lambda: calibrate(SHORT_LQG, block=0), "block = 0 is not allowed: a whole number, 1 or more"),
        (lambda: horizons(Lipschitz(0.6, 1.0, 0.5), gamma=0.9, eps_dyn=0.0, eps_rew=0.0), "0/0"),
        (lambda: horizons(Lipschitz(1.0, 1.0, 0.5), gamma=0.9, eps_dyn=0.1, eps_rew=0.0), "1 or more"),
    ],
)
def test_bad_requests_are_refused_in_one_line(call, says):
    with pytest.raises(RequestError) as refusal:
        call()
    assert says in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.fixture(scope="module")
def table():
    """Two designs of three draws each, with a known R."""
    rng = np.random.default_rng(0)
    columns = {"design": np.repeat(["a", "b"], 300), "draw": np.tile(np.repeat([0, 1, 2], 100), 2)}
    ratio = rng.random(600) * np.where(columns["design"] == "a", 0.1, 1.0)
    return pd.DataFrame(columns | {"ratio_sup": ratio, "ratio_roll": np.minimum(2 * ratio, 1.0)})


def test_medians_range_and_spread_against_plain_loops(table):
    found = medians(table)
    for (design, number), row in found.iterrows():
        chosen = table[(table.design == design) & (table.draw == number)]
        assert row.ratio_sup == sorted(chosen.ratio_sup)[49] / 2 + sorted(chosen.ratio_sup)[50] / 2
    low, high, informative = range_of(found)
    assert (low, high) == (found.to_numpy().min(), found.to_numpy().max())
    assert not informative  # the designs are a factor of 10 apart
    assert range_of(found.loc[["a"]]).informative
    between, inner = spread(found)
    a, b = found.ratio_sup["a"], found.ratio_sup["b"]
    assert between == np.median(b) / np.median(a)
    assert inner == max(a.max() / a.min(), b.max() / b.min())


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 1.0])
def test_the_median_of_a_mixture_against_repeated_samples(share):
    rng = np.random.default_rng(3)
    first, second = rng.random(37), 5 + rng.random(23)
    repeated = np.concatenate([np.repeat(first, round(230 * (1 - share))), np.repeat(second, round(370 * share))])
    middle = np.sort(repeated)[(len(repeated) - 1) // 2]
    assert mixed_median(first, second, share) == middle


@pytest.mark.parametrize(
    ("rule", "ratios", "holds"),
    [
        (flat_with_a_near_tight_minority, [0.1] * 12 + [0.5] * 2 + [0.9] * 6, True),
        (flat_with_a_near_tight_minority, [0.1] * 11 + [0.5] * 2 + [0.9] * 7, False),  # below 60 % under 0.2
        (flat_with_a_near_tight_minority, [0.1] * 16 + [0.5] * 3 + [0.9] * 1, False),  # above 10 % in the middle
        (flat_with_a_near_tight_minority, [0.1] * 20, False),  # no minority
        (climbs_steadily, np.arange(0.05, 0.9, 0.09), True),
        (climbs_steadily, [0.05, 0.15, 0.25, 0.4, 0.5], False),  # a stretch of 0.15 without any
        (
            climbs_steadily,
            list(np.arange(0.005, 0.2, 0.01)) * 20 + [0.25, 0.35, 0.45],
            False,
        ),  # below 10 % in the middle
    ],
)
def test_the_shapes_say_what_they_are(rule, ratios, holds):
    assert rule(ratios) is holds


@pytest.mark.parametrize("convention", ["sup", "roll"])
def test_a_gap_beyond_the_bound_or_a_truncation_that_may_hide_one_is_seen(headline, convention):
    rows = headline[0]
    assert within_bound(rows, convention).all()
    bound = rows[f"bound_{convention}"]
    assert not within_bound(rows.assign(gap=-1.001 * bound), convention).any()
    assert not within_bound(rows.assign(gap=0.9 * bound, truncation=0.2 * bound), convention).any()


JUNK = st.one_of(
    st.none(), st.text(max_size=3), st.booleans(), st.floats(), st.integers(-(10**30), 10**30), st.just(object()),
    st.lists(st.one_of(st.floats(), st.lists(st.floats(), max_size=3)), max_size=3),
    st.just(np.ma.masked_equal([1.0, 2.0], 2.0)),
)  # fmt: skip


@given(st.data())
@settings(max_examples=300)
def test_junk_is_answered_or_refused(data):
    a, b = data.draw(JUNK), data.draw(JUNK)
    call = data.draw(
        st.sampled_from(
            [
                lambda: optimal_gain(a, b, a, gamma=0.9),
                lambda: optimal_gain(np.eye(2), np.eye(2), np.eye(2), gamma=a),
                lambda: draw_system(sizes=(2, 1), gamma=a, growth=b, generator=np.random.default_rng(0)).K,
                lambda: draw_system(sizes=a, gamma=0.9, growth=0.5, generator=b).K,
                lambda: largest_affine_norm(a, b),
                lambda: largest_quadratic(a, b),
                lambda: mixed_median(a, b, 0.5),
                lambda: mixed_median([1.0], [2.0], a),
                lambda: climbs_steadily(a),
                lambda: flat_with_a_near_tight_minority(a),
                lambda: float(SyntheticDesign(eps_dyn=a, policy=b).count()),
                lambda: float(SyntheticDesign(discounts=a, contractions=b).count()),
                lambda: float(SyntheticDesign(kinds=a, sizes=b).count()),
                lambda: float(LqgDesign(growths=a, start=b).count()),
                lambda: float(LqgDesign(systems=a, eps_rew=b).count()),
                lambda: horizons(Lipschitz(0.6, 1.0, 0.5), gamma=a, eps_dyn=b, eps_rew=0.1),
                lambda: len(calibrate(SHORT_LQG, seeds=a, block=b)),
                lambda: len(calibrate(a)),
            ]
        )
    )
    try:
        found = call()
    except RequestError:
        return
    assert np.isfinite(found).all()
