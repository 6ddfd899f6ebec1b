# %% [markdown]
# # Calibration of Lemma 1
#
# Lemma 1 bounds the return gap. How close do gaps come to the bound? The paper answers with 525 small systems
# (Figure 3). At the end of this page you have seen 525 systems of the same two kinds, all within the bound; you know
# which of the paper's figures belong to the bound, and which to the mixture of systems that one happens to choose.

# %% tags=["parameters"]
n_seeds = 3  # draws of each design; 525 configurations a draw, in [2, 1000]
synthetic_seed = 0  # seed of the first draw of the synthetic benchmark, in [0, 1e+15]
lqg_seed = 1  # seed of the first draw of the linear-quadratic benchmark, in [0, 1e+15]

# %% tags=["hide-input", "open-chapter"]
from imagination.book.chapter import open_chapter

p, ledger = open_chapter(
    "calibration",
    globals(),
    covers="§3.1, Appendix B.4 and Figure 3",
    leaves_out="stochastic dynamics and unbounded domains, as the paper does",
    at_most_seconds=60,
)

# %% tags=["hide-input"]
from dataclasses import replace
from inspect import getsource

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from imagination import Lipschitz, return_gap_bound
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
from imagination.book.ledger import agrees
from imagination.book.show import say, table
from imagination.calibration.designs import lqg_variants, synthetic_variants
from imagination.calibration.rollouts import Kind, calibrate, plain_gap
from imagination.calibration.rules import (
    climbs_steadily,
    flat_with_a_near_tight_minority,
    medians,
    mixed_median,
    range_of,
    spread,
    within_bound,
)
from imagination.calibration.synthetic import (
    Cell,
    Family,
    SyntheticDesign,
    plain_synthetic,
)

# %% tags=["hide-input"]
# Figure 3: medians and maxima of R
PAPER = {"synthetic": 0.0035, "lqg": 0.034, "pooled": 0.015}
TOPS = {"synthetic": 0.9995, "lqg": 0.999}


def show_frame(title, frame):
    """A data frame as a table, to three significant digits."""
    say(title)
    number = lambda x: f"{x:.3g}" if isinstance(x, float) else x  # noqa: E731
    table(
        ["", *frame.columns],
        [
            [name, *map(number, row)]
            for name, row in zip(frame.index, frame.to_numpy(), strict=True)
        ],
    )


# %% [markdown]
# ## What is measured
#
# A configuration is an MDP, a policy, and a perturbed model. Its figure is the realised gap over the bound,
#
# $$R=\frac{|J(\pi,M)-J(\pi,\hat M)|}{\dfrac{\epsilon_{rew}}{1-\gamma}
# +\dfrac{\gamma L_r(1+L_\pi)}{(1-\gamma)(1-\gamma L_f(1+L_\pi))}\,\epsilon_{dyn}},$$
#
# with the constants known analytically. Lemma 1 says $R\le1$. A small $R$ is a loose bound.
#
# The paper calls its errors both "worst-case" and "realized per-step", which are two conventions:
#
# * **SUP**: the supremum over the space, or over the operating domain. This is the $\epsilon$ of Lemma 1.
# * **ROLL**: the maximum over the states that the learned rollout visits. It is the smallest $\epsilon$ with which the proof
#   still goes through, hence the harder test.
#
# Every figure below is given for both.
#
# A rollout has to stop somewhere. It runs until a closed-form bound on all later terms, valid for expansive maps too,
# is below $10^{-10}$ of the right-hand side, and that remainder is added to the gap before $R\le1$ is judged.
#
# Rolled out step by step, one configuration looks like this. The results below come from a version that takes each step
# for all configurations at once.

# %% tags=["hide-input", "hide-output"]
say(f"```python\n{getsource(plain_gap)}```")

