# %% [markdown]
# # Scaling laws of the two errors
#
# Theorem 1 splits a budget by two exponents: how fast the dynamics error and the reward error fall with samples. The
# paper measures them on students of a random teacher (Figure 1). At the end of this page you have that experiment,
# its figure from 1,400 trainings, the exponents with intervals that say what varies, and what a straight line in
# log-log coordinates does and doesn't show.

# %% tags=["parameters"]
anchors = [2000, 5000, 10000]  # , list of 2 or more, each in [1, 500000]
n_seeds = 2  # number of teachers, each with its own students, in [1, 1000]
epochs = 200  # passes over the pool, in [1, 10000]
policy = "sinusoid"  # reference policy that visits the tuples, text
first_seed = 0  # seed of the first teacher, 0 or more
resamples = 10000  # of the bootstrap, in [2, 1000000]

# %% tags=["hide-input", "open-chapter"]
from imagination.book.chapter import open_chapter

p, ledger = open_chapter(
    "scaling_laws",
    globals(),
    covers="§4.1, C.1, C.2 and Figure 1",
    leaves_out="why the exponents are what they are (next chapter), and the fit on each LQG configuration",
    at_most_seconds=60,
)

# %% tags=["hide-input"]
import json

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch

from imagination.book.figures import BLUE, GREY, VERMILION, panels
from imagination.book.ledger import agrees
from imagination.book.paths import Book
from imagination.book.show import say
from imagination.laws.alternatives import curvature_test, fit_floor_law, left_out_error
from imagination.laws.powerlaw import fit_power_law
from imagination.training.students import Recipe, train_student
from imagination.training.teacher import POLICIES, Target, make_data

torch.set_num_threads(
    1
)  # the matrices are small: a second thread costs more than it gives

# %% [markdown]
# ## The teacher
#
# The environment is made of two frozen random networks, so that nothing about it is unknown. With states of 12
# components, actions of 4 and a hidden width $d_h=64$,
#
# $$p(s,a)=W_2^f\,\mathrm{relu}(W_1^f[s;a]),\qquad f(s,a)=\tanh p(s,a),\qquad
# r(s,a)=\frac{W_2^r\,\mathrm{relu}(W_1^r[s;a])}{\sqrt{d_h}},$$
#
# with all weights drawn from $\mathcal N(0,1)$. A reference policy is rolled out for episodes of 500 steps and $N$ of
# the visited pairs are kept.

# %%
data = make_data(p.first_seed, p.anchors[0], policy=POLICIES[p.policy])
drive = data.teacher.drive(data.x)
saturated = np.mean(abs(np.tanh(drive)) > 0.99)
say(
    f"The drive $p$ has a standard deviation of about {drive.std():.2g}, so the $\\tanh$ is nearly a sign: "
    f"{saturated:.0%} of the next states' components have absolute values above 0.99. The next chapter returns to this."
)

# %% [markdown]
# ## The students
#
# One student learns $f$, one learns $r$. Both have the teacher's widths but, as the paper says, no activation at the
# output: the dynamics student can't represent the $\tanh$ that its teacher ends with.
#
# | | the paper's words (C.2) | here |
# |---|---|---|
# | students | two-layer ReLU, default `nn.Linear` initialisation, no normalisation | the same |
# | training | Adam at $10^{-3}$, batches of 256, 200 epochs, reshuffled | the same; the last, partial batch is kept |
# | error | MSE on 5,000 held-out tuples after the last epoch | the same |
# | anchors | seven, from 2,000 to 200,000, 100 seeds each | the same |
# | reference policy | "smooth" | a sinusoid with random phase and frequency for each episode and action |
# | pool | subsampled | from 5 visited tuples for each kept one, 1,000 episodes at most |
# | what a seed varies | not said | the teacher, its data and the student; one teacher serves all anchors |
#
# The last three rows are choices. The sinusoid was picked in a pilot with twelve teachers, among fourteen policies, by
# the two error levels at $N=2{,}000$ alone; of those whose levels fitted, it was the smooth one. It wasn't picked by an
# exponent, but some exponents had been seen by then, so agreement here is weaker evidence than a blind reproduction
# would be. Nothing was changed after the trainings below had begun.

