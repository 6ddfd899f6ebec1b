"""``imagination plan``: split a budget between dynamics samples and reward samples."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from imagination.errors import require, shown

if TYPE_CHECKING:
    from imagination.gap.lipschitz import Lipschitz

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

    from imagination.budget.plan import HEADS, plan_text
    from imagination.budget.planner import plan_budget
    from imagination.budget.weighting import weighting
    from imagination.checks import whole
    from imagination.laws.errors_table import read_errors

    seed, horizon = options["seed"], options["horizon"]
    require(seed >= 0, f"--seed {shown(seed)} is not allowed: a whole number, 0 or more")
    how = weighting(
        gamma=options["gamma"],
        lipschitz=_constants(options),
        horizon=None if horizon is None else whole("horizon", horizon, low=1),
        weight=options["weight"],
    )
    taken = ("budget", "cost_dyn", "cost_rew", "target", "have_dyn", "have_rew", "state_dim", "resamples")
    plan = plan_budget(
        read_errors(csv, heads=HEADS, repeats_need_seeds=True),
        weighting=how,
        generator=np.random.default_rng(seed),
        **{name: options[name] for name in taken},
    )
    if options["as_json"]:
        click.echo(json.dumps(plan.as_json(), indent=2, ensure_ascii=False, allow_nan=False))
    else:
        click.echo(plan_text(plan))


def _constants(options: dict[str, Any]) -> Lipschitz | None:
    from imagination.gap.lipschitz import Lipschitz

    given = {name: options[option] for option, name in CONSTANTS.items() if options[option] is not None}
    missing = [f"--{option.replace('_', '-')}" for option in CONSTANTS if options[option] is None]
    require(
        not given or not missing, f"{', '.join(missing)} not given: the three Lipschitz constants are needed together"
    )
    return Lipschitz(**given) if given else None