# %% [markdown]
# ## The two benchmarks
#
# The paper publishes the numbers of configurations, 150 and 375, and the kinds of systems, but not the families, sizes,
# discounts or perturbations. What follows is this book's reading.
#
# | | synthetic, 150 | linear–quadratic, 375 |
# |---|---|---|
# | systems | 5 families: linear; networks with $\tanh$, ReLU, $\sin$; an aligned scalar system that is nearly tight | linear, quadratic reward, optimal linear policy, on $\|s\|\le1$ |
# | sizes | 12 states, 4 actions, width 64 (aligned: 1, 1) | 4 states, 2 actions |
# | discounts | 0.8, 0.9, 0.95, 0.98, 0.99 | the same |
# | contraction | $\gamma\Lambda$ = 0.5, 0.9, 0.99 | $\Lambda$ = 0.1, 0.3, 0.5, 0.7, 0.9 |
# | model errors | plane waves; $\epsilon_{dyn}=0.01$ alone, or with $\epsilon_{rew}=10^{-4}$ | affine and quadratic fields; 0.05, in dynamics, reward or both |
# | draws | one | five systems in each cell |
#
# On the linear–quadratic benchmark the constants hold only where states are bounded. Nothing leaves the
# domain: $\|f(s,\pi(s))\|\le\Lambda\|s\|$, and the model error is at most $1-\Lambda$.
#
# This is not the first design that was tried. All of them are run below, each with several seeds.


# %%
def draws(designs, first_seed):
    """Run every design with every seed; column ``draw`` counts the seeds from 0."""
    seeds = range(first_seed, first_seed + p.n_seeds)
    frames = [
        calibrate(design, seeds=seeds).assign(design=name)
        for name, design in designs.items()
    ]
    rows = pd.concat(frames, ignore_index=True)
    return rows.assign(draw=rows.seed - first_seed)


synthetic_rows = draws(synthetic_variants(), p.synthetic_seed)
lqg_rows = draws(lqg_variants(), p.lqg_seed)
headlines = {
    "synthetic": "headline: contractions to 0.99",
    "lqg": "headline: discounts from 0.8",
}
synthetic = synthetic_rows[
    (synthetic_rows.design == headlines["synthetic"]) & (synthetic_rows.draw == 0)
]
lqg = lqg_rows[(lqg_rows.design == headlines["lqg"]) & (lqg_rows.draw == 0)]
pooled = pd.concat([synthetic, lqg])

# %% [markdown]
# The slow version and the batches agree:

# %%
first = {family: Cell(family, 0, 0, p.synthetic_seed) for family in Family}
off = []
for row in synthetic[
    (synthetic.gamma == 0.8) & (synthetic.contraction == 0.5)
].itertuples():
    one = plain_synthetic(SyntheticDesign(), first[Family(row.family)], Kind(row.kind))
    off.append(abs(plain_gap(one, row.steps)[0] - row.gap) / row.bound_sup)
ledger.check(
    "one configuration of each family and kind, rolled out step by step, has the gap "
    "that the batch gives it, within $10^{-9}$ of the bound",
    max(off) < 1e-9,
    found=f"{max(off):.2g} of the bound",
)

# %% [markdown]
# ## Does the bound hold?

# %%
everything = pd.concat([synthetic_rows, lqg_rows])
inside = {c: int(within_bound(pooled, c).sum()) for c in ("sup", "roll")}
violations = sum(int((~within_bound(everything, c)).sum()) for c in inside)
say(
    f"The first draw of the headline designs: {inside['sup']} of {len(pooled)} within "
    f"the bound with SUP, {inside['roll']} with ROLL. All {len(everything)} "
    f"configurations of all designs: {violations} violations. The longest rollout has "
    f"{everything.steps.max()} steps; the cut-off part is at most "
    f"{(everything.truncation / everything.bound_sup).max():.1g} of the bound."
)

# %%
ledger.decide(
    "calibration-holds",
    ours=f"{inside['sup']} of {len(pooled)} (SUP), "
    f"{inside['roll']} of {len(pooled)} (ROLL)",
    uncertainty=f"{violations} violations among {len(everything)} configurations "
    "of all designs",
    verdict=agrees(
        inside=[
            len(pooled) == 525,
            *(n == 525 for n in inside.values()),
            violations == 0,
        ]
    ),
)

