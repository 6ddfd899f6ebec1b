# %% [markdown]
# # Realised sensitivities
#
# Theorem 1 minimises a bound. What would the best split be for the errors that really occur? Section 4.2 answers with two
# experiments: with realised value sensitivities in place of the multiplier, Eq. 4 predicts the realised ratio; with
# global Lipschitz constants, it overshoots by orders of magnitude. At the end of this page you know what
# each of these tests measures, which is less than their wording suggests, and on what unpublished choice the second depends.

# %% tags=["parameters"]
budget = 10000.0  # B, unit reward samples, in [1000, 1e+12]
# h of the difference quotients, relative to the perturbation, in [1e-12, 1]
step = 0.001
n_systems = 30  # number of LQG systems, in [5, 1000]
# norms of s0, relative to the domain, list of 1 to 12, each in [1e-06, 1]
radii = [1.0, 0.3, 0.1, 0.03]
n_draws = 20  # data sets for each anchor and system, in [2, 1000]

# %% tags=["hide-input", "open-chapter"]
from imagination.book.chapter import open_chapter

p, ledger = open_chapter(
    "sensitivities",
    globals(),
    covers="§4.2 and Appendix B.5, Figures 2 and 4",
    leaves_out="whether sensitivities can be measured on a trained model without the "
    "true one; B.5 does not say so either",
    at_most_seconds=60,
)

# %% tags=["hide-input"]
import inspect
import math

import matplotlib.pyplot as plt
import numpy as np
from scipy.stats import binomtest, spearmanr

from imagination.book.figures import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    VERMILION,
    panels,
)
from imagination.book.ledger import agrees, not_testable
from imagination.book.show import say, table
from imagination.budget.sensitivity import (
    SHAPES,
    ScalarDrift,
    figure_2,
    median_interval,
    realised_sensitivity,
    realised_split,
)
from imagination.budget.sensitivity_lqg import LqgStudy, figure_4

PAPER = {"nonlinear": 0.054, "control": 0.074, "sup": 0.684, "lqg": 7.585}  # medians
FAMILIES = {
    "linear": ["linear"],
    "nonlinear": ["tanh", "sin"],
    "control": ["quadratic"],
}

# %% [markdown]
# ## Definitions
#
# $V(f,r)$ is the discounted return of a fixed policy. A model error of size $\epsilon$ in a fixed direction changes it by
#
# $$D_f(\epsilon)=\max_\pm|V(f\pm\epsilon d,r)-V(f,r)|,$$
#
# and $D_r$ likewise. The larger of both signs is taken because an estimation error has no preferred one. The *realised
# optimum* minimises $D_f(\epsilon_{dyn}(N_{dyn}))+D_r(\epsilon_{rew}(N_{rew}))$ on the budget line. It is found by a scan, Brent's method
# in the bracket, and a root of the slope by differences: Eq. 4 is not used. With the *realised sensitivities*
# $S=|V(\cdot+h\delta)-V|/(h\|\delta\|)$ at the optimum, the residual is
#
# $$\ell=\ln\frac{\text{right-hand side of Eq. 4 with }M}{N_{dyn}^*/N_{rew}^*},\qquad M=S_f/S_r\ \text{ or }\ M=K.$$

# %% tags=["hide-input", "hide-output"]
say(
    f"```python\n{inspect.getsource(realised_split)}\n\n"
    f"{inspect.getsource(realised_sensitivity)}```"
)

# %% [markdown]
# ## Figure 2: value functions of known form
#
# The paper names four families of values and lists the axes of its grids. The process behind the values is ours: a scalar
# state that rests at its start $\theta$ and drifts away under an additive model error, with reward $L_rg(s)$. It is an actual
# decision process, and with $g(s)=s$ Lemma 1 holds with equality. Two choices: $L_f=\tfrac12$ where the paper lists 1 (an
# additive error then drifts without bound, and the optimum of the sine family is ill-posed); and the supremum of $|g'|$ for
# the quadratic over $[0,2\theta]$, the interval that the drift reaches.

# %%
all_rows = figure_2(budget=p.budget, step=p.step)
known = all_rows.dropna(subset="ell")
ells = {
    name: known[known.family.isin(families)].ell.abs()
    for name, families in FAMILIES.items()
}
linear, control = (known[known.family == name] for name in ("linear", "quadratic"))
exact = "below $10^{-7}$"
rows = []
for family in SHAPES:
    part = known[known.family == family]
    values = (
        part.ell.abs().median(),
        part.ell.abs().max(),
        part.ell_bound.abs().median(),
    )
    rows.append(
        [family, len(part), *(f"{v:.3g}" if v > 1e-7 else exact for v in values)]
    )