# %% [markdown]
# ## Live: the plain loop
#
# The trainings below are made while the page runs, by a PyTorch loop with nothing clever in it.


# %%
def train(seed, n):
    """Both heads of one teacher at one anchor, as rows of a table."""
    data = make_data(seed, n, policy=POLICIES[p.policy])
    for target in (Target.DYNAMICS, Target.REWARD):
        done = train_student(data, target, Recipe(epochs=p.epochs))
        yield {
            "head": target.value,
            "n": n,
            "seed": seed,
            "mse": done.mse,
            "train_mse": done.train_mse,
        }


seeds = range(p.first_seed, p.first_seed + p.n_seeds)
live = pd.DataFrame(
    [row for seed in seeds for n in p.anchors for row in train(seed, n)]
)

# %% tags=["nbval-ignore-output"] mystnb={"figure": {"name": "fig-scaling-live", "caption": "The live trainings: one point for each, lines through the means. The ordering of the two slopes shows already at this size."}, "image": {"alt": "Log-log plot of held-out error against training samples for the live trainings. The dynamics line is nearly flat, the reward line falls steeply."}}
figure, axis = panels()
for head, colour in (("dynamics", BLUE), ("reward", VERMILION)):
    rows = live[live["head"] == head]
    fit = fit_power_law(rows["n"], rows["mse"], squared=True)
    axis.loglog(rows["n"], rows["mse"], "o", color=colour, alpha=0.5)
    axis.loglog(
        fit.anchors,
        fit.predict(fit.anchors),
        color=colour,
        label=f"{head}: $N^{{-{fit.exponent:.2f}}}$",
    )
axis.set(
    xlabel="training tuples $N$", ylabel="held-out MSE (unit of the target squared)"
)
axis.legend()
plt.show()

# %% tags=["nbval-ignore-output"]
live.pivot_table(index="n", columns="head", values=["mse", "train_mse"]).map(
    "{:.3g}".format
)

# %% [markdown]
# These figures come from this machine and from a few teachers; they may differ in their last digits elsewhere. The
# figures below come from the committed trainings.

# %% [markdown]
# ## Figure 1 at the paper's size

# %%
rows = pd.read_csv(Book().results / "scaling_errors.csv")
made = json.loads((Book().results / "scaling_errors.json").read_text())
teachers, sizes = rows["seed"].nunique(), np.sort(rows["n"].unique())
say(
    f"{len(rows):,} trainings: {teachers} teachers, {len(sizes)} anchors from {sizes[0]:,} to {sizes[-1]:,}, two heads; "
    f"{rows['steps'].sum():,} steps of Adam. Made by the fast trainer with `make paper-scale`; here in "
    f"{made['wall_seconds'] / 60:.0f} minutes on two threads that were shared with other work."
)


# %%
def fitted(head, *, squared=True, resampling="paired", largest=np.inf):
    """Fit one head. Equal generators draw the same teachers for both heads."""
    r = rows[(rows["head"] == head) & (rows["n"] <= largest)]
    error = r["mse"] if squared else np.sqrt(r["mse"])
    return fit_power_law(
        r["n"], error, seed=r["seed"], squared=squared, resamples=p.resamples, resampling=resampling,
        generator=np.random.default_rng(0),
    )  # fmt: skip


dyn, rew = fitted("dynamics"), fitted("reward")