# %% [markdown]
# ## Figure 3

# %% mystnb={"figure": {"name": "fig-calibration-ecdf", "caption": "Empirical distributions of $R$ for the headline designs: synthetic (150, blue) and linear–quadratic (375, vermilion); solid with $\\epsilon$ as a supremum, dotted with the maximum over the learned rollout. Triangles: the paper's medians, 0.0035 and 0.034. The line at 1 is the bound; a few configurations lie left of the picture."}, "image": {"alt": "Two step curves on a logarithmic axis from one millionth to one. The blue one rises early, is nearly level above one tenth and jumps near one; the vermilion one climbs throughout."}}
figure, axis = panels(height=3.6)
for rows, colour, label in (
    (synthetic, BLUE, "synthetic"),
    (lqg, VERMILION, "linear–quadratic"),
):
    for column, style in (("ratio_sup", "-"), ("ratio_roll", ":")):
        axis.step(
            np.sort(rows[column]),
            np.arange(1, len(rows) + 1) / len(rows),
            style,
            color=colour,
            where="post",
            label=f"{label}, {column[6:].upper()}",
        )
axis.plot(
    [PAPER["synthetic"], PAPER["lqg"]],
    [0, 0],
    "^",
    color=GREY,
    markersize=9,
    clip_on=False,
    label="the paper's medians",
)
axis.axvline(1, color=BLACK, linewidth=1)
axis.set(
    xscale="log",
    xlim=(1e-5, 1.6),
    ylim=(0, 1.02),
    xlabel="$R$, gap over bound (no unit)",
    ylabel="share of configurations",
)
axis.legend(loc="upper left")
plt.show()

# %%
summary = pd.DataFrame(
    {
        name: {
            f"{statistic} {column[6:].upper()}": getattr(rows[column], statistic)()
            for statistic in ("median", "max")
            for column in ("ratio_sup", "ratio_roll")
        }
        for name, rows in (
            ("synthetic", synthetic),
            ("linear–quadratic", lqg),
            ("pooled", pooled),
        )
    }
)
show_frame("The headline designs, first draw:", summary.T)

# %% [markdown]
# ## Where the looseness sits
#
# A median over a mixture says little until the mixture is taken apart. First by the map that is wrong. The synthetic
# headline has no configurations with a wrong reward alone; 75 of them are run as a supplement. The reason why they
# are not part of the 150 is a guess: the paper describes the synthetic distribution as level between its low mass
# and its nearly tight minority, and wrong rewards alone would fill that gap.

# %%
supplement = calibrate(
    replace(SyntheticDesign(), kinds=(Kind.REW,)), seeds=[p.synthetic_seed]
)
by_kind = pd.DataFrame(
    {
        "synthetic": pd.concat([synthetic, supplement])
        .groupby("kind")
        .ratio_sup.median(),
        "linear–quadratic SUP": lqg.groupby("kind").ratio_sup.median(),
        "linear–quadratic ROLL": lqg.groupby("kind").ratio_roll.median(),
    }
).loc[["dyn", "both", "rew"]]
within = int(within_bound(supplement, "roll").sum())
quartiles = supplement.ratio_sup.quantile([0.25, 0.5, 0.75]).to_numpy()
show_frame("Median of $R$ by what is wrong in the model:", by_kind)
say(
    f"Supplement: {within} of {len(supplement)} within the bound, quartiles of $R$ "
    f"{quartiles[0]:.2f}, {quartiles[1]:.2f}, {quartiles[2]:.2f}."
)

# %% [markdown]
# The reward term is within a small factor of what happens; the dynamics term is orders of magnitude away. Its coefficient assumes that errors
# point the same way at every step and are stretched by the full constant each time. The longer they are compounded, the less
# true that is, as the strata by contraction and by family show.