table(
    ["family", "n", "median |ℓ|, realised", "largest", "median |ℓ|, global $K$"], rows
)

# %%
solved = [
    ledger.check(
        "every configuration has its optimum inside the budget line",
        len(known) == len(all_rows),
        found=f"{len(all_rows) - len(known)} of {len(all_rows)} do not and are left "
        f"out",
    ),
    ledger.check(
        "linear values leave no residual above $10^{-7}$, with either multiplier",
        linear[["ell", "ell_bound"]].abs().max().max() < 1e-7,
        found=f"the largest is {linear[['ell', 'ell_bound']].abs().max().max()}",
    ),
]

# %% mystnb={"figure": {"name": "fig-sensitivities-recovery", "caption": "Predicted against realised sample ratio, one mark for each configuration. Above: realised sensitivities, for the linear, tanh and sine families. Below: the quadratic control, with realised sensitivities (filled circles) and with the supremum of the slope (open squares). The line is equality."}, "image": {"alt": "Two log-log panels. Above, all marks lie on the diagonal. Below, circles lie on or just under the diagonal and squares above it."}}
figure, (upper, lower) = panels(2, 1, height=3.0)
for family, colour, mark in (
    ("linear", GREY, "o"),
    ("tanh", BLUE, "^"),
    ("sin", GREEN, "v"),
):
    part = known[known.family == family]
    upper.loglog(
        part.realised, part.predicted, mark, color=colour, markersize=5, label=family
    )
lower.loglog(control.realised, control.predicted, "o", color=PURPLE, label="realised")
lower.loglog(
    control.realised,
    control.realised * np.exp(control.ell_bound),
    "s",
    mfc="none",
    color=VERMILION,
    label="sup norm",
)
for axis in (upper, lower):
    span = np.array(axis.get_xlim())
    axis.loglog(span, span, color=BLACK, linewidth=0.8)
    axis.set(ylabel="predicted $N_{dyn}/N_{rew}$")
    axis.legend()
lower.set(xlabel="realised $N_{dyn}/N_{rew}$")
plt.show()

# %%
curved = known[known.family.isin(FAMILIES["nonlinear"])]
medians = {name: values.median() for name, values in ells.items()}
medians["sup"] = control.ell_bound.abs().median()
# Logarithms to nine digits: what the solver leaves open must not decide an order.
ranked = np.log(linear.predicted).round(9), np.log(linear.realised).round(9)
rank = spearmanr(*ranked).statistic
factor = medians["sup"] / medians["control"]
say(
    f"Rank correlation of the linear family {rank:.4f}. Median $|\\ell|$: tanh and "
    f"sine "
    f"{medians['nonlinear']:.3g}; quadratic {medians['control']:.3g} realised and "
    f"{medians['sup']:.3g} with the supremum, a factor {factor:.3g}."
)

# %% [markdown]
# ### What $|\ell|$ measures
#
# At the optimum the *slope* $D_f'(\epsilon^*)$ balances the money; the prediction uses the slope at zero, up to $h$. Hence
# $\ell=\ln\frac{D_f'(0)}{D_f'(\epsilon^*)}$ exactly: the test measures how much the value bends over the size of the error that is left. It
# falls with $\epsilon^*$ and so with the budget, for any smooth value. It checks the first order of Eq. 4, and it is silent on
# Lipschitz constants.

# %%
bent = tuple(FAMILIES["nonlinear"] + FAMILIES["control"])
budgets = p.budget * 10.0 ** np.arange(-1, 4)
falling = {
    b: figure_2(budget=b, families=bent, step=1e-6).dropna(subset="ell")
    for b in budgets
}
sharp = falling[budgets[1]]
apart = (sharp.ell - sharp.curvature).abs().max()


def median(rows, name, column="ell"):
    return rows[rows.family.isin(FAMILIES[name])][column].abs().median()


fall = np.array(
    [[median(rows, "nonlinear"), median(rows, "control")] for rows in falling.values()]
)
sup = np.array([median(rows, "control", "ell_bound") for rows in falling.values()])

# %%
bends = [
    ledger.check(
        "$\\ell$ and the curvature of the value agree to $10^{-4}$ over the curved "
        "configurations",
        apart < 1e-4,
        found=f"they are {apart} apart",
    ),
    ledger.check(
        "the median residual falls with the budget, for both kinds of curved values",
        np.all(np.diff(fall, axis=0) < 0),
        found=f"it goes {fall.tolist()}",
    ),
]

