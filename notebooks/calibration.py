# %% [markdown]
# # Calibration of Lemma 1
#
# Lemma 1 bounds the return gap. How close do gaps come to the bound? The paper answers with 525 small systems
# (Figure 3). At the end of this page you have seen 525 systems of the same two kinds, all within the bound; you know
# which of the paper's figures belong to the bound, and which to the mixture of systems that one happens to choose.

# %% tags=["parameters"]
n_seeds = 3  # draws of each design; 525 configurations a draw, in [2, 1000]
synthetic_seed = 0  # seed of the first draw of the synthetic benchmark, 0 or more
lqg_seed = 1  # seed of the first draw of the linear-quadratic benchmark, 0 or more

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
from imagination.book.show import say
from imagination.calibration.designs import lqg_variants, synthetic_variants
from imagination.calibration.rollouts import Kind, calibrate
from imagination.calibration.synthetic import SyntheticDesign

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
# ## Does the bound hold?

# %%
everything = pd.concat([synthetic_rows, lqg_rows])
ceilings = {
    c: (everything.gap.abs() + everything.truncation) / everything[f"bound_{c}"]
    for c in ("sup", "roll")
}
inside = {
    c: int(
        (
            (pooled.gap.abs() + pooled.truncation) / pooled[f"bound_{c}"] <= 1 + 1e-9
        ).sum()
    )
    for c in ceilings
}
violations = sum(int((ceiling > 1 + 1e-9).sum()) for ceiling in ceilings.values())
say(
    f"The first draw of the headline designs: {inside['sup']} of {len(pooled)} within the bound with SUP, "
    f"{inside['roll']} with ROLL. All {len(everything)} configurations of all designs: {violations} violations. The longest "
    f"rollout has {everything.steps.max()} steps; the cut-off part is at most "
    f"{(everything.truncation / everything.bound_sup).max():.1g} of the bound."
)

