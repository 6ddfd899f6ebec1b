"""The trainings behind the chapter ``what_exponents_mean``: four arms, each varying one thing about Figure 1.

What is trained is fixed here and nowhere else. ``make exponents-study`` trains it and writes ``book/results/``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from imagination.jobs.folder import Block, Shard
from imagination.jobs.provenance import history
from imagination.jobs.runner import Study
from imagination.training.ensemble import Job
from imagination.training.students import Recipe
from imagination.training.sweep import train_block, training_block
from imagination.training.teacher import POLICIES, Target

ANCHORS = (2_000, 5_000, 10_000, 20_000, 50_000, 100_000)
DIAGONAL = tuple(Recipe().steps_at(n) for n in ANCHORS)
"""The steps that the paper's 200 epochs make at each anchor."""


@dataclass(frozen=True)
class Variant:
    """One line of the ablation: what is predicted, and how."""

    target: Target
    tanh_output: bool = False
    standardise: bool = False


VARIANTS: dict[str, Variant] = {
    "f, tanh student": Variant(Target.DYNAMICS, tanh_output=True),
    "f, standardised": Variant(Target.DYNAMICS, standardise=True),
    "mild f": Variant(Target.DYNAMICS_MILD),
    "mild f, tanh student": Variant(Target.DYNAMICS_MILD, tanh_output=True),
    "drive": Variant(Target.DYNAMICS_LINEAR),
    "f_1": Variant(Target.COORDINATE),
    "drive_1": Variant(Target.COORDINATE_LINEAR),
    "r, standardised": Variant(Target.REWARD, standardise=True),
    "saturated r": Variant(Target.REWARD_SATURATED),
    "saturated r, tanh student": Variant(Target.REWARD_SATURATED, tanh_output=True),
}
"""f = tanh(p); mild f = tanh(p / 8); drive = p / 8; index 1: the first component alone; saturated r = tanh(8 r).

The paper's own f and r are among the trainings of Figure 1, with the same names of seeds and anchors."""


@dataclass(frozen=True)
class Row:
    """One training of an arm: the name of its variant, and the job."""

    variant: str
    job: Job


def targets(teachers: int = 20) -> Iterator[Row]:
    """The ablation: every variant at every anchor, on the same teachers and the same inputs."""
    for seed in range(teachers):
        for n in ANCHORS:
            for name, v in VARIANTS.items():
                recipe = Recipe(tanh_output=v.tanh_output, standardise=v.standardise)
                yield Row(name, Job(seed, n, v.target, recipe))


def steps(teachers: int = 6) -> Iterator[Row]:
    """Samples against steps: both heads at every anchor for every number of steps that 200 epochs make somewhere."""
    for seed in range(teachers):
        for n in ANCHORS:
            for count in DIAGONAL:
                for target in (Target.DYNAMICS, Target.REWARD):
                    yield Row(target.value, Job(seed, n, target, Recipe(steps=count)))


def policies(teachers: int = 40, followed: int = 6) -> Iterator[Row]:
    """Both heads under every reference policy, and under the teacher with biases.

    The level at 2,000 tuples on all teachers, exponents up to 20,000 on the first few.
    """
    for seed in range(teachers):
        for n in (2_000, 5_000, 10_000, 20_000) if seed < followed else (2_000,):
            for name, policy in POLICIES.items():
                for target in (Target.DYNAMICS, Target.REWARD):
                    yield Row(name, Job(seed, n, target, policy=policy))
            for target in (Target.DYNAMICS, Target.REWARD):
                yield Row("uniform, biased teacher", Job(seed, n, target, policy=POLICIES["uniform"], biases=True))


def replicas(teachers: int = 4, students: int = 8) -> Iterator[Row]:
    """Students of one teacher that share nothing but the teacher.

    Pool, start and shuffles are drawn for each (teacher, anchor), so anchors of 2,000, 2,001, ... are independent
    repetitions of the same training; 0.4 % more samples change an error by less than that.
    """
    for seed in range(teachers):
        for n in (2_000, 20_000):
            for repetition in range(students):
                for target in (Target.DYNAMICS, Target.REWARD):
                    yield Row(target.value, Job(seed, n + repetition, target))


ARMS = {"targets": targets, "steps": steps, "policies": policies, "replicas": replicas}


def study_of(arm: str, rows: Sequence[Row]) -> Study:
    """The study that trains an arm; it leaves ``errors.csv``, in the order of the rows, and ``provenance.json``.

    Students that can share their data are one block, so that an arm may be begun with fewer teachers.

    Args:
        arm: its name.
        rows: its trainings, each once.

    Source: this book.

    Example:
        >>> study = study_of("targets", list(targets(teachers=2)))
        >>> len(study.blocks), sum(len(jobs) for _, jobs in (block.argument for block in study.blocks))
        (12, 120)
    """
    bundles: dict[Hashable, list[Job]] = {}
    for row in rows:
        bundles.setdefault(row.job.shared, []).append(row.job)
    blocks = [_block(jobs) for jobs in bundles.values()]

    def publish(shards: dict[str, Shard]) -> dict[str, str]:
        found: dict[Job, list[Any]] = {}
        for block in blocks:
            found.update(zip(block.argument[1], shards[block.name].result["rows"], strict=True))
        lines = ["head,variant,n,steps,seed,mse,train_mse"]
        for row in rows:
            head, n, seed, mse, train_mse, steps = found[row.job]
            variant = f'"{row.variant}"' if "," in row.variant else row.variant
            lines.append(f"{head},{variant},{n},{steps},{seed},{mse:.9g},{train_mse:.9g}")
        teachers = len({row.job.seed for row in rows})
        origin = {
            "command": f"python -m imagination.cli.exponents_study --arm {arm} --teachers {teachers}",
            "trainings": len(rows),
            "adam_steps": sum(block.weight for block in blocks),
            "teachers": teachers,
            **history(shards.values()),
        }
        return {"errors.csv": "\n".join(lines) + "\n", "provenance.json": json.dumps(origin, indent=1) + "\n"}

    return Study("study of exponents", {"arm": arm}, blocks, train_block, publish)


def _block(jobs: Sequence[Job]) -> Block:
    mark = hashlib.sha256(repr(jobs).encode()).hexdigest()[:12]
    return training_block(f"seed{jobs[0].seed:03}-n{jobs[0].n:06}-{mark}", jobs)