# %% mystnb={"figure": {"name": "fig-sensitivities-budget", "caption": "Median residual against the budget. With realised sensitivities it falls to nothing; with the supremum of the slope the quadratic control tends to ln 2, because the supremum over [0, 2θ] is twice the slope at θ. Dashed lines: the paper's three medians, at its unpublished budget."}, "image": {"alt": "Log-log plot. Two lines fall steadily with the budget; a third rises slightly to a horizontal limit near 0.69. Dashed horizontal lines at 0.054, 0.074 and 0.684."}}
figure, axis = panels()
axis.loglog(budgets, fall[:, 0], "o-", color=BLUE, label="tanh and sine, realised")
axis.loglog(budgets, fall[:, 1], "s-", color=PURPLE, label="quadratic, realised")
axis.loglog(budgets, sup, "^-", color=VERMILION, label="quadratic, sup norm")
for name, colour in (("nonlinear", BLUE), ("control", PURPLE), ("sup", VERMILION)):
    axis.axhline(PAPER[name], color=colour, linestyle="--", linewidth=0.9)
axis.set(xlabel="budget (reward samples)", ylabel=r"median $|\ell|$")
axis.legend()
plt.show()

# %%
table(
    ["budget", "tanh, sine", "quadratic", "quadratic, sup norm"],
    [
        [f"{b:.3g}", *(f"{value:.3g}" for value in (*pair, bound))]
        for b, pair, bound in zip(budgets, fall, sup, strict=True)
    ],
)

# %% [markdown]
# The paper's medians can be had at *some* budget, each at its own, and the budget is not published. We fixed $B=10^4$ before
# looking and report what it gives. An agreement counts as reproduction only if it does not hinge on that choice: the
# paper's value must lie in our interval at every budget of the figure. The interval is a bootstrap over configurations,
# which says how much a median depends on the grid.


# %%
def interval(values):
    """95 % interval of the median, from the same stream of random numbers each time."""
    return median_interval(values, generator=np.random.default_rng(0))


def at_every_budget(name, families, column="ell"):
    """Is the paper's median inside our interval whatever the budget?"""
    spans = []
    for rows in falling.values():
        spans.append(interval(rows[rows.family.isin(FAMILIES[families])][column].abs()))
    return all(low <= PAPER[name] <= high for low, high in spans)


spans = {
    "nonlinear": interval(ells["nonlinear"]),
    "control": interval(ells["control"]),
    "sup": interval(control.ell_bound.abs()),
}
shown = {name: f"[{low:.3f}, {high:.3f}]" for name, (low, high) in spans.items()}

# %%
ledger.decide(
    "allocation-linear",
    ours=f"{'all' if solved[1] else 'not all'} {len(linear)} below $10^{{-7}}$, "
    f"rank correlation {rank:.4f}",
    uncertainty="tolerance of the solver",
    verdict=agrees(inside=[solved[1], rank > 0.9999]),
)

# %%
ledger.decide(
    "allocation-nonlinear",
    ours=f"{medians['nonlinear']:.3f} at a budget of {p.budget:g}; "
    f"{'falls' if bends[1] else 'does not fall'} with the budget",
    uncertainty=f"{shown['nonlinear']}, bootstrap over configurations",
    verdict=agrees(
        inside=[at_every_budget("nonlinear", "nonlinear")],
        direction=[medians["nonlinear"] < 0.5 * curved.ell_bound.abs().median()],
    ),
)

# %% [markdown]
# The size depends on a budget and on a process that are not published. What can agree is that realised sensitivities
# predict much better than global constants do. The same holds for the control, whose supremum is taken over an interval
# that is our choice.

# %%
ledger.decide(
    "allocation-control",
    ours=f"{medians['control']:.3f} → {medians['sup']:.3f} ({factor:.1f}×)",
    uncertainty=f"{shown['control']} → {shown['sup']}, bootstrap over configurations",
    verdict=agrees(
        inside=[
            at_every_budget("control", "control"),
            at_every_budget("sup", "control", "ell_bound"),
        ],
        direction=[factor > 3, spans["sup"][0] > spans["control"][1]],
    ),
)

# %% [markdown]
# The first version of this recipe had $L_f=0.9$, and the paper lists $L_f=1$. Both are shown, so that nothing tried is
# hidden: the larger $L_f$, the further the state drifts for an error of given size, and the larger the residual, until
# there is no optimum inside the budget line.

# %%
rows = []
for L_f in (0.5, 0.9, 1.0):
    tried = figure_2(budget=p.budget, families=bent, step=p.step, dynamics=L_f)
    inside = tried.dropna(subset="ell")
    nonlinear = inside[inside.family.isin(FAMILIES["nonlinear"])].ell.abs()
    values = nonlinear.median(), nonlinear.max(), median(inside, "control")
    shown_values = ["none" if math.isnan(v) else f"{v:.3g}" for v in values]
    rows.append([f"{L_f:g}", f"{len(inside)} of {len(tried)}", *shown_values])