# %%
ledger.decide(
    "calibration-holds",
    ours=f"{inside['sup']} of {len(pooled)} (SUP), {inside['roll']} of {len(pooled)} (ROLL)",
    uncertainty=f"{violations} violations among {len(everything)} configurations of all designs",
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
    [0.0035, 0.034],
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


def markdown(frame, digits="%.3g"):
    """A data frame as a Markdown table, to three significant digits."""
    head = (
        "| | "
        + " | ".join(map(str, frame.columns))
        + " |\n|---|"
        + "---|" * len(frame.columns)
    )
    cell = lambda x: digits % x if isinstance(x, float) else str(x)  # noqa: E731
    return "\n".join(
        [
            head,
            *(
                "| " + " | ".join([str(i), *map(cell, row)]) + " |"
                for i, row in zip(frame.index, frame.to_numpy(), strict=True)
            ),
        ]
    )


say(markdown(summary.T))

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
within = int(
    (
        supplement.gap.abs() + supplement.truncation
        <= supplement.bound_roll * (1 + 1e-9)
    ).sum()
)
quartiles = supplement.ratio_sup.quantile([0.25, 0.5, 0.75]).to_numpy()
say("Median of $R$ by what is wrong in the model:\n\n" + markdown(by_kind))
say(
    f"Supplement: {within} of {len(supplement)} within the bound, quartiles of $R$ {quartiles[0]:.2f}, {quartiles[1]:.2f}, {quartiles[2]:.2f}."
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
say("Synthetic, by contraction $\\gamma\\Lambda$:\n\n" + markdown(by_contraction.T))
say("Synthetic, quartiles by family:\n\n" + markdown(by_family))
say("Linear–quadratic, median by kind and by $\\Lambda$:\n\n" + markdown(by_growth))

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
assert off_by < 1e-9
assert caught == len(planted)
say(
    f"{len(tight)} tight systems, $\\Lambda$ from {tight.growth.min():.2f} to {tight.growth.max():.2f}: $|R-1|<10^{{-9}}$ on all. "
    f"With $\\epsilon_{{dyn}}$ one per cent too small, {caught} of {len(planted)} are reported as violations."
)

# %%
ledger.beyond(
    "calibration-attained",
    "$R=1$ is attained, so no constant of Lemma 1 can be improved; an $\\epsilon$ understated by 1 % is noticed",
    ours=f"{len(tight)} of {len(tight)} tight systems; {caught} of {len(planted)} planted violations caught",
    uncertainty="rounding below $10^{-9}$",
    holds=off_by < 1e-9 and caught == len(planted) and tight.growth.max() > 1,
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
    """Smallest and largest median over the draws of each design, in both conventions, and the largest R."""
    each = rows.groupby(["design", "draw"], sort=False)[["ratio_sup", "ratio_roll"]]
    medians, largest = (
        each.median().groupby("design", sort=False),
        each.max().groupby("design", sort=False).max(),
    )
    low, high = medians.min(), medians.max()
    columns = {
        f"median {c[6:].upper()}": [
            f"{a:.2g} – {b:.2g}" for a, b in zip(low[c], high[c], strict=True)
        ]
        for c in low
    }
    columns |= {f"max {c[6:].upper()}": [f"{x:.4f}" for x in largest[c]] for c in low}
    return pd.DataFrame(columns, index=low.index)


say("Synthetic designs (range over draws):\n\n" + markdown(tried(synthetic_rows)))
say("Linear–quadratic designs:\n\n" + markdown(tried(lqg_rows)))

# %% mystnb={"figure": {"name": "fig-calibration-designs", "caption": "Median of $R$ for every design that was tried, one dot for each draw (filled SUP, open ROLL), first tried at the top, headline starred. The vertical lines are the paper's medians. The scatter between draws is small against the distance between designs."}, "image": {"alt": "Dot plot of fourteen designs on a logarithmic axis from one thousandth to one. Dots of one design cluster; designs are spread over more than two decades on either side of the paper's values."}}
figure, axes = panels(2, height=3.0, sharex=True)
for axis, rows, colour, value in (
    (axes[0], synthetic_rows, BLUE, 0.0035),
    (axes[1], lqg_rows, VERMILION, 0.034),
):
    names = list(dict.fromkeys(rows.design))
    for place, name in enumerate(names):
        medians = (
            rows[rows.design == name]
            .groupby("draw")[["ratio_sup", "ratio_roll"]]
            .median()
        )
        axis.plot(
            medians.ratio_sup,
            np.full(len(medians), place),
            "o",
            color=colour,
            markersize=5,
        )
        axis.plot(
            medians.ratio_roll,
            np.full(len(medians), place),
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
def spread(rows):
    """Factor between the largest and the smallest typical median of the designs, and the largest within a design."""
    medians = rows.groupby(["design", "draw"]).ratio_sup.median().unstack()
    between = medians.median(axis=1)
    return float(between.max() / between.min()), float(
        (medians.max(axis=1) / medians.min(axis=1)).max()
    )


spreads = {
    name: spread(rows)
    for name, rows in (("synthetic", synthetic_rows), ("linear–quadratic", lqg_rows))
}
say(
    "Medians differ by a factor of "
    + " and ".join(
        f"{between:.3g} between the {name} designs, at most {inner:.2g} between draws of one design"
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
values = np.concatenate([dyn, rew])
order = np.argsort(values)


def mixed_median(share):
    """Median of R when a given share of the configurations has a wrong reward and the others wrong dynamics."""
    weights = np.concatenate(
        [np.full(len(dyn), (1 - share) / len(dyn)), np.full(len(rew), share / len(rew))]
    )
    return values[order][np.searchsorted(np.cumsum(weights[order]), 0.5)]


mixed = np.array([mixed_median(share) for share in shares])
hits = shares[np.searchsorted(mixed, 0.034)]
say(
    f"The median runs from {mixed[0]:.2g} (all dynamics) to {mixed[-1]:.2g} (all reward). The paper's 0.034 is reached at a share of "
    f"{hits:.0%}."
)

# %%
factor = mixed[-1] / mixed[0]
ledger.beyond(
    "calibration-mix",
    "The median of $R$ is set by the mixture of configurations: reweighting the strata of one benchmark moves it freely",
    ours=f"from {mixed[0]:.2g} to {mixed[-1]:.2g}, a factor of {factor:.0f}; between designs {spreads['synthetic'][0]:.3g} and {spreads['linear–quadratic'][0]:.3g}",
    uncertainty=f"{p.n_seeds} draws of each design",
    holds=factor > 10
    and all(between > 2 * inner for between, inner in spreads.values()),
)

# %% [markdown]
# One ordering is stable: whatever the design, a wrong reward alone comes closer to the bound than wrong dynamics alone.

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
    f"In {ordered} of {len(both_kinds)} draws of designs with both strata the reward-only median is larger, by a factor between {ratio.min():.3g} and {ratio.max():.3g}."
)

# %%
ledger.beyond(
    "calibration-attribution",
    "The looseness sits in the dynamics coefficient: with a wrong reward alone $R$ is larger than with wrong dynamics alone, in every design",
    ours=f"{ordered} of {len(both_kinds)} draws; factor {ratio.min():.3g} to {ratio.max():.3g}",
    uncertainty=f"{both_kinds.index.get_level_values('design').nunique()} designs, {p.n_seeds} draws each",
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


# %%
def medians_of(rows):
    """Medians of R by design, draw and convention."""
    return rows.groupby(["design", "draw"])[["ratio_sup", "ratio_roll"]].median()


def judge(medians, paper):
    """The rule for medians: the verdict, and whether the paper's value is covered by an informative range."""
    low, high = float(medians.to_numpy().min()), float(medians.to_numpy().max())
    centres = medians.ratio_sup.groupby("design").median()
    informative = centres.max() / centres.min() <= 2
    return (
        low,
        high,
        agrees(inside=[low <= paper <= high, informative], direction=[high < 0.5]),
    )


def decide_median(claim, medians, headline, paper):
    """Enter the verdict on one of the paper's medians."""
    low, high, verdict = judge(medians, paper)
    own = medians.loc[headline]
    ledger.decide(
        claim,
        ours=f"headline {own.ratio_sup.min():.2g} – {own.ratio_sup.max():.2g} (SUP), {own.ratio_roll.min():.2g} – {own.ratio_roll.max():.2g} (ROLL)",
        uncertainty=f"all designs {low:.2g} – {high:.2g}",
        verdict=verdict,
    )


# %%
decide_median(
    "calibration-median-synthetic",
    medians_of(synthetic_rows),
    headlines["synthetic"],
    0.0035,
)

# %%
decide_median("calibration-median-lqg", medians_of(lqg_rows), headlines["lqg"], 0.034)

# %% [markdown]
# For the pooled median each synthetic design is paired with each linear–quadratic one.

# %%
pairs = {}
for (name, part), (other, rest) in (
    (a, b) for a in synthetic_rows.groupby("design") for b in lqg_rows.groupby("design")
):
    key = (
        "headline" if {name, other} == set(headlines.values()) else f"{name} + {other}"
    )
    pairs[key] = (
        pd.concat([part, rest]).groupby("draw")[["ratio_sup", "ratio_roll"]].median()
    )
decide_median(
    "calibration-median-pooled", pd.concat(pairs, names=["design"]), "headline", 0.015
)

# %%
largest = everything.groupby(["benchmark", "design"])[["ratio_sup", "ratio_roll"]].max()
slack = 1 - largest.ratio_roll
covered, informative = [], []
for benchmark, paper in (("synthetic", 0.9995), ("lqg", 0.999)):
    covered.append(slack[benchmark].min() <= 1 - paper <= slack[benchmark].max())
    informative.append(slack[benchmark].max() <= 2 * max(slack[benchmark].min(), 1e-12))
tops = {b: largest.loc[(b, name)] for b, name in headlines.items()}
ledger.decide(
    "calibration-max",
    ours=f"synthetic {tops['synthetic'].ratio_sup:.4f}; LQG {tops['lqg'].ratio_sup:.3f} (SUP), {tops['lqg'].ratio_roll:.4f} (ROLL)",
    uncertainty=f"all designs, ROLL: synthetic {1 - slack['synthetic'].max():.3f} – {1 - slack['synthetic'].min():.4f}, "
    f"LQG {1 - slack['lqg'].max():.2f} – {1 - slack['lqg'].min():.4f}",
    verdict=agrees(
        inside=[*covered, *informative],
        direction=[violations == 0, *(top.ratio_roll > 0.99 for top in tops.values())],
    ),
)

# %% [markdown]
# That the synthetic maximum is just below 1 says that a nearly tight system is among the 150, nothing more. How near it
# comes depends on how far that system moves into the curve of its $\tanh$. On the linear–quadratic benchmark the
# nearly tight configurations are of one kind:

# %%
near = lqg_draws[lqg_draws.ratio_roll > 0.95]
say(
    f"{len(near)} of {len(lqg_draws)} configurations have $R>0.95$ with ROLL; of these {(near.kind == 'rew').sum()} have a wrong reward alone, and "
    f"{(near.gamma >= 0.95).sum()} a discount of 0.95 or more. With SUP the largest $R$ is {lqg_draws.ratio_sup.max():.3f}."
)

# %% [markdown]
# There the state settles at the origin, where the reward error is a constant. If that constant is also the largest error of the
# rollout, nearly every step contributes it in full, and the gap is nearly $\epsilon_{rew}/(1-\gamma)$. The supremum over
# the whole domain is larger as a rule, which is why SUP shows less of it.


# %%
def shapes(rows, steady):
    """Whether one draw of R has the shape that the paper describes for its benchmark."""
    r = np.sort(rows.ratio_sup.to_numpy())
    low, middle, top = (
        np.mean(r < 0.2),
        np.mean((r >= 0.2) & (r < 0.7)),
        np.mean(r >= 0.7),
    )
    gaps = np.diff(np.concatenate([[0.0], r[r < 0.5], [0.5]]))
    return (
        bool(middle >= 0.1 and gaps.max() <= 0.1)
        if steady
        else bool(low >= 0.6 and middle <= 0.1 and top >= 0.05)
    )


fits = {
    b: rows.groupby(["design", "draw"], sort=False).apply(
        shapes, steady=b == "lqg", include_groups=False
    )
    for b, rows in (("synthetic", synthetic_rows), ("lqg", lqg_rows))
}
in_headline = {b: fits[b].loc[name] for b, name in headlines.items()}
ledger.decide(
    "calibration-shape",
    ours=f"headline: synthetic {in_headline['synthetic'].sum()} of {p.n_seeds} draws, LQG {in_headline['lqg'].sum()} of {p.n_seeds}",
    uncertainty=f"all designs: synthetic {fits['synthetic'].sum()} of {len(fits['synthetic'])} draws, LQG {fits['lqg'].sum()} of {len(fits['lqg'])}",
    verdict=agrees(
        inside=[fit.all() for fit in fits.values()],
        direction=[fit.all() for fit in in_headline.values()],
    ),
)

# %%
fitting = {b: fit.groupby("design", sort=False).sum() for b, fit in fits.items()}
listed = pd.concat(
    [
        counts.rename(f"draws of {p.n_seeds}").rename(lambda name, b=b: f"{b}: {name}")
        for b, counts in fitting.items()
    ]
)
say("Draws with the described shape, by design:\n\n" + markdown(listed.to_frame()))

# %% [markdown]
# One may object that designs without the described shape should not count. With them left out the ranges shrink, and
# what remains depends on the convention.

# %%
lines = []
for b, rows in (("synthetic", synthetic_rows), ("lqg", lqg_rows)):
    fitting_designs = fitting[b].index[fitting[b] == p.n_seeds]
    kept = medians_of(rows[rows.design.isin(fitting_designs)])
    tops_kept = (
        rows[rows.design.isin(fitting_designs)]
        .groupby(["design", "draw"])[["ratio_sup", "ratio_roll"]]
        .max()
    )
    for column in ("ratio_sup", "ratio_roll"):
        m, top = kept[column], tops_kept[column]
        lines.append(
            (
                f"{b}, {column[6:].upper()}",
                f"{m.min():.2g} – {m.max():.2g}",
                f"{top.min():.3f} – {top.max():.4f}",
            )
        )
restricted = pd.DataFrame(lines, columns=["", "median $R$", "largest $R$"]).set_index(
    ""
)
say(
    "Designs whose draws all have the shape (range over designs and draws):\n\n"
    + markdown(restricted)
)

# %% [markdown]
# On the linear–quadratic benchmark the two figures of the paper then point to different conventions: its median to SUP,
# its maximum to ROLL. Which one the paper used, it does not say.

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
