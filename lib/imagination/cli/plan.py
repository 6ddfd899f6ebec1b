"""``imagination plan``: split a budget between dynamics samples and reward samples."""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any

import click

from imagination.errors import require

if TYPE_CHECKING:
    from imagination.budget.planner import Plan

__all__ = ["command", "report"]

CONSTANTS = {"lipschitz_dyn": "dynamics", "lipschitz_rew": "reward", "lipschitz_pi": "policy"}


@click.command("plan", short_help="Split a budget between dynamics samples and reward labels.")
@click.argument("csv", type=click.Path(path_type=Path))
@click.option("--budget", type=float, required=True, help="Money to spend now, in any unit.")
@click.option("--cost-dyn", type=float, required=True, help="Money for one dynamics sample.")
@click.option("--cost-rew", type=float, required=True, help="Money for one reward sample.")
@click.option("--gamma", type=float, help="Discount, in [0, 1); 1 is allowed with --horizon.")
@click.option("--lipschitz-dyn", type=float, help="L_f, of the dynamics, sum metric.")
@click.option("--lipschitz-rew", type=float, help="L_r, of the reward.")
@click.option("--lipschitz-pi", type=float, help="L_pi, of the policy.")
@click.option("--horizon", type=int, help="Steps of a finite horizon; needed where gamma L_f (1 + L_pi) is 1 or more.")
@click.option("--weight", type=float, help="Weight of dynamics error against reward error, in place of the constants.")
@click.option("--target", type=float, help="Bound that is wanted: print the least budget for it.")
@click.option("--have-dyn", type=float, default=0.0, help="Dynamics samples owned already.  [default: 0]")
@click.option("--have-rew", type=float, default=0.0, help="Reward samples owned already.  [default: 0]")
@click.option("--state-dim", type=int, default=1, help="Outputs that the dynamics MSE averages over.  [default: 1]")
@click.option("--resamples", type=int, default=2000, show_default=True, help="Bootstrap resamples.")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the bootstrap.")
@click.option("--json", "as_json", is_flag=True, help="Print the plan as JSON.")
def command(csv: Path, **options: Any) -> None:
    """Read measured errors from CSV and say what data to buy.

    CSV has the columns head (dynamics or reward), n, one of mse, rmse or error, and optionally seed. The errors.csv of
    a sweep, or its folder, will do. Nothing is written.

    \b
    imagination plan errors.csv --budget 20000 --cost-dyn 1 --cost-rew 5 \\
        --gamma 0.95 --lipschitz-dyn 0.6 --lipschitz-rew 1 --lipschitz-pi 0.5
    imagination plan errors.csv --budget 20000 --cost-dyn 1 --cost-rew 5 --weight 3 --json
    """
    import numpy as np

    from imagination.budget.planner import HEADS, plan_budget
    from imagination.budget.weighting import weighting
    from imagination.laws.errors_table import read_errors

    require(options["seed"] >= 0, f"--seed {options['seed']} is not allowed: a whole number, 0 or more")
    how = weighting(
        gamma=options["gamma"],
        lipschitz=_constants(options),
        horizon=options["horizon"],
        weight=options["weight"],
    )
    taken = ("budget", "cost_dyn", "cost_rew", "target", "have_dyn", "have_rew", "state_dim", "resamples")
    plan = plan_budget(
        read_errors(csv, heads=HEADS, repeats_need_seeds=True),
        weighting=how,
        generator=np.random.default_rng(options["seed"]),
        **{name: options[name] for name in taken},
    )
    click.echo(
        json.dumps(plan.as_json(), indent=2, ensure_ascii=False) if options["as_json"] else report(plan, options)
    )


def _constants(options: dict[str, Any]):
    from imagination.gap.bounds import Lipschitz

    given = {name: options[option] for option, name in CONSTANTS.items() if options[option] is not None}
    missing = [f"--{option.replace('_', '-')}" for option in CONSTANTS if options[option] is None]
    require(
        not given or not missing, f"{', '.join(missing)} not given: the three Lipschitz constants are needed together"
    )
    return Lipschitz(**given) if given else None


def report(plan: Plan, request: dict[str, Any]) -> str:
    """The plan as text.

    Args:
        plan: the plan.
        request: ``budget``, ``cost_dyn``, ``cost_rew``, ``target``, ``have_dyn`` and ``have_rew`` as they were asked.
    """
    kinds = (
        ("dynamics", plan.n_dyn, "n_dyn", request["have_dyn"], request["cost_dyn"], plan.eps_dyn, "exponent_dyn"),
        ("reward", plan.n_rew, "n_rew", request["have_rew"], request["cost_rew"], plan.eps_rew, "exponent_rew"),
    )
    lines = [f"Plan for a budget of {request['budget']:g}   (in brackets: 95 % intervals)", ""]
    for head, n, name, have, cost, error, exponent in kinds:
        law = plan.laws[head]
        owned = f", {have:g} of them owned already" if have else ""
        lines += [
            f"  {head}",
            f"    samples   {n:,.0f}{_bracket(plan.intervals[name], ',.0f')}{owned}",
            f"    to spend  {max(0.0, (n - have) * cost):,.6g}",
            f"    error     {error:.3g}, from {law.scale:.3g} N^-{law.exponent:.3g}"
            + (f", exponent{_bracket(plan.intervals[exponent], '.3f')}" if plan.intervals[exponent] else ""),
        ]
    even, at = plan.regret_even_split, plan.next_unit_at
    bound = "bound" if plan.weighting.source != "given; the bound is an error per step" else "weighted error"
    lines += [
        "",
        f"  share of dynamics   {plan.share_dyn:.1%}{_bracket(plan.intervals['share_dyn'], '.1%')}",
        f"  expected {bound:<10} {plan.bound:.4g}{_bracket(plan.intervals['bound'], '.4g')}",
        f"  an even split       {even:.4g} times that",
        f"  next unit of money  {plan.next_unit}, owning {at[0]:,.0f} dynamics and {at[1]:,.0f} reward",
        f"  weight              {plan.weighting.weight:.4g} ({plan.weighting.source})",
        f"  a tenth of it       share of dynamics {plan.share_if_weight_is_a_tenth:.1%}",
    ]
    if plan.budget_for_target is not None:
        lines.append(f"  for a target of {request['target']:g}   a budget of {plan.budget_for_target:,.4g} in all")
    if plan.warnings:
        lines += [
            "",
            "Careful:",
            *(fill(line, 76, initial_indent="  - ", subsequent_indent="    ") for line in plan.warnings),
        ]
    return "\n".join(lines)


def _bracket(interval: tuple[float, float] | None, style: str) -> str:
    return f" [{interval[0]:{style}}, {interval[1]:{style}}]" if interval else ""
