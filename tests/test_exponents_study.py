"""The study of the exponents: what it trains, and that an interrupted arm goes on where it stopped."""

import json
from collections import Counter
from itertools import islice

import pandas as pd
import pytest

from imagination.jobs.runner import run_study
from imagination.training import exponents_study
from imagination.training.ensemble import Job, train_ensemble
from imagination.training.exponents_study import ARMS, VARIANTS, Row, study_of
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


def test_interrupted_arm_goes_on(tmp_path):
    """Half of it, then all of it: what was there is not made again, and the rows are those of one run, in order."""
    rows = [
        Row(f"{t.value}, short", Job(seed, n, t, Recipe(epochs=1)))
        for seed in (0, 1)
        for n in (256, 300)
        for t in (Target.DYNAMICS, Target.REWARD)
    ]
    first = run_study(study_of("x", rows[:4]), tmp_path / "x")
    assert [shard.result["rows"][0][1:3] for shard in first.shards.values()] == [[256, 0], [300, 0]]
    run_study(study_of("x", rows), tmp_path / "x")
    sessions = json.loads((tmp_path / "x" / "provenance.json").read_text())["sessions"]
    assert [session["blocks"] for session in sessions] == [2, 2]
    run_study(study_of("x", rows), tmp_path / "whole")
    table = (tmp_path / "x" / "errors.csv").read_text()
    assert table == (tmp_path / "whole" / "errors.csv").read_text()
    found = pd.read_csv(tmp_path / "x" / "errors.csv")
    assert list(found.columns) == ["head", "variant", "n", "steps", "seed", "mse", "train_mse"]
    outcomes = train_ensemble([row.job for row in rows])
    assert found.variant.tolist() == [row.variant for row in rows]
    assert found.mse.tolist() == pytest.approx([outcome.mse for outcome in outcomes], rel=1e-8)


def test_another_recipe_is_trained_again(tmp_path):
    for steps in (1, 2):
        study = study_of("x", [Row("a", Job(0, 256, recipe=Recipe(steps=steps)))])
        run_study(study, tmp_path / "x", warn=pytest.fail)
        assert pd.read_csv(tmp_path / "x" / "errors.csv").steps.tolist() == [steps]


def test_replicas_share_the_teacher_and_nothing_else():
    jobs = [row.job for row in islice(exponents_study.replicas(1, 4), 8)]
    assert {job.seed for job in jobs} == {0}
    assert len({job.n for job in jobs}) == 4