# %% mystnb={"figure": {"name": "fig-scaling-laws", "caption": "Held-out MSE of both heads (our Figure 1). Points are means over teachers, bars are standard errors of the mean, lines the fitted power laws; the paper's laws are dashed."}, "image": {"alt": "Log-log plot of held-out error against training samples. The dynamics points fall slowly and flatten to the right of their line; the reward points fall far more steeply."}}
figure, axis = panels(height=3.8)
for fit, colour, label in ((dyn, BLUE, "dynamics"), (rew, VERMILION, "reward")):
    axis.errorbar(fit.anchors, fit.means, fit.sems, fmt="o", color=colour, capsize=3)
    axis.plot(
        fit.anchors,
        fit.predict(fit.anchors),
        color=colour,
        label=f"{label}: {fit.scale:.3g} $N^{{-{fit.exponent:.2f}}}$",
    )
axis.plot(sizes, 0.34 * sizes**-0.11, "--", color=GREY, label="paper")
axis.plot(sizes, 90.4 * sizes**-0.96, "--", color=GREY)
axis.set(
    xscale="log",
    yscale="log",
    xlabel="training tuples $N$",
    ylabel="held-out MSE (unit of the target squared)",
)
axis.legend()
plt.show()

# %%
table = ["| $N$ | dynamics | s.e. | reward | s.e. |", "|---|---|---|---|---|"]
for i, n in enumerate(sizes):
    table.append(
        f"| {n:,} | {dyn.means[i]:.4f} | {dyn.sems[i]:.4f} | {rew.means[i]:.5f} | {rew.sems[i]:.5f} |"
    )
say("\n".join(table))


# %% [markdown]
# ## The fits
#
# The line is least squares of the logarithm of the mean over seeds on $\ln N$, as in the paper. Its interval depends
# on what one imagines to be drawn again. The paper draws seeds separately at each anchor (*stratified*). But a teacher
# that is hard at one anchor is hard at all: if the same teachers serve all anchors, drawing whole teachers (*paired*)
# is the right bootstrap.


# %%
def spread(interval):
    """An interval in three digits."""
    return f"[{interval[0]:.3g}, {interval[1]:.3g}]"


table = [
    "| head | bootstrap | scale | exponent | s.e. of the exponent | R² |",
    "|---|---|---|---|---|---|",
]
by_anchor = {
    head: fitted(head, resampling="stratified") for head in ("dynamics", "reward")
}
for head, paired in (("dynamics", dyn), ("reward", rew)):
    for fit in (paired, by_anchor[head]):
        (scale, exponent), error = fit.intervals(), fit.standard_errors()[1]
        table.append(
            f"| {head} | {fit.resampling} | {fit.scale:.3g} {spread(scale)} | {fit.exponent:.3f} {spread(exponent)} "
            f"| {error:.2g} | {fit.r2:.3f} |"
        )
say("\n".join(table))


# %% [markdown]
# The paper's figures are estimates from 100 seeds too, so they can't be asked to lie in our interval: a repetition of
# the same experiment misses it one time in six. The question is whether they lie where a second experiment of our
# size would land, 95 times in 100. That interval is ours by anchor, widened by $\sqrt2$. A law is *reproduced* if
# exponent, scale and R², each with the rounding it is printed to, all lie in it, and so does the law's level at the
# middle of the anchors; it is *direction only* if not all do but the exponent has the right sign.
#
# All but the level was fixed before the fits were seen. The level was added when the first thirteen teachers showed
# that the rule was too weak: the scale is an extrapolation to $N=1$, so uncertain that a law can pass although it is
# a third too high wherever there are data.


# %%
def second_experiment(estimate, draws, transform=np.log, back=np.exp):
    """Where 95 % of repetitions would land: the bootstrap interval about the estimate, √2 times as wide."""
    centre = transform(estimate)
    return back(
        centre + np.sqrt(2) * (np.percentile(transform(draws), [2.5, 97.5]) - centre)
    )


def r2_draws(fit):
    """R² of each resample."""
    x, y = np.log(fit.anchors), np.log(fit.resampled_means)
    dx, dy = x - x.mean(), y - y.mean(1, keepdims=True)
    return (dy @ dx) ** 2 / ((dy**2).sum(1) * (dx @ dx))