# %%
headline_draws = synthetic_rows[synthetic_rows.design == headlines["synthetic"]]
lqg_draws = lqg_rows[lqg_rows.design == headlines["lqg"]]
by_contraction = (
    headline_draws.groupby("contraction")
    .ratio_sup.median()
    .to_frame("median $R$, all draws")
    .rename_axis("$\\gamma\\Lambda$")
)
by_growth = (
    lqg_draws.assign(growth=lqg_draws.growth.round(6))
    .pivot_table(values="ratio_sup", index="kind", columns="growth", aggfunc="median")
    .loc[["dyn", "both", "rew"]]
)
by_family = (
    headline_draws.groupby("family")
    .ratio_sup.quantile([0.25, 0.5, 0.75])
    .unstack()
    .loc[["aligned", "linear", "tanh", "relu", "sin"]]
)
show_frame("Synthetic, by contraction $\\gamma\\Lambda$:", by_contraction.T)
show_frame("Synthetic, quartiles by family:", by_family)
show_frame("Linear–quadratic, median by kind and by $\\Lambda$:", by_growth)

# %% mystnb={"figure": {"name": "fig-calibration-strata", "caption": "The same configurations, all draws, by stratum (SUP). Above: synthetic, by contraction $\\gamma\\Lambda$. Below: linear–quadratic, by the map that is wrong. The distributions of the strata are orders of magnitude apart, so the pooled median measures their shares."}, "image": {"alt": "Two panels of step curves on a logarithmic axis. Above, three curves shift left as the contraction grows. Below, the curve for wrong dynamics lies far to the left of the one for wrong rewards, with both in between."}}
figure, axes = panels(2, height=2.7, sharex=True)
strata = (
    (axes[0], headline_draws, "contraction", (0.5, 0.9, 0.99), (GREEN, BLUE, PURPLE)),
    (axes[1], lqg_draws, "kind", ("dyn", "both", "rew"), (BLUE, ORANGE, VERMILION)),
)
for axis, rows, column, values, colours in strata:
    for value, colour in zip(values, colours, strict=True):
        r = np.sort(rows.ratio_sup[rows[column] == value])
        label = rf"$\gamma\Lambda={value}$" if column == "contraction" else value
        axis.step(
            r,
            np.arange(1, len(r) + 1) / len(r),
            color=colour,
            where="post",
            label=label,
        )
    axis.set(xscale="log", xlim=(1e-6, 1.6), ylabel="share")
    axis.legend(loc="upper left")
axes[1].set_xlabel("$R$ with SUP (no unit)")
plt.show()

# %%
counts = {
    f"{c}={v}": int((rows[c] == v).sum())
    for _, rows, c, values, _ in strata
    for v in values
}
say(
    "Configurations in each stratum: "
    + ", ".join(f"{k}: {n}" for k, n in counts.items())
    + "."
)

# %% [markdown]
# ## The bound is attained, and the check can fail
#
# Take the $\tanh$ out of the aligned family and what remains is the scalar system of Lemma 1's chapter, on which every
# inequality is an equality. Then $R=1$ to rounding, whichever map is wrong, for contracting and for expansive maps. On these
# systems an $\epsilon$ that is understated by one per cent must show, and does.

# %%
tight_design = SyntheticDesign(
    kinds=tuple(Kind), discounts=(0.8, 0.95), aligned_linear=True
)
tight = calibrate(tight_design)
tight = tight[tight.family == "aligned"]
off_by = float((tight[["ratio_sup", "ratio_roll"]] - 1).abs().to_numpy().max())
planted = tight[tight.kind == "dyn"]
same = Lipschitz(
    dynamics=planted.growth.to_numpy(),
    reward=tight_design.reward * (1 + tight_design.policy),
    policy=0.0,
)
understated = return_gap_bound(
    same,
    gamma=planted.gamma.to_numpy(),
    eps_dyn=0.99 * tight_design.eps_dyn,
    eps_rew=0.0,
)
caught = int((planted.gap.abs() > understated).sum())
attained = ledger.check(
    "$|R-1|<10^{-9}$ on every tight system, in both conventions",
    off_by < 1e-9,
    found=f"off by {off_by:.2g}",
)
noticed = ledger.check(
    "an $\\epsilon_{dyn}$ one per cent too small is reported on every tight system",
    caught == len(planted),
    found=f"{caught} of {len(planted)}",
)
say(
    f"{len(tight)} tight systems, $\\Lambda$ from {tight.growth.min():.2f} to "
    f"{tight.growth.max():.2f}; {len(planted)} of them with wrong dynamics alone."
)

