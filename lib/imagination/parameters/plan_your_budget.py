"""Parameters of the chapter ``plan_your_budget``."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Self

from pydantic import field_validator, model_validator

from imagination.parameters import ChapterParameters, parameter

if TYPE_CHECKING:
    from imagination.budget.plan import Plan


class Parameters(ChapterParameters):
    """What the command ``imagination plan`` asks for, as a chapter."""

    errors_csv: str = parameter("scaling_errors.csv", "a file of book/results, or a path", min_length=1)
    budget: float = parameter(100_000.0, "to spend", unit="money", gt=0, le=1e15)
    cost_dyn: float = parameter(1.0, "of one dynamics sample", unit="money", ge=1e-12, le=1e12)
    cost_rew: float = parameter(5.0, "of one reward sample", unit="money", ge=1e-12, le=1e12)
    gamma: float = parameter(0.95, "discount; 1 with a horizon", ge=0, le=1)
    lipschitz_dyn: float = parameter(0.6, "L_f, in the sum metric", ge=0, le=100)
    lipschitz_rew: float = parameter(1.0, "L_r", unit="reward per state", ge=0, le=1e6)
    lipschitz_pi: float = parameter(0.5, "L_pi", unit="action per state", ge=0, le=100)
    horizon: int | None = parameter(None, "steps, or None for an infinite horizon", quick=50, ge=1, le=1_000_000)
    weight: float | None = parameter(None, "K in place of the three constants, or None", ge=0, le=1e12)
    target: float | None = parameter(None, "bound that is wanted, or None", gt=0, le=1e300)
    have_dyn: float = parameter(0.0, "dynamics samples owned already", ge=0, le=1e12)
    have_rew: float = parameter(0.0, "reward samples owned already", ge=0, le=1e12)
    state_dim: int = parameter(12, "outputs that the dynamics MSE averages over", ge=1, le=1_000_000)
    resamples: int = parameter(2000, "bootstrap resamples", quick=10_000, ge=100, le=1_000_000)
    seed: int = parameter(0, "of the bootstrap", ge=0)

    @field_validator("errors_csv")
    @classmethod
    def _seen_from_here(cls, name: str) -> str:
        """A path of the user's own as an absolute one: the chapter runs in another folder."""
        return os.path.abspath(name) if os.path.exists(name) else name

    @model_validator(mode="after")
    def _can_be_planned(self) -> Self:
        self.plan(resamples=100)
        return self

    def plan(self, *, resamples: int | None = None) -> Plan:
        """Read the table, find the weight, split the budget.

        Raises:
            RequestError: if the file is no table of errors, or the numbers can't be planned with.
        """
        import numpy as np

        from imagination.book.paths import Book
        from imagination.budget.plan import HEADS
        from imagination.budget.planner import plan_budget
        from imagination.budget.weighting import weighting
        from imagination.gap.lipschitz import Lipschitz
        from imagination.laws.errors_table import read_errors

        file = Path(self.errors_csv) if os.path.exists(self.errors_csv) else Book().results / self.errors_csv
        constants = Lipschitz(dynamics=self.lipschitz_dyn, reward=self.lipschitz_rew, policy=self.lipschitz_pi)
        return plan_budget(
            read_errors(file, heads=HEADS, repeats_need_seeds=True),
            weighting=weighting(
                gamma=self.gamma,
                lipschitz=None if self.weight is not None else constants,
                horizon=self.horizon,
                weight=self.weight,
            ),
            budget=self.budget,
            cost_dyn=self.cost_dyn,
            cost_rew=self.cost_rew,
            target=self.target,
            have_dyn=self.have_dyn,
            have_rew=self.have_rew,
            state_dim=self.state_dim,
            resamples=resamples or self.resamples,
            generator=np.random.default_rng(self.seed),
        )

    def command(self) -> str:
        """The same request on the command line."""
        weighed = ("lipschitz_dyn", "lipschitz_rew", "lipschitz_pi") if self.weight is None else ("weight",)
        words = [f"imagination plan {shlex.quote(Path(self.errors_csv).name)}"]
        for name in ("budget", "cost_dyn", "cost_rew", "state_dim", "gamma", *weighed, "horizon", "target", "have_dyn",
                     "have_rew", "resamples", "seed"):  # fmt: skip
            value = getattr(self, name)
            spoken = name in ("budget", "cost_dyn", "cost_rew", "gamma", *weighed)
            if spoken or value != type(self).model_fields[name].default or name == "state_dim":
                short = isinstance(value, float) and float(f"{value:g}") == value
                words.append(f"--{name.replace('_', '-')} {f'{value:g}' if short else value}")
        return " ".join(words)
