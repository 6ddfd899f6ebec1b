"""The study of the exponents: what it trains, and that an interrupted arm goes on where it stopped."""

from collections import Counter
from itertools import islice

import pytest

from imagination.cli import exponents_study as runner
from imagination.training import exponents_study
from imagination.training.ensemble import Job, train_ensemble
from imagination.training.exponents_study import ARMS, VARIANTS, Row
from imagination.training.students import Recipe
from imagination.training.teacher import Target


def test_ablation_is_complete_and_paired():
    rows = list(exponents_study.targets())
    cells = Counter((row.variant, row.job.n, row.job.seed) for row in rows)
    assert set(cells.values()) == {1}
    assert len(rows) == len(VARIANTS) * 6 * 20
    assert {row.job.n for row in rows} == {2_000, 5_000, 10_000, 20_000, 50_000, 100_000}


def test_diagonal_of_the_steps_is_the_paper_s_training():
    rows = [row for row in exponents_study.steps() if row.job.recipe.steps == Recipe().steps_at(row.job.n)]
    assert len(rows) == 6 * 2 * 6


@pytest.mark.parametrize("arm", ARMS)
def test_no_training_stands_twice(arm):
    jobs = [row.job for row in ARMS[arm]()]
    assert len(jobs) == len(set(jobs))


def test_interrupted_arm_goes_on(tmp_path, monkeypatch):
    rows = [
        Row(t.value, Job(seed, 256, t, Recipe(epochs=1))) for seed in (0, 1) for t in (Target.DYNAMICS, Target.REWARD)
    ]
    calls = []

    def trainer(jobs, *, threads=None):
        calls.append([job.seed for job in jobs])
        if len(calls) == 2:
            raise KeyboardInterrupt
        return train_ensemble(jobs, threads=1)

    monkeypatch.setattr(runner, "train_ensemble", trainer)
    with pytest.raises(KeyboardInterrupt):
        runner.train_arm("x", rows, tmp_path)
    table, seconds = runner.train_arm("x", rows, tmp_path)
    assert calls == [[0, 0], [1, 1], [1, 1]]
    whole, _ = runner.train_arm("x", rows, tmp_path / "other")
    assert table.equals(whole)
    assert seconds > 0
    assert list(table.columns) == ["head", "variant", "n", "steps", "seed", "mse", "train_mse"]


def test_replicas_share_the_teacher_and_nothing_else():
    jobs = [row.job for row in islice(exponents_study.replicas(1, 4), 8)]
    assert {job.seed for job in jobs} == {0}
    assert len({job.n for job in jobs}) == 4