# %%
exact = int(((tight[["ratio_sup", "ratio_roll"]] - 1).abs() < 1e-9).all(axis=1).sum())
ledger.beyond(
    "calibration-attained",
    "$R=1$ is attained, so no constant of Lemma 1 can be improved; "
    "an $\\epsilon$ understated by 1 % is noticed",
    ours=f"{exact} of {len(tight)} tight systems; "
    f"{caught} of {len(planted)} planted violations caught",
    uncertainty="rounding below $10^{-9}$",
    holds=attained and noticed and tight.growth.max() > 1,
)

# %% [markdown]
# ## Every design that was tried
#
# The paper's median for a benchmark is one number. Here are the medians of eight synthetic and six linear–quadratic
# designs in the order in which they were tried, all with the paper's number of configurations, each over several seeds. The
# headlines were not chosen blind: they came after earlier designs had given medians farther from the paper's, so their nearness to
# it is no evidence.


# %%
def tried(rows):
    """Smallest and largest median over the draws of each design, and the largest R."""
    by_design = medians(rows).groupby("design", sort=False)
    low, high = by_design.min(), by_design.max()
    largest = rows.groupby("design", sort=False)[list(low)].max()
    columns = {
        f"median {c[6:].upper()}": [
            f"{a:.2g} – {b:.2g}" for a, b in zip(low[c], high[c], strict=True)
        ]
        for c in low
    }
    columns |= {f"max {c[6:].upper()}": [f"{x:.4f}" for x in largest[c]] for c in low}
    return pd.DataFrame(columns, index=low.index)


show_frame("Synthetic designs (range over draws):", tried(synthetic_rows))
show_frame("Linear–quadratic designs:", tried(lqg_rows))

# %% mystnb={"figure": {"name": "fig-calibration-designs", "caption": "Median of $R$ for every design that was tried, one dot for each draw (filled SUP, open ROLL), first tried at the top, headline starred. The vertical lines are the paper's medians. The scatter between draws is small against the distance between designs."}, "image": {"alt": "Dot plot of fourteen designs on a logarithmic axis from one thousandth to one. Dots of one design cluster; designs are spread over more than two decades on either side of the paper's values."}}
figure, axes = panels(2, height=3.0, sharex=True)
for axis, rows, colour, value in (
    (axes[0], synthetic_rows, BLUE, PAPER["synthetic"]),
    (axes[1], lqg_rows, VERMILION, PAPER["lqg"]),
):
    names = list(dict.fromkeys(rows.design))
    for place, name in enumerate(names):
        own = medians(rows).loc[name]
        axis.plot(
            own.ratio_sup,
            np.full(len(own), place),
            "o",
            color=colour,
            markersize=5,
        )
        axis.plot(
            own.ratio_roll,
            np.full(len(own), place),
            "o",
            color=colour,
            markersize=5,
            mfc="none",
        )
    axis.axvline(value, color=GREY)
    axis.set(xscale="log", xlim=(1e-3, 1), ylim=(len(names) - 0.5, -0.5))
    axis.set_yticks(
        range(len(names)),
        [name.replace("headline: ", "★ ") for name in names],
        fontsize=8,
    )
axes[1].set_xlabel("median of $R$ (no unit)")
plt.show()