table(
    [
        "$L_f$",
        "optimum inside",
        "median, tanh and sine",
        "largest",
        "median, quadratic",
    ],
    rows,
)

# %%
ledger.beyond(
    "sensitivities-curvature",
    "The residual of the recovery test is $\\ln D_f'(0)/D_f'(\\epsilon^*)$, the "
    "curvature of the value over the remaining error; it vanishes as the budget grows",
    ours=f"{len(sharp)} configurations; median {fall[0, 0]:.2g} → {fall[-1, 0]:.2g} "
    f"over "
    "four decades of budget",
    uncertainty="$10^{-4}$",
    holds=all(bends),
)

# %% [markdown]
# ## Figure 4: linear–quadratic systems
#
# For each seed, a random system under its optimal policy, with contraction $\gamma\Lambda$ in the paper's band. Dynamics and reward are
# estimated by least squares from noisy samples; the exact suprema of the errors over the unit ball give the power laws; one
# estimate gives the direction of the error. What the paper does not publish is the start. We take $\|s_0\|=1$, the radius
# of the operating domain, for the verdict, and vary it.

# %%
study = LqgStudy(draws=p.n_draws, budget=p.budget)
radii = list(dict.fromkeys(p.radii))
every = figure_4(study=study, seeds=range(p.n_systems), radii=radii)
lqg = every.dropna(subset="ell")
first = lqg[lqg.radius == radii[0]]
quantities = {
    "contraction $\\gamma\\Lambda$": "contraction",
    "$L_f$": "lf",
    "$L_r$": "lr",
    "$L_\\pi$": "lp",
    "$\\alpha$": "alpha",
    "$\\beta$": "beta",
    "$R^2$ of the dynamics fit": "r2_dyn",
    "$R^2$ of the reward fit": "r2_rew",
}
table(
    [f"over {p.n_systems} systems", "range"],
    [
        [name, f"{every[column].min():.3g} to {every[column].max():.3g}"]
        for name, column in quantities.items()
    ],
)

# %%
low, high = study.contraction
checked = [
    ledger.check(
        "each system and start has its optimum inside the budget line",
        len(lqg) == len(every),
        found=f"{len(every) - len(lqg)} of {len(every)} do not and are left out",
    ),
    ledger.check(
        "each contraction is in the paper's band",
        every.contraction.between(low - 1e-9, high + 1e-9).all(),
        found=f"{every.contraction.min()} to {every.contraction.max()}",
    ),
]

# %% mystnb={"figure": {"name": "fig-sensitivities-lqg", "caption": "Residual ℓ of the multiplier built from global Lipschitz constants, one dot for each system (vertical positions are jittered), by the norm of the start state relative to the operating domain. Dashed: the paper's median."}, "image": {"alt": "Rows of dots, one row for each start radius, all to the right of zero; the rows of smaller radii lie further right. A dashed vertical line marks 7.585."}}
figure, axis = panels(height=3.2)
jitter = np.random.default_rng(1)
for row, radius in enumerate(radii):
    part = lqg[lqg.radius == radius]
    axis.plot(
        part.ell_bound,
        row + jitter.uniform(-0.18, 0.18, len(part)),
        "o",
        color=BLUE,
        markersize=3.5,
        alpha=0.7,
    )
    axis.plot(
        [part.ell_bound.median()] * 2,
        [row - 0.3, row + 0.3],
        color=ORANGE,
        linewidth=2.5,
    )
axis.axvline(PAPER["lqg"], color=GREY, linestyle="--")
axis.axvline(0, color=BLACK, linewidth=0.8)
axis.set(
    xlabel=r"$\ell$ with the multiplier $K$",
    yticks=range(len(radii)),
    ylabel="$\\|s_0\\|$",
)
axis.set_yticklabels([f"{radius:g}" for radius in radii])
axis.grid(axis="y", visible=False)
plt.show()

# %%
rows = []
for radius in radii:
    part = lqg[lqg.radius == radius]
    middle = part.ell_bound.median()
    first_order = (part.slack_dyn - part.slack_rew).median()
    rows.append(
        [
            f"{radius:g}",
            f"{(part.ell_bound > 0).sum()} of {len(part)}",
            f"{middle:.2f}",
            f"{math.exp(middle):,.0f}",
            f"{first_order:.2f}",
            f"{part.ell.abs().median():.2f}",
        ]
    )