def meets(value, half_unit, interval):
    """A printed value, known to half a unit of its last digit, against an interval."""
    return interval[0] <= value + half_unit and value - half_unit <= interval[1]


# %%
middle = np.exp(np.log(sizes).mean())
paper = {
    "dynamics": ((0.34, 0.005), (0.11, 0.005), (0.954, 0.0005)),
    "reward": ((90.4, 0.05), (0.96, 0.005), (0.997, 0.0005)),
}


def printed_level(scale, exponent):
    """The paper's law at the middle anchor, and half its range under the rounding of scale and exponent."""
    corners = [
        (scale[0] + i * scale[1]) * middle ** -(exponent[0] + j * exponent[1])
        for i in (-1, 1)
        for j in (-1, 1)
    ]
    return (min(corners) + max(corners)) / 2, (max(corners) - min(corners)) / 2


# %%
for head, fit in by_anchor.items():
    scales, exponents = fit.bootstrap()
    intervals = [
        second_experiment(fit.scale, scales),
        second_experiment(fit.exponent, exponents),
        1 - second_experiment(1 - fit.r2, 1 - r2_draws(fit))[::-1],
        second_experiment(float(fit.predict(middle)), scales * middle**-exponents),
    ]
    values = [*paper[head], printed_level(*paper[head][:2])]
    ledger.decide(
        f"scaling-{head}",
        ours=f"${fit.scale:.3g}\\,N^{{-{fit.exponent:.3f}}}$, R² {fit.r2:.3f}; at N = {middle:,.0f}: {fit.predict(middle):.3g}, "
        f"the paper's law {values[3][0]:.3g}",
        uncertainty="95 % of repetitions: scale {}, exponent {}, R² {}, level {}".format(
            *map(spread, intervals)
        ),
        verdict=agrees(
            inside=[
                meets(*value, interval)
                for value, interval in zip(values, intervals, strict=True)
            ],
            direction=[fit.intervals()[1][0] > 0],
        ),
    )

# %%
distance = {}
for head, fit in (("dynamics", dyn), ("reward", rew)):
    law = paper[head][0][0] * sizes[0] ** -paper[head][1][0]
    distance[head] = (fit.means[0] - law) / fit.sems[0]
say(
    f"At the first anchor, where the pilot chose the policy, {teachers} teachers put the dynamics error "
    f"{abs(distance['dynamics']):.1f} standard errors {'above' if distance['dynamics'] > 0 else 'below'} the paper's law "
    f"and the reward error {abs(distance['reward']):.1f} {'above' if distance['reward'] > 0 else 'below'} it. "
    + (
        "The pilot's twelve teachers were too few to see this. The paper's policy may visit states that are easier to "
        "learn from than those of our sinusoid, or its seeds may mean something else; its text doesn't tell."
        if distance["dynamics"] > 2
        else "That is within what the choice of teachers explains."
    )
)

# %% [markdown]
# For the intervals themselves the rule was: each interval holds the centre of the other, and the widths agree within a
# factor of two. The paper's intervals of the prefactors are lost.

# %%
theirs = {"dynamics": (0.09, 0.13), "reward": (0.93, 0.99)}
ours = {head: fit.intervals()[1] for head, fit in by_anchor.items()}
alike = [
    a[0] <= np.mean(b) <= a[1]
    and b[0] <= np.mean(a) <= b[1]
    and 0.5 <= np.ptp(a) / np.ptp(b) <= 2
    for a, b in ((ours[head], theirs[head]) for head in theirs)
]
overlap = [ours[h][0] <= theirs[h][1] and theirs[h][0] <= ours[h][1] for h in theirs]
ledger.decide(
    "scaling-ci",
    ours=f"α {spread(ours['dynamics'])}, β {spread(ours['reward'])}, by anchor as in the paper; "
    f"by teacher α {spread(dyn.intervals()[1])}, β {spread(rew.intervals()[1])}",
    uncertainty=f"{p.resamples:,} resamples of {teachers} teachers",
    verdict=agrees(inside=alike, direction=overlap),
)

