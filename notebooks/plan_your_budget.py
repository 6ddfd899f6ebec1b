# %% [markdown]
# # Plan your budget
#
# You train a world model and a reward model, you have measured how their errors fall with data, and you must decide what to
# buy next. This page is the command `imagination plan` with pictures. At the end of it you have a split with intervals,
# you know what an even split would cost, and you know which of your inputs the answer hinges on. Put your own file and prices in
# the first cell, or pass them: `imagination run plan_your_budget -p errors_csv mine.csv -p budget 20000`.

# %% tags=["parameters"]
errors_csv = "scaling_errors.csv"  # a file of book/results, or a path, text
budget = 100000.0  # to spend, unit money, in (0, 1e+15]
cost_dyn = 1.0  # of one dynamics sample, unit money, in [1e-12, 1e+12]
cost_rew = 5.0  # of one reward sample, unit money, in [1e-12, 1e+12]
gamma = 0.95  # discount; 1 with a horizon, in [0, 1]
lipschitz_dyn = 0.6  # L_f, in the sum metric, in [0, 100]
lipschitz_rew = 1.0  # L_r, unit reward per state, in [0, 1000000]
lipschitz_pi = 0.5  # L_pi, unit action per state, in [0, 100]
horizon = None  # steps, or None for an infinite horizon, in [1, 1000000], or null
weight = None  # K in place of the three constants, or None, in [0, 1e+12], or null
target = None  # bound that is wanted, or None, in (0, 1e+300], or null
have_dyn = 0.0  # dynamics samples owned already, in [0, 1e+12]
have_rew = 0.0  # reward samples owned already, in [0, 1e+12]
state_dim = 12  # outputs that the dynamics MSE averages over, in [1, 1000000]
resamples = 2000  # bootstrap resamples, in [100, 1000000]
seed = 0  # of the bootstrap, 0 or more

# %% tags=["hide-input", "open-chapter"]
from imagination.book.chapter import open_chapter

p, ledger = open_chapter(
    "plan_your_budget",
    globals(),
    covers="the use of Theorem 1 (§4) on measured errors",
    leaves_out="how the errors were measured, which the chapter on scaling laws shows",
    at_most_seconds=20,
)

# %% tags=["hide-input"]
import inspect
from dataclasses import replace
from textwrap import dedent, wrap

import matplotlib.pyplot as plt
import numpy as np

from imagination.book.figures import BLACK, BLUE, GREY, VERMILION, panels
from imagination.book.show import say, table
from imagination.budget.allocation import solve
from imagination.budget.plan import HEADS, plan_text
from imagination.budget.planner import what_moves_it
from imagination.budget.regret import minimax_share, worst_even_split

# %% [markdown]
# ## The plan

# %%
plan = p.plan()
how = plan.weighting
print(plan_text(plan))

# %% [markdown]
# These are the calls behind it: the table is read and checked, the weight is found, and `plan_budget` fits both curves, draws
# laws within their uncertainty, and splits the money by Theorem 1 for each of them.

# %% tags=["hide-input", "hide-output"]
say(f"```python\n{dedent(inspect.getsource(p.plan))}```")

# %% [markdown]
# The error of each head enters as a *norm*. Where the table holds mean squares, the exponent used is half of the one that a fit to
# them shows, and the dynamics error counts $\sqrt{d_s}$ times the root mean square of one output.

# %% mystnb={"figure": {"name": "fig-plan-laws", "caption": "Measured error norms (mean over seeds; bars are standard errors) and the fitted power laws, extended to the planned counts (stars). What lies outside the dots is extrapolation."}, "image": {"alt": "Log-log plot of two falling lines through measured points, dynamics flatter than reward, each with a star at the planned number of samples."}}
figure, axis = panels()
for head, colour, n in zip(
    HEADS, (BLUE, VERMILION), (plan.n_dyn, plan.n_rew), strict=True
):
    fit, law = plan.heads[head].fit, plan.heads[head].law
    scale = law.scale / fit.law.scale
    norm = scale * (np.sqrt(fit.means) if fit.squared else fit.means)
    bar = norm * fit.sems / fit.means / (2 if fit.squared else 1)
    axis.errorbar(
        fit.anchors,
        norm,
        yerr=np.nan_to_num(bar),
        fmt="o",
        color=colour,
        markersize=5,
        label=head,
    )
    span = np.geomspace(min(fit.anchors[0], n), max(fit.anchors[-1], n), 50)
    axis.plot(span, law(span), color=colour)
    axis.plot(
        [n],
        [law(n)],
        "*",
        color=colour,
        markersize=13,
        markeredgecolor=BLACK,
        markeredgewidth=0.5,
    )
axis.set(xscale="log", yscale="log", xlabel="samples", ylabel="error norm")
axis.legend()
plt.show()

# %%
exponents = [plan.heads[head].law.exponent for head in HEADS]
say(
    f"Planned: {plan.n_dyn:.4g} dynamics samples at an expected error of "
    f"{plan.eps_dyn:.3g}, and {plan.n_rew:.4g} reward samples at {plan.eps_rew:.3g}. "
    f"Exponents of the norms: {exponents[0]:.3f} and {exponents[1]:.3f}."
)

# %% [markdown]
# ## The bound over the share