# %%
spreads = {
    name: spread(medians(rows))
    for name, rows in (("synthetic", synthetic_rows), ("linear–quadratic", lqg_rows))
}
say(
    "Medians differ by a factor of "
    + " and ".join(
        f"{between:.3g} between the {name} designs, "
        f"at most {inner:.2g} between draws of one design"
        for name, (between, inner) in spreads.items()
    )
    + " (SUP)."
)

# %% [markdown]
# What drives it can be shown without any new design. Keep the linear–quadratic configurations as they are and change only the
# share of those whose reward alone is wrong, the rest having wrong dynamics alone. Every share between 0 and 1 is
# as natural as the next, and the median takes every value between those of the two strata.

# %%
dyn, rew = (
    np.sort(lqg_draws.ratio_sup[lqg_draws.kind == kind]) for kind in ("dyn", "rew")
)
shares = np.linspace(0, 1, 101)
mixed = np.array([mixed_median(dyn, rew, share) for share in shares])
reached = mixed >= PAPER["lqg"]
where = f"at a share of {shares[reached.argmax()]:.0%}" if reached.any() else "nowhere"
say(
    f"The median runs from {mixed[0]:.2g} (all dynamics) to {mixed[-1]:.2g} (all "
    f"reward). The paper's {PAPER['lqg']:g} is reached {where}."
)

# %%
factor = mixed[-1] / mixed[0]
ledger.beyond(
    "calibration-mix",
    "The median of $R$ is set by the mixture of configurations: "
    "reweighting the strata of one benchmark moves it freely",
    ours=f"from {mixed[0]:.2g} to {mixed[-1]:.2g}, a factor of {factor:.0f}; between "
    f"designs {spreads['synthetic'][0]:.3g} and {spreads['linear–quadratic'][0]:.3g}",
    uncertainty=f"{p.n_seeds} draws of each design",
    holds=factor > 10
    and all(between > 2 * inner for between, inner in spreads.values()),
)

# %% [markdown]
# Does anything not depend on the design? In every one of them a wrong reward alone may come closer to the bound than wrong
# dynamics alone.

# %%
both_kinds = (
    everything[everything.kind.isin(["dyn", "rew"])]
    .groupby(["benchmark", "design", "draw", "kind"])
    .ratio_sup.median()
    .unstack()
    .dropna()
)
ordered = int((both_kinds.rew > both_kinds.dyn).sum())
ratio = both_kinds.rew / both_kinds.dyn
say(
    f"In {ordered} of {len(both_kinds)} draws of designs with both strata the "
    f"reward-only median is larger, by a factor between {ratio.min():.3g} "
    f"and {ratio.max():.3g}."
)

# %%
ledger.beyond(
    "calibration-attribution",
    "The looseness sits in the dynamics coefficient: with a wrong reward alone $R$ is "
    "larger than with wrong dynamics alone, in every design",
    ours=f"{ordered} of {len(both_kinds)} draws; "
    f"factor {ratio.min():.3g} to {ratio.max():.3g}",
    uncertainty=f"{both_kinds.index.get_level_values('design').nunique()} designs, "
    f"{p.n_seeds} draws each",
    holds=ordered == len(both_kinds),
)

# %% [markdown]
# ## Verdicts on the paper's figures
#
# The rules were written after a look at the first draws of the headline designs, and not changed since. They ask for
# more than agreement: a figure that depends on the design cannot be reproduced by choosing one.
#
# * **A median** is *reproduced* if the paper's value lies in the range of our medians over designs, draws and conventions,
#   **and** that range is informative: designs that fit the prose equally well differ by at most a factor of 2. A
#   range over two orders of magnitude contains almost anything, and to lie in it proves nothing. If the range is not informative,
#   the *direction* is judged: the typical bound is loose, $R<\tfrac12$ at the median, in every design, draw and convention.
# * **The maxima** are *reproduced* by the same rule, applied to the distance $1-\max R$. Their direction: no configuration
#   exceeds 1, and on both benchmarks some configuration of the headline design comes within 1 % of the bound in the ROLL convention.
# * **The shapes**: *low mass, flat, near-tight minority* means at least 60 % of the configurations below 0.2, at most 10 % in
#   [0.2, 0.7) and at least 5 % from 0.7 on; *climbs steadily* means at least 10 % in [0.2, 0.7) and no stretch of [0, 0.5]
#   longer than 0.1 without a configuration. *Reproduced* if both hold in every design and draw, *direction* if both
#   hold in every draw of the headline designs. The numbers that the paper gave for its shapes are lost.