# %%
ratio = rew.exponent / dyn.exponent
by_teacher = np.percentile(rew.bootstrap()[1] / dyn.bootstrap()[1], [2.5, 97.5])
draws = by_anchor["reward"].bootstrap()[1] / by_anchor["dynamics"].bootstrap()[1]
repeated = second_experiment(ratio, draws)
ledger.decide(
    "scaling-ratio",
    ours=f"{ratio:.2f}",
    uncertainty=f"95 %: by teacher {spread(by_teacher)}, of repetitions {spread(repeated)}",
    verdict=agrees(inside=[meets(9, 0.5, repeated)], direction=[by_teacher[0] > 1]),
)

# %% [markdown]
# The width of the paper's interval also says what its seeds vary. For seven anchors, an exponent's standard error by
# anchor is the coefficient of variation between seeds times a known number.

# %%
variation = {
    h: r.pivot(index="seed", columns="n", values="mse") for h, r in rows.groupby("head")
}
variation = {h: (m.std() / m.mean()).median() for h, m in variation.items()}
spread_of_x = np.sqrt(((np.log(sizes) - np.log(sizes).mean()) ** 2).sum())
implied = {
    h: (hi - lo) / 3.92 * spread_of_x * np.sqrt(100) for h, (lo, hi) in theirs.items()
}
say("\n".join(
    ["| head | variation between seeds implied by the paper's interval | between our teachers |", "|---|---|---|"]
    + [f"| {h} | {implied[h]:.0%} | {variation[h]:.0%} |" for h in theirs]
))  # fmt: skip

# %% [markdown]
# Students of one and the same teacher differ far less than that, as the next chapter shows. So the paper's 100 seeds
# most likely draw 100 teachers, as ours do.

# %% [markdown]
# ## The live trainings are the committed ones
#
# Every training is named by its teacher's seed and its anchor, which fix all that is random in it. Those that were made
# live above must therefore give the committed errors again, although another trainer made those. What differs is the
# rounding of sums, which training magnifies. The tolerance is several times the largest difference seen in a trial of
# nine trainings a head.

# %%
tolerance = {"dynamics": 0.01, "reward": 0.05}
both = live.merge(rows, on=["head", "n", "seed"], suffixes=("", "_committed"))
comparable = (
    p.epochs == made["parameters"]["epochs"]
    and p.policy == made["parameters"]["policy"]
)
if comparable and len(both):
    off = np.abs(np.log(both["mse"] / both["mse_committed"]))
    allowed = both["head"].map(tolerance)
    assert (off <= allowed).all(), (
        f"{(off > allowed).sum()} live trainings are not the committed ones"
    )
    say(f"{len(both)} of {len(live)} live trainings have a committed row; all agree within "
        + " and ".join(f"{t:.0%} ({h})" for h, t in tolerance.items()) + ".")  # fmt: skip
else:
    say(
        "The live trainings have other parameters than the committed ones; there is nothing to compare."
    )

# %% [markdown]
# ## The exponents that Theorem 1 needs
#
# The bound and the split of the budget are in *norms*, $\epsilon(N)=A\,N^{-\alpha}$ (Eq. 3). The root of a mean square
# has half its exponent, so it isn't .11 and .96 that belong there. The ratio $\alpha/\beta$ survives the halving; the
# optimal split doesn't, since the errors at the optimum enter it too.

