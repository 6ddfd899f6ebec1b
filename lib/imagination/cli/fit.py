"""``imagination fit``: power laws for anyone's errors, and what speaks against them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from imagination.laws.errors_table import Errors
    from imagination.laws.powerlaw import PowerLawFit


@click.command("fit", short_help="Fit power laws to measured errors.")
@click.argument("path", metavar="DIR_OR_CSV", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
@click.option(
    "--resamples", default=10_000, show_default=True, type=click.IntRange(0, 10_000_000), help="Bootstrap resamples."
)
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="Seed of the bootstrap.")
def command(path: Path, as_json: bool, resamples: int, seed: int) -> None:
    """Fit error = A N^-exponent to each head of DIR_OR_CSV, with bootstrap intervals over seeds.

    DIR_OR_CSV is a CSV with the columns head, n, one of mse, rmse or error, and optionally seed; or the folder of a
    sweep. Where mean squares are given, their roots are fitted too: the bound and the split of a budget need the
    exponent of the norm, which is half that of the mean square.

    \b
    imagination fit my_errors.csv
    imagination fit sweep_folder --json
    """
    from imagination.errors import require
    from imagination.laws.errors_table import read_errors

    require(resamples != 1, "--resamples 1 is not allowed: 0 for none, or at least 2; try 10000")
    heads = {head: report(errors, resamples, seed) for head, errors in read_errors(path).items()}
    if as_json:
        click.echo(json.dumps({"source": str(path), "heads": heads}, indent=2, allow_nan=False))
    else:
        click.echo("\n\n".join(_text(head, found) for head, found in heads.items()))


def report(errors: Errors, resamples: int, seed: int) -> dict[str, Any]:
    """Fit one head: everything that the command prints, ready for JSON.

    Args:
        errors: of one head, from :func:`imagination.laws.errors_table.read_errors`.
        resamples: of the bootstrap; none is made where a number of samples has one training only.
        seed: of the bootstrap.

    Returns:
        ``anchors``, ``seeds``, ``bootstrap``, ``fits`` (one for each of mse, rmse or error) and ``warnings``.
    """
    import numpy as np

    from imagination.laws.alternatives import doubts
    from imagination.laws.head_fit import fit_measured

    first = fit_measured(errors, resamples=resamples, generator=np.random.default_rng(seed))
    fits = {errors.measure: _fit(first)}
    if errors.squared:
        roots = replace(errors, error=errors.norms(), measure="rmse")
        fits["rmse"] = _fit(fit_measured(roots, resamples=resamples, generator=np.random.default_rng(seed)))
    return {
        "anchors": first.anchors.tolist(),
        "seeds": first.counts.tolist(),
        "bootstrap": first.resampling,
        "resamples": len(first.resampled_means),
        "fits": fits,
        "warnings": doubts(first),
    }


def _fit(fit: PowerLawFit) -> dict[str, Any]:
    """One fit for JSON: null where there is no bootstrap."""
    (scale_error, exponent_error), (scale, exponent) = fit.standard_errors(), fit.intervals()
    return {
        "scale": fit.scale,
        "exponent": fit.exponent,
        "r2": fit.r2,
        "scale_standard_error": scale_error,
        "exponent_standard_error": exponent_error,
        "scale_interval_95": scale,
        "exponent_interval_95": exponent,
        "means": fit.means.tolist(),
        "standard_errors_of_the_means": [float(sem) if sem == sem else None for sem in fit.sems],  # NaN with one seed
        "local_exponents": fit.local_exponents().tolist(),
    }


def _text(head: str, found: dict[str, Any]) -> str:
    anchors, seeds = found["anchors"], found["seeds"]
    each = f"{seeds[0]}" if len(set(seeds)) == 1 else f"{min(seeds)} to {max(seeds)}"
    count = "training" if each == "1" else "trainings"
    lines = [f"{head}: {len(anchors)} anchors from {anchors[0]:g} to {anchors[-1]:g}, {each} {count} each"]
    for measure, fit in found["fits"].items():
        lines.append(f"  {measure:5s} {fit['scale']:.3g} N^{-fit['exponent']:.3g}   R² {fit['r2']:.3f}")
        for name in ("exponent", "scale") if found["bootstrap"] != "none" else ():
            interval, error = fit[f"{name}_interval_95"], fit[f"{name}_standard_error"]
            said = f"{interval[0]:.3g} to {interval[1]:.3g} (95 %)" if interval else "beyond any number"
            lines.append(f"        {name:8s} {said}" + (f", standard error {error:.2g}" if error is not None else ""))
        if len(anchors) > 2:
            lines.append("        exponent between neighbours " + " ".join(f"{e:.2f}" for e in fit["local_exponents"]))
    if found["bootstrap"] == "none":
        lines.append(
            "  no intervals: " + ("no resamples asked for" if min(seeds) > 1 else "an anchor has one training")
        )
    else:
        unit = "seeds, each with all its anchors" if found["bootstrap"] == "paired" else "trainings within each anchor"
        lines.append(f"  intervals: {found['resamples']} resamples of {unit}")
    if "mse" in found["fits"]:
        lines.append("  the exponent of the norm (rmse) is the one that the bound and `imagination plan` need")
    return "\n".join(lines + [f"  warning: {doubt}" for doubt in found["warnings"]])