table(
    [
        "$\\lVert s_0\\rVert$",
        "ℓ > 0",
        "median ℓ",
        "factor",
        "first order",
        "median |ℓ|, realised",
    ],
    rows,
)

# %% [markdown]
# *First order* is $\ln K-\ln(S_f/S_r)$, which a comparison of multipliers, without solving for the realised optimum, would
# report; smaller starts raise it without limit, because a system that starts near its fixed point hardly notices a
# relative error, while the global constants belong to the whole operating domain. ℓ itself saturates: the intercept of
# the estimate moves the state away from the origin. "Three orders of magnitude" is a statement about that ratio of
# radii as much as about the bound. The last column is the recovery test on these systems. For small starts it has to fail, since
# the value is quadratic about the fixed point: the recovery seen in Figure 2 is not a general fact at finite error.

# %%
positive, middle = int((first.ell_bound > 0).sum()), first.ell_bound.median()
chance = binomtest(positive, len(first), alternative="greater").pvalue
span = interval(first.ell_bound)
ledger.decide(
    "allocation-lqg",
    ours=f"{positive} of {len(first)}, median {middle:.2f} ({math.exp(middle):.0f}×), "
    f"p = {chance:.2g}",
    uncertainty=f"median in [{span[0]:.2f}, {span[1]:.2f}], bootstrap over systems; "
    "depends on $\\|s_0\\|$",
    verdict=agrees(
        inside=[positive == len(first), span[0] <= PAPER["lqg"] <= span[1]],
        direction=[chance < 1e-6, middle > 1],
    ),
)

# %% [markdown]
# ### Why the sign is not a law
#
# Each coefficient of Lemma 1 is an upper bound of its sensitivity, so both logarithmic slacks are non-negative. But ℓ is, to
# first order, their *difference*: slack of the dynamics coefficient less slack of the reward coefficient. Where reward errors
# cancel along the path, it turns negative.

# %%
t = np.arange(2000)
alternating = abs(np.sum(0.9**t * (-1.0) ** t))
drift = ScalarDrift("linear", gamma=0.9, dynamics=0.5)
constant = float(drift.value_change()(np.array([1.0]))[0])
negative = math.log(drift.multiplier) - math.log(constant / alternating)
without = figure_4(
    study=LqgStudy(draws=p.n_draws, budget=p.budget, intercepts=False),
    seeds=range(p.n_systems),
    radii=[1.0, 0.1],
).dropna(subset="ell")
fails = [
    int((part.slack_dyn < part.slack_rew).sum())
    for part in (without[without.radius == radius] for radius in (1.0, 0.1))
]
say(
    f"Over all systems and starts the smallest slacks are {lqg.slack_dyn.min():.2f} "
    f"(dynamics) and {lqg.slack_rew.min():.2f} (reward). With a constant dynamics "
    f"error "
    f"and a reward error of alternating sign (flag 4b), $\\ell={negative:.2f}$. "
    f"Estimates "
    f"without intercepts give first-order ℓ below 0 on {fails[0]} and {fails[1]} of "
    f"{p.n_systems} systems, for starts of norm 1 and 0.1."
)

# %%
upper_bounds = ledger.check(
    "neither coefficient of Lemma 1 is below its sensitivity, on any system",
    (lqg[["slack_dyn", "slack_rew"]] > -1e-9).all(axis=None),
    found=f"slacks down to {lqg.slack_dyn.min()} and {lqg.slack_rew.min()}",
)

# %%
ledger.beyond(
    "sensitivities-sign",
    "The multiplier $K$ is not an upper bound of the realised ratio of sensitivities; "
    "each coefficient of Lemma 1 is an upper bound of its own",
    ours=f"ℓ = {negative:.2f} in the counterexample; "
    f"{'both' if upper_bounds else 'not both'} slacks non-negative on {len(lqg)} LQG "
    f"rows",
    holds=negative < 0 and upper_bounds,
)

# %% [markdown]
# ## $K$ and $K'$
#
# B.5 also reports $K/K'$, where $K'$ has the realised sensitivity $S_f$ in place of $L_f$ inside the contraction. The values
# are lost. $S_f$ is a change of value for each unit of model error and $L_f$ a growth factor of states, so that $K'$ mixes
# two units; we report it and do not interpret it.

# %%
ratio = first.K / first.K_prime
ledger.decide(
    "allocation-kprime",
    ours=f"median {ratio.median():.2f}",
    uncertainty=f"range [{ratio.min():.2f}, {ratio.max():.2f}]",
    verdict=not_testable("allocation-kprime"),
)

# %% [markdown]
# ## Verdicts

# %%
ledger.table()