# %%
table = [
    "| head | exponent of the MSE | exponent of the RMSE | 95 % by teacher | scale of the RMS norm |",
    "|---|---|---|---|---|",
]
norms = {head: fitted(head, squared=False) for head in ("dynamics", "reward")}
for head, fit, outputs in (("dynamics", dyn, 12), ("reward", rew, 1)):
    norm = norms[head]
    table.append(
        f"| {head} | {fit.exponent:.3f} | {norm.exponent:.3f} | {spread(norm.intervals()[1])} "
        f"| {np.sqrt(outputs) * norm.scale:.3g} |"
    )
say("\n".join(table))
say(
    "The last column holds the factor $\\sqrt{12}$ of the dynamics head, because the MSE averages over the 12 components "
    "while the norm adds them up."
)
ledger.beyond(
    "scaling-norm-exponents",
    "The exponents of the error norms, which Theorem 1 needs, are about half of those fitted to mean squares",
    ours=f"α {norms['dynamics'].exponent:.3f}, β {norms['reward'].exponent:.3f}",
    uncertainty=f"95 %: {spread(norms['dynamics'].intervals()[1])}, {spread(norms['reward'].intervals()[1])}",
    holds=all(
        abs(norms[h].exponent / f.exponent - 0.5) < 0.05
        for h, f in (("dynamics", dyn), ("reward", rew))
    ),
)

# %% [markdown]
# ## Is it a power law?
#
# An R² near 1 doesn't answer that. Three questions do: does the local exponent drift, do the log means bend by more
# than resampled teachers explain, and which law predicts an anchor that it hasn't seen?

# %%
table = ["| between | dynamics | reward |", "|---|---|---|"]
for i in range(len(sizes) - 1):
    table.append(
        f"| {sizes[i]:,} and {sizes[i + 1]:,} | {dyn.local_exponents()[i]:.3f} | {rew.local_exponents()[i]:.2f} |"
    )
say("\n".join(table))

# %%
table = [
    "| head | curvature | p | error left out: power law | with a floor | parabola |",
    "|---|---|---|---|---|---|",
]
bend, unseen = {}, {}
for head, fit in (("dynamics", dyn), ("reward", rew)):
    bend[head] = curvature_test(fit)
    unseen[head] = [
        np.sqrt(np.mean(off**2))
        for off in left_out_error(fit.anchors, fit.means).values()
    ]
    chance = "< 0.001" if bend[head].p_value < 0.001 else f"{bend[head].p_value:.2g}"
    table.append(
        f"| {head} | {bend[head].coefficient:+.2g} | {chance} | "
        + " | ".join(f"{e:.1%}" for e in unseen[head])
        + " |"
    )
say("\n".join(table))

# %%
floor = fit_floor_law(dyn.anchors, dyn.means)
say(
    f"With a floor, the dynamics law is ${floor.floor:.3f}+{floor.scale:.2g}\\,N^{{-{floor.exponent:.2f}}}$. At "
    f"{sizes[-1]:,} tuples the training MSE of the dynamics students is "
    f"{rows[(rows['head'] == 'dynamics') & (rows['n'] == sizes[-1])]['train_mse'].mean():.4f}, the held-out MSE "
    f"{dyn.means[-1]:.4f}: what is left is not for lack of data."
)
ledger.beyond(
    "scaling-floor",
    "The dynamics error bends away from a power law; a law with a floor predicts left-out anchors better",
    ours=f"left-out error {unseen['dynamics'][1]:.1%} with a floor, {unseen['dynamics'][0]:.1%} without",
    uncertainty="rms over seven anchors; the bend has "
    + (
        "p < 0.001"
        if bend["dynamics"].p_value < 0.001
        else f"p = {bend['dynamics'].p_value:.2g}"
    ),
    holds=bend["dynamics"].p_value < 0.05
    and bend["dynamics"].coefficient > 0
    and unseen["dynamics"][1] < unseen["dynamics"][0],
)

# %% [markdown]
# A power law is a fair summary between the first anchor and the last. It isn't a law to extrapolate: where the floor
# lies decides how much more data is worth, and the next chapter asks where it comes from.

# %%
ledger.table()