# %% tags=["hide-input", "hide-output"]
rules = (range_of, flat_with_a_near_tight_minority, climbs_steadily)
say("\n\n".join(f"```python\n{getsource(rule)}```" for rule in rules))


# %%
def decide_median(claim, medians_found, headline, paper):
    """Enter the verdict on one of the paper's medians."""
    low, high, informative = range_of(medians_found)
    sup, roll = (medians_found.loc[headline][column] for column in medians_found)
    ledger.decide(
        claim,
        ours=f"headline {sup.min():.2g} – {sup.max():.2g} (SUP), "
        f"{roll.min():.2g} – {roll.max():.2g} (ROLL)",
        uncertainty=f"all designs {low:.2g} – {high:.2g}",
        verdict=agrees(
            inside=[low <= paper <= high, informative], direction=[high < 0.5]
        ),
    )


# %%
decide_median(
    "calibration-median-synthetic",
    medians(synthetic_rows),
    headlines["synthetic"],
    PAPER["synthetic"],
)

# %%
decide_median(
    "calibration-median-lqg", medians(lqg_rows), headlines["lqg"], PAPER["lqg"]
)

# %% [markdown]
# For the pooled median each synthetic design is paired with each linear–quadratic one.

# %%
pairs = []
for name, part in synthetic_rows.groupby("design"):
    for other, rest in lqg_rows.groupby("design"):
        both = {name, other} == set(headlines.values())
        pair = pd.concat([part, rest])
        pairs.append(pair.assign(design="headline" if both else f"{name} + {other}"))
decide_median(
    "calibration-median-pooled",
    pd.concat([medians(pair) for pair in pairs]),
    "headline",
    PAPER["pooled"],
)

# %%
largest = everything.groupby(["benchmark", "design"])[["ratio_sup", "ratio_roll"]].max()
slack = 1 - largest.ratio_roll
covered, informative = [], []
for benchmark, paper in TOPS.items():
    covered.append(slack[benchmark].min() <= 1 - paper <= slack[benchmark].max())
    informative.append(slack[benchmark].max() <= 2 * max(slack[benchmark].min(), 1e-12))
tops = {b: largest.loc[(b, name)] for b, name in headlines.items()}
ledger.decide(
    "calibration-max",
    ours=f"synthetic {tops['synthetic'].ratio_sup:.4f}; LQG "
    f"{tops['lqg'].ratio_sup:.3f} (SUP), {tops['lqg'].ratio_roll:.4f} (ROLL)",
    uncertainty="all designs, ROLL: synthetic "
    f"{1 - slack['synthetic'].max():.3f} – {1 - slack['synthetic'].min():.4f}, "
    f"LQG {1 - slack['lqg'].max():.2f} – {1 - slack['lqg'].min():.4f}",
    verdict=agrees(
        inside=[*covered, *informative],
        direction=[violations == 0, *(top.ratio_roll > 0.99 for top in tops.values())],
    ),
)

# %% [markdown]
# That the synthetic maximum is just below 1 says that a nearly tight system is among the 150, nothing more. How near it
# comes depends on how far that system moves into the curve of its $\tanh$. Of which kind are the nearly tight
# configurations of the linear–quadratic benchmark?

# %%
near = lqg_draws[lqg_draws.ratio_roll > 0.95]
say(
    f"{len(near)} of {len(lqg_draws)} configurations have $R>0.95$ with ROLL; of these "
    f"{(near.kind == 'rew').sum()} have a wrong reward alone, and "
    f"{(near.gamma >= 0.95).sum()} a discount of 0.95 or more. With SUP the largest "
    f"$R$ is {lqg_draws.ratio_sup.max():.3f}."
)