# %% mystnb={"figure": {"name": "fig-plan-share", "caption": "Expected bound on the return gap against the share of the money that goes to dynamics, with its two parts. Marked are the optimum, with the 95 % interval of the optimal share as a band, and the even split."}, "image": {"alt": "A U-shaped black curve with a dot at its minimum and a square at one half; a blue falling curve and a red rising curve add up to it."}}
shares = 1 / (1 + np.exp(-np.linspace(-6, 6, 400)))
parts = np.array(plan.problem.terms(*plan.problem.counts(shares))) * how.scale
figure, axis = panels()
axis.plot(shares, parts.sum(axis=0), color=BLACK, label="bound")
axis.plot(shares, parts[0], color=BLUE, linewidth=1.1, label="dynamics part")
axis.plot(shares, parts[1], color=VERMILION, linewidth=1.1, label="reward part")
if plan.intervals["share_dyn"]:
    axis.axvspan(*plan.intervals["share_dyn"], color=BLACK, alpha=0.12, linewidth=0)
axis.plot(
    [plan.share_dyn], [plan.bound], "o", color=BLACK, markersize=8, label="optimum"
)
axis.plot(
    [0.5],
    [plan.bound * plan.regret_even_split],
    "s",
    color=GREY,
    markersize=8,
    label="even split",
)
axis.set(
    xlabel="share of the money that goes to dynamics",
    ylabel="bound (unit of the reward)",
    ylim=(0, 2.2 * plan.bound),
)
axis.legend(ncols=2, loc="upper center")
plt.show()

# %%
safe, factor = minimax_share(*exponents)
worst = worst_even_split(*exponents)
say(
    f"Best share {plan.share_dyn:.3f}, bound {plan.bound:.4g}; an even split costs a "
    f"factor {plan.regret_even_split:.4f}, and with these exponents never more than "
    f"{worst:.3f}. A share of {safe:.3f} never costs more than {factor:.3f}, whatever "
    "the constants."
)

# %% [markdown]
# ## The split over the budget

# %% mystnb={"figure": {"name": "fig-plan-budget", "caption": "Share of the money that goes to dynamics, and expected bound, against the budget, for somebody who owns nothing yet. The dotted line marks the budget of this page; beyond the measured range both rest on extrapolated laws."}, "image": {"alt": "Upper panel: the share of dynamics rises with the budget. Lower panel: the bound falls slowly on logarithmic axes. A dotted vertical line marks the planned budget."}}
budgets = np.geomspace(p.budget / 1e3, p.budget * 1e3, 121)
path = solve(replace(plan.problem, budget=budgets))
figure, (upper, lower) = panels(2, 1, height=2.5, sharex=True)
upper.semilogx(budgets, path.share_dyn, color=BLUE)
upper.set(ylabel="share of dynamics", ylim=(0, 1))
lower.loglog(budgets, how.scale * path.objective, color=BLACK)
lower.set(xlabel="budget (money)", ylabel="bound")
for axis in (upper, lower):
    axis.axvline(p.budget, color=GREY, linestyle=":")
plt.show()

# %%
at = [0, 60, 120]
say(
    "Budgets "
    + ", ".join(f"{budgets[i]:.3g}" for i in at)
    + ": shares "
    + ", ".join(f"{path.share_dyn[i]:.3f}" for i in at)
    + ", bounds "
    + ", ".join(f"{how.scale * path.objective[i]:.4g}" for i in at)
    + "."
)

# %% [markdown]
# ## What moves it
#
# Each input is changed alone: prices and budget by a factor of 2, the scale of an error by 2, the weight, which is known only as
# a bound, down by 10, and each exponent over its 95 % interval with the line turning about the middle of its data.


# %%
bars = what_moves_it(plan)

# %% mystnb={"figure": {"name": "fig-plan-tornado", "caption": "How far the optimal share of dynamics moves when one input changes; light end: the smaller value of the input, dark end: the larger. The line is the plan."}, "image": {"alt": "A tornado chart: horizontal bars sorted by length about the planned share, the longest for the weight or the error scales."}}
figure, axis = panels(height=3.6)
for row, ends in enumerate(bars.values()):
    for end, colour in zip(ends, ("#9ecae9", BLUE), strict=True):
        if end is not None:
            axis.barh(
                row, end - plan.share_dyn, left=plan.share_dyn, color=colour, height=0.6
            )
axis.axvline(plan.share_dyn, color=BLACK, linewidth=1)
axis.use_sticky_edges = False
axis.set(yticks=range(len(bars)), xlabel="optimal share of dynamics")
axis.set_yticklabels(bars)
axis.grid(axis="y", visible=False)
plt.show()

# %%
table(
    ["input", "share at the smaller value", "at the larger"],
    [
        [name, *("cannot be bought" if end is None else f"{end:.3f}" for end in ends)]
        for name, ends in reversed(bars.items())
    ],
)

# %% [markdown]
# A long bar for the weight is common: Lipschitz constants are bounds, and the best share under the bound is not the best share for
# the system at hand. The *bound* is forgiving, as the U-shaped curve above shows: over most of its middle it is flat.
#
# ## On the command line

# %%
lines = wrap(p.command(), 80, break_on_hyphens=False, subsequent_indent="    ")
say("```\n" + " \\\n".join(lines) + "\n```")

# %% [markdown]
# prints the text at the head of this page; `--json` prints the same as JSON, `--weight` takes the weight itself, `--target` asks
# for the least budget, and `--have-dyn`, `--have-rew` say what is owned already.

# %%
ledger.beyond(
    "plan-even-split",
    "On the measured errors, the optimal split is no worse than an even one and the "
    "even one no worse than $2^{\\max(\\alpha,\\beta)}$ times it",
    ours=f"factor {plan.regret_even_split:.4f}, limit {worst:.3f}",
    holds=1 - 1e-9 <= plan.regret_even_split <= worst * (1 + 1e-9),
)

# %%
ledger.table()