# %% [markdown]
# With a wrong reward alone the state settles at the origin, where the reward error is a constant. If that constant is also the largest error of the
# rollout, nearly every step contributes it in full, and the gap is nearly $\epsilon_{rew}/(1-\gamma)$. The supremum over
# the whole domain is larger as a rule, which is why SUP shows less of it.

# %%
fits = {
    b: rows.groupby(["design", "draw"], sort=False).ratio_sup.agg(rule).astype(bool)
    for b, rows, rule in (
        ("synthetic", synthetic_rows, flat_with_a_near_tight_minority),
        ("lqg", lqg_rows, climbs_steadily),
    )
}
in_headline = {b: fits[b].loc[name] for b, name in headlines.items()}
ledger.decide(
    "calibration-shape",
    ours=f"headline: synthetic {in_headline['synthetic'].sum()} of {p.n_seeds} draws, "
    f"LQG {in_headline['lqg'].sum()} of {p.n_seeds}",
    uncertainty=f"all designs: synthetic {fits['synthetic'].sum()} of "
    f"{len(fits['synthetic'])} draws, LQG {fits['lqg'].sum()} of {len(fits['lqg'])}",
    verdict=agrees(
        inside=[fit.all() for fit in fits.values()],
        direction=[fit.all() for fit in in_headline.values()],
    ),
)

# %%
fitting = {b: fit.groupby("design", sort=False).sum() for b, fit in fits.items()}
say("Draws with the described shape, by design:")
table(
    ["", f"draws of {p.n_seeds}"],
    [
        [f"{b}: {name}", count]
        for b, counts in fitting.items()
        for name, count in counts.items()
    ],
)

# %% [markdown]
# One may object that designs without the described shape should not count. With them left out the ranges shrink, and
# what remains depends on the convention.

# %%
lines, covers = [], {}
for b, rows in (("synthetic", synthetic_rows), ("lqg", lqg_rows)):
    kept = rows[rows.design.isin(fitting[b].index[fitting[b] == p.n_seeds])]
    for c in ("sup", "roll"):
        line, covers[b, c] = [f"{b}, {c.upper()}", "none", "none"], (False, False)
        if len(kept):
            middle = medians(kept)[f"ratio_{c}"]
            top = kept.groupby(["design", "draw"])[f"ratio_{c}"].max()
            line[1] = f"{middle.min():.2g} – {middle.max():.2g}"
            line[2] = f"{top.min():.3f} – {top.max():.4f}"
            covers[b, c] = (
                middle.min() <= PAPER[b] <= middle.max(),
                top.min() <= TOPS[b] <= top.max(),
            )
        lines.append(line)
say("Designs whose draws all have the shape (range over designs and draws):")
table(["", "median $R$", "largest $R$"], lines)

# %% tags=["hide-input"]
fit_median, fit_top = (
    [c.upper() for c in ("sup", "roll") if covers["lqg", c][which]] for which in (0, 1)
)
apart = fit_median and fit_top and not set(fit_median) & set(fit_top)
say(
    "On the linear–quadratic benchmark the paper's median then lies in the range of "
    f"{' and '.join(fit_median) or 'no convention'}, and its maximum in that of "
    f"{' and '.join(fit_top) or 'no convention'}"
    + (": the two figures point to different conventions." if apart else ".")
    + " Which one the paper used, it does not say."
)

# %% [markdown]
# ## What is a property of the bound
#
# * That $R\le1$ everywhere, and that 1 is attained: these do not depend on any design.
# * That the looseness sits in the dynamics term, far more than in the reward term, and the more so the longer errors
#   are compounded.
#
# The medians, the pooled median and the shapes are properties of the mixture. "The bound is loose by a factor of 29
# on LQG" is a statement about 375 particular systems, and a different but equally reasonable 375 give a different number.

# %%
ledger.table()
