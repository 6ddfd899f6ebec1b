# %% [markdown]
# # Labels and learning
#
# The previous chapter measured one policy, one kind of noise and single rollouts. Real labels are wrong together, gradients are averaged over
# batches with a baseline, policies are networks, and in the end somebody wants to learn. At the end of this page you know one formula for all of these labels, what a baseline does to
# their noise, how to estimate it from data, and whether any of this decides how well a policy learns.

# %% tags=["parameters"]
n_rollouts = 20000  # rollouts of a measurement, linear system, in [1000, 2000000]
n_rollouts_neural = 5000  # rollouts, neural policy, in [1000, 500000]
# variance of the noise of one label, unit reward², in [1e-09, 1000000]
noise_variance = 1.0
# standard deviation of the policy's actions, unit action, in [1e-06, 10]
policy_std = 0.5
hidden = 8  # tanh units of the neural policy, in [1, 64]
batch = 8  # rollouts in a batch where a baseline is computed, K, in [2, 64]
learning_seeds = 32  # repetitions of the learning experiment, in [20, 1000]
learning_updates = 40  # updates of the learning experiment, in [10, 10000]
seed = 0  # of every generator, each with its own offset, in [0, 4294967296]

# %% tags=["hide-input", "open-chapter"]
from imagination.book.chapter import open_chapter

p, ledger = open_chapter(
    "labels_and_learning",
    globals(),
    covers="§5 beyond Theorem 2: which labels it covers, and what they do to learning",
    leaves_out="the theorem itself (previous chapter); what to pay for a label (next)",
    at_most_seconds=40,
)

# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import numpy as np
import torch
from scipy.stats import norm, spearmanr

from imagination.book.figures import panels
from imagination.book.show import say, table
from imagination.errors import RequestError
from imagination.rewards.inflation import (
    exact_inflation,
    heteroscedastic_inflation,
    inflation_from_pairs,
)
from imagination.rewards.label_budget import affordable_plan, learning_curves
from imagination.rewards.measured import Measured
from imagination.rewards.noise import Ar1Noise, EpisodeNoise, IidNoise, TerminalNoise
from imagination.rewards.reinforce import (
    batch_mean,
    leave_one_out,
    measure_batches,
    measure_noisy_labels,
    reinforce,
    returns_to_go,
)
from imagination.rewards.rollouts import (
    LinearPolicy,
    LinearSystem,
    NeuralPolicy,
    Pendulum,
    rollout,
    scores,
)

torch.set_num_threads(1)  # the tensors are small: threads would wait for each other
TOLERANCE = 5


def generator(offset):
    """A fresh generator: each experiment can be repeated alone."""
    return torch.Generator().manual_seed(p.seed + offset)


# %% [markdown]
# In {prf:ref}`thm-exact-inflation` the variance that noise adds to a gradient is a sum over the steps of an episode. Every measurement below is compared with such a formula; $z$ is the
# distance in standard errors, with the skewness of squared lengths taken out.

# %%
say(
    f"A check demands $|z|<{TOLERANCE}$. For a correct formula and normal distances a "
    f"single one fails with probability {2 * norm.sf(TOLERANCE):.1g}; with a thousand "
    "rollouts, the fewest allowed, somewhat more often."
)

# %% [markdown]
# ## A neural policy on a nonlinear system
#
# A small tanh network steers an upright pendulum.

# %%
net = NeuralPolicy(2, 1, hidden=p.hidden, std=p.policy_std)
draw = generator(40)
weights = 0.5 * torch.randn(net.n_parameters, generator=draw, dtype=torch.float64)
neural = {}
for state in (False, True):
    study = measure_noisy_labels(
        Pendulum(), net, weights, IidNoise(100.0), 0.95, n=p.n_rollouts_neural,
        horizon=50, discount_states=state, generator=generator(41 + state), chunk=2048,
    )  # fmt: skip
    squares = study.score_squares
    formula = exact_inflation(squares, IidNoise(100.0), 0.95, discount_states=state)
    neural["B" if state else "A"] = study, formula

# %%
say(
    f"{net.n_parameters} weights, $H=50$, $\\gamma=0.95$, noise of variance 100: "
    + "; ".join(
        f"({name}) measured {s.excess.value:.3g} ± {s.excess.standard_error:.2g}, "
        f"exact {f:.3g}, $z={s.excess.z(f):+.1f}$"
        for name, (s, f) in neural.items()
    )
    + "."
)
neural_z = [m.z(f) for s, f in neural.values() for m in (s.excess, s.inflation)]
neural_agrees = ledger.check(
    f"with a neural policy both measurements agree with the formula, $|z|<{TOLERANCE}$",
    max(map(abs, neural_z)) < TOLERANCE,
    found=", ".join(f"{z:+.1f}" for z in neural_z),
)

# %% [markdown]
# ## One formula for all noise structures
#
# Nothing above used that the noise is independent across time. Let it be any process, indexed by time, of finite variance and independent of the trajectory, and let
# $N_t$ be what it contributes to the return used at step $t$. Then
#
# $$\text{inflation}=\frac1K\sum_t[\gamma^{2t}]\;\mathbb E\lVert w_t\rVert^2\;\mathrm{Var}(N_t).$$
#
# $n$-step returns and GAE are linear in the labels too: for GAE replace $\gamma$ by $\gamma\lambda$ inside $N_t$, provided that the critic was not fitted on
# the same labels. Measured with estimator (A), $H=50$, $\gamma=0.95$; the terminal case has $\gamma=1$ as with preferences over whole answers, and its value is $\sigma^2$ times the trace of the Fisher information.

# %%
stand = LinearSystem(start_scale=0.3)
linear = LinearPolicy(2, 1, std=p.policy_std)
gain = torch.tensor([-1.0, -1.5], dtype=torch.float64)
noise = IidNoise(p.noise_variance)
structures = {
    "independent": (noise, 0.95, {}),
    "GAE, λ = 0.9": (noise, 0.95, {"trace": 0.9}),
    "10-step returns": (noise, 0.95, {"n_step": 10}),
    "AR(1), correlation 0.8": (Ar1Noise(p.noise_variance, 0.8), 0.95, {}),
    "one error per episode": (EpisodeNoise(p.noise_variance), 0.95, {}),
    "last label only, γ = 1": (TerminalNoise(p.noise_variance), 1.0, {}),
}
rows, structure_z = [], []
for i, (name, (process, g, options)) in enumerate(structures.items()):
    study = measure_noisy_labels(
        stand, linear, gain, process, g, n=p.n_rollouts, horizon=50,
        discount_states=False, generator=generator(50 + i), **options,
    )  # fmt: skip
    squares, m = study.score_squares, study.excess
    formula = exact_inflation(squares, process, g, discount_states=False, **options)
    structure_z.append(m.z(formula))
    found = f"{m.value:.4g} ± {m.standard_error:.2g}"
    rows.append([name, found, f"{formula:.4g}", f"{structure_z[-1]:+.1f}"])
table(["noise", "measured", "formula", "z"], rows)
largest_structure_z = max(map(abs, structure_z))
structures_agree = ledger.check(
    f"the formula holds for every structure of the noise, $|z|<{TOLERANCE}$",
    largest_structure_z < TOLERANCE,
    found=f"largest |z| {largest_structure_z:.1f}",
)

# %% [markdown]
# An error that lasts for the episode is the case in which $1/(1-\gamma)^2$ is the right order: $\mathrm{Var}(N_t)$ is then $\sigma^2$ times the square of a
# geometric sum. For independent noise it is the sum of squares.
#
# Two cases are outside the table. Noise that is **common to all rollouts** of a batch (one annotator, one bad day) is covered: scores of different rollouts are independent with mean 0, so the cross terms vanish and the growth is still divided by $K$. Noise whose variance
# **depends on state and action** is not independent of the trajectory; if it is uncorrelated across time the growth is exactly $\frac1K\sum_u\mathbb E[\sigma^2(s_u,a_u)\lVert X_u\rVert^2]$, at most the value for the largest variance.

# %%
common = measure_batches(
    stand, linear, gain, noise, 0.95, batch=p.batch, n_batches=4000, horizon=20,
    generator=generator(58), common=True,
)  # fmt: skip
common_z = Measured.of(common.distances).z(
    exact_inflation(
        common.score_squares, noise, 0.95, discount_states=True, n_rollouts=p.batch
    )
)
say(f"Common to a batch of $K={p.batch}$: $z={common_z:+.1f}$ against $1/K$.")

# %%
draw, n = generator(59), p.n_rollouts
runs = rollout(stand, linear, gain, n=n, horizon=20, generator=draw)
score = scores(linear, gain, runs)
step_variance = 1 + torch.tanh(5 * runs.states[..., 0].square())  # between 1 and 2
eta = step_variance.sqrt() * IidNoise(1.0).sample(n, 20, generator=draw)
added = reinforce(score, returns_to_go(eta, 0.95), 0.95, discount_states=True)
uneven = heteroscedastic_inflation(step_variance, score, 0.95, discount_states=True)
uneven_z = Measured.of(added.square().sum(-1)).z(uneven.value)
squares = score.square().sum(-1).mean(0).numpy()
at_most = exact_inflation(squares, IidNoise(2.0), 0.95, discount_states=True)
say(
    f"State-dependent: $z={uneven_z:+.1f}$; value {uneven.value:.3g}, "
    f"{uneven.value / at_most:.3g} of that for the largest variance."
)
outside_agree = ledger.check(
    "the formulas for common and for state-dependent noise hold, "
    f"$|z|<{TOLERANCE}$, the latter below its bound to 1 %",
    max(abs(common_z), abs(uneven_z)) < TOLERANCE and uneven.value < 1.01 * at_most,
    found=f"z {common_z:+.1f} and {uneven_z:+.1f}; "
    f"{uneven.value:.4g} against at most {at_most:.4g}",
)

# %% [markdown]
# ## Baselines
#
# A baseline whose values do not depend on the noisy labels of the batch is subtracted from both gradients and cancels. One that is computed from the same labels does not: the batch
# mean contains $1/K$ of each rollout's own noise and takes it out; leave-one-out adds the others' noise. The same 4000 batches are used for all of them, so that the noise of the measurement cancels in their ratios.

# %%
baselines = {
    "none": lambda returns, runs: 0.0,
    "of the state, blind to the labels": lambda returns, runs: (
        -0.5 * runs.states.square().sum(-1).reshape(returns.shape)
    ),
    "batch mean": lambda returns, runs: batch_mean(returns),
    "leave one out": lambda returns, runs: leave_one_out(returns),
}
found = {
    name: measure_batches(
        stand, linear, gain, IidNoise(4.0), 0.95, batch=p.batch, n_batches=4000,
        horizon=20, generator=generator(60), baseline=baseline,
    )
    for name, baseline in baselines.items()
}  # fmt: skip
none = found["none"]
formula = exact_inflation(
    none.score_squares, IidNoise(4.0), 0.95, discount_states=True, n_rollouts=p.batch
)
rows = []
for name, m in found.items():
    relative = Measured.of(m.distances / formula)
    rows.append([
        name, f"{relative.value:.3f} ± {relative.standard_error:.3f}",
        f"{p.batch * m.noise_free:.3g}",
    ])  # fmt: skip
say(f"$K={p.batch}$:")
table(["baseline", "inflation ÷ formula", "K × noise-free variance"], rows)

# %%
without = none.distances
blind, batch_, others = (
    float(found[name].distances.mean() / without.mean()) for name in list(found)[1:]
)
shifts = {"batch mean": 1 - 1 / p.batch, "leave one out": 1 + 1 / (p.batch - 1)}
baseline_z = [
    Measured.of(found[name].distances - ratio * without).z(0.0)
    for name, ratio in shifts.items()
]
say(
    f"Ratio to no baseline: blind to the labels {blind:.6f}; batch mean {batch_:.3f}, "
    f"where $1-1/K={shifts['batch mean']:.3f}$; leave-one-out {others:.3f}, "
    f"where $1+1/(K-1)={shifts['leave one out']:.3f}$."
)
baselines_agree = ledger.check(
    "a blind baseline changes nothing, to 1e-6; the two others shift the added "
    f"variance by $-1/K$ and $1/(K-1)$, $|z|<{TOLERANCE}$",
    abs(blind - 1) < 1e-6 and max(map(abs, baseline_z)) < TOLERANCE,
    found=f"ratio {blind:.9f}; z {baseline_z[0]:+.1f} and {baseline_z[1]:+.1f}",
)

# %% [markdown]
# ## From data: label twice
#
# Nobody who buys labels knows $\sigma^2$. Label a sample of rollouts twice, independently given the rollout, and take half the mean squared distance of the two gradients: the
# noise-free part cancels.

# %%
runs = rollout(stand, linear, gain, n=p.n_rollouts, horizon=50, generator=generator(70))
score, labeller = scores(linear, gain, runs), generator(71)


def labelled():
    """Gradients of all rollouts under fresh labels."""
    labels = runs.rewards + noise.sample(p.n_rollouts, 50, generator=labeller)
    return reinforce(score, returns_to_go(labels, 0.95), 0.95, discount_states=True)


twice = inflation_from_pairs(labelled(), labelled())
squares = score.square().sum(-1).mean(0).numpy()
twice_formula = exact_inflation(squares, noise, 0.95, discount_states=True)
twice_z = twice.z(twice_formula)
say(
    f"Labelled twice: {twice.value:.4g} ± {twice.standard_error:.2g}; "
    f"formula {twice_formula:.4g}; $z={twice_z:+.1f}$."
)
twice_agrees = ledger.check(
    f"labelling twice estimates the added variance, $|z|<{TOLERANCE}$",
    abs(twice_z) < TOLERANCE,
    found=f"z {twice_z:+.1f}",
)

# %% [markdown]
# ## Does it matter for learning?
#
# A linear policy learns to hold the pendulum up, by gradient ascent with (B) and the leave-one-out baseline. At every update a fixed sum is spent: $m$ annotators averaged for each label, and as many rollouts $K$ as the rest affords.
# Two price lists: labels are the only cost ($c_0=0$), or a rollout costs 8 besides ($c_0=8$). At the start of training one annotator's noise makes the inflation 32 times the noise-free variance $V_1$.
# The theory predicts the variance of an update, $(V_1+Q\sigma_1^2/m)/K$, from measurements *before* training. Does it order the plans?

# %%
H, g, learner = 50, 0.97, LinearPolicy(2, 1, std=0.5)
start = torch.tensor([-1.5, -0.3], dtype=torch.float64)
probe, other = (
    rollout(Pendulum(), learner, start, n=4000, horizon=H, generator=generator(80 + i))
    for i in (0, 1)
)
score = scores(learner, start, probe)
centred = returns_to_go(other.rewards, g).mean(0)
before = reinforce(
    score, returns_to_go(probe.rewards, g), g, discount_states=True, baseline=centred
)
V1 = float(before.var(0).sum())
squares = score.square().sum(-1).mean(0).numpy()
Q = exact_inflation(squares, IidNoise(1.0), g, discount_states=True)
label_variance = 32 * V1 / Q

# %%
price_lists = ((0, 128, (1, 4, 16)), (8, 480, (1, 4, 16, 64)))
plans = {
    (base, m): affordable_plan(m, budget=budget, base_cost=base, label_cost=1.0)
    for base, budget, choices in price_lists
    for m in choices
}
predicted = {
    key: (V1 + Q * label_variance / plan.annotators) / plan.n_rollouts
    for key, plan in plans.items()
}


def learn(plan, **rule):
    """Curves of one plan, the same random numbers for every plan; None: it diverged."""
    try:
        return learning_curves(
            Pendulum(), learner, start, plan, label_variance=label_variance, gamma=g,
            horizon=H, n_updates=p.learning_updates, n_seeds=p.learning_seeds,
            evaluate_every=5, generator=generator(91), **rule,
        )  # fmt: skip
    except RequestError:
        return None


rules = {
    "plain": {"learning_rate": 0.01},
    "fixed length": {"learning_rate": 0.1, "fixed_length": True},
}
curves = {
    name: {key: learn(plan, **rule) for key, plan in plans.items()}
    for name, rule in rules.items()
}

# %% [markdown]
# The score of a plan is its mean true return over all evaluations after the first, on the same test episodes for all plans. Two step rules, the same for all plans: plain gradient ascent with learning rate 0.01, at which a noise-free run improves
# steadily, and steps of fixed length 0.1 in the estimated direction, where noise can only spoil the direction.

# %%
score_of = {
    name: {key: c[:, 1:].mean(1) for key, c in by_plan.items() if c is not None}
    for name, by_plan in curves.items()
}


def summary(name, key):
    """Mean score over seeds and its standard error; not a number where it diverged."""
    if key not in score_of[name]:
        return float("nan"), float("nan")
    x = score_of[name][key]
    return float(x.mean()), float(x.std() / p.learning_seeds**0.5)


def shown(name, key):
    """The summary as a cell of the table."""
    value, error = summary(name, key)
    return f"{value:.2f} ± {error:.2f}" if value == value else "diverged"


in_order = sorted(plans, key=predicted.get)
table(
    ["$c_0$", "annotators m", "rollouts K", "predicted variance"]
    + [f"return, {name}" for name in rules],
    [
        [k[0], k[1], plans[k].n_rollouts, f"{predicted[k]:.3g}"]
        + [shown(name, k) for name in rules]
        for k in in_order
    ],
)

# %% mystnb={"figure": {"name": "fig-labels-learning", "caption": "REINFORCE on the pendulum with labels of equal cost, steps of fixed length. Top: true return against money spent, price list with a base cost; bands are one standard error over seeds. Bottom: mean return of every plan against the variance predicted before training; bars are one standard error over seeds."}, "image": {"alt": "Four rising curves that start together; the plan with a single annotator lies lowest, the one with sixteen highest. Below, seven points that fall from upper left to lower right."}}
figure, axes = panels(2, 1, height=3.0)
for (base, m), curve in curves["fixed length"].items():
    if base == 8 and curve is not None:
        spent = 480 * 5 / 1000 * np.arange(curve.shape[1])
        middle = curve.mean(0).numpy()
        band = (curve.std(0) / p.learning_seeds**0.5).numpy()
        label = f"m = {m}, K = {plans[base, m].n_rollouts}"
        axes[0].plot(spent, middle, label=label)
        axes[0].fill_between(spent, middle - band, middle + band, alpha=0.2)
axes[0].set(
    xlabel="money spent (thousands; one annotator for a rollout costs 1)",
    ylabel="true return (reward)",
)
axes[0].legend(fontsize=8.5)
for base, marker in ((0, "o"), (8, "s")):
    chosen = [k for k in plans if k[0] == base]
    value, bar = np.array([summary("fixed length", k) for k in chosen]).T
    where = [predicted[k] for k in chosen]
    axes[1].errorbar(where, value, bar, fmt=marker, label=f"$c_0={base}$")
axes[1].set(
    xscale="log",
    xlabel="predicted variance of an update (gradient unit squared)",
    ylabel="mean return (reward)",
)
axes[1].set_xticks([60, 100, 200], ["60", "100", "200"])
axes[1].minorticks_off()
axes[1].legend()
plt.show()

# %%
verdicts, picked = {}, {}
for name, scored in score_of.items():
    if len(scored) < len(plans):
        verdicts[name] = picked[name] = False
        say(f"Step rule *{name}*: {len(plans) - len(scored)} of {len(plans)} plans "
            "diverged, so that they are not ordered.")  # fmt: skip
        continue
    returns = {k: summary(name, k)[0] for k in plans}
    rank, rank_p = spearmanr([predicted[k] for k in plans], list(returns.values()))
    gap = Measured.of(scored[in_order[0]] - scored[in_order[-1]])
    verdicts[name] = bool(rank < 0 and rank_p < 0.05)
    picked[name] = all(
        max(lot, key=returns.get) == min(lot, key=predicted.get)
        for lot in ([k for k in plans if k[0] == base] for base in (0, 8))
    )
    say(
        f"Step rule *{name}*: rank correlation of predicted variance and return over "
        f"{len(plans)} plans {rank:.2f} (p = {rank_p:.2g}). Least minus largest "
        f"predicted variance: {gap.value:+.2f} ± {gap.standard_error:.2f} in return. "
        + ("The prediction orders the plans." if verdicts[name]
           else "No significant order at 5 %.")
    )  # fmt: skip

# %%
separated = verdicts["fixed length"] and not verdicts["plain"]
say(
    "Where steps are long enough for noise to be the limit, the variance decides how "
    "well REINFORCE learns"
    + (
        ", and the prediction made before training picks the best number of annotators "
        "on both price lists"
        if picked["fixed length"]
        else ", though the plan with the least predicted variance is not the best on "
        "each price list"
    )
    + ". With small plain steps, averaging over many updates does what averaging over "
    "rollouts does, and plans of equal cost are hard to tell apart."
    if separated
    else "This run does not separate the two step rules: "
    + ", ".join(f"{k} {'ordered' if v else 'not ordered'}" for k, v in verdicts.items())
    + "."
)

# %% [markdown]
# Limits and what was tried: one task, one policy with two parameters, variances as they are at the start. Before the recipe was fixed: a neural policy with plain steps (some plans diverged); plain steps at 0.01 with a noise ratio of 8 instead of 32 (no visible order)
# and at 0.03 and 0.1 (some plans diverged); plain steps at 0.01 with the ratio 32 and other numbers of updates and seeds (a negative rank correlation each time, never significant at 5 %). The rule of fixed length was run once before, with another seed, and ordered the plans as well. The run shown uses fresh random numbers.

# %% [markdown]
# ## Verdict

# %%
ledger.beyond(
    "noisy-one-formula",
    "One formula covers GAE, n-step returns, correlated, per-episode and "
    "terminal noise",
    ours=f"{len(structures)} structures measured",
    uncertainty=f"largest |z| {largest_structure_z:.1f}",
    holds=structures_agree,
)
ledger.beyond(
    "noisy-baselines",
    "A baseline blind to the batch's labels leaves the added variance unchanged; "
    "batch mean and leave-one-out shift it by $O(1/K)$",
    ours=f"ratios {blind:.3f}, {batch_:.3f}, {others:.3f} at $K={p.batch}$",
    uncertainty="paired batches",
    holds=baselines_agree,
)
ledger.beyond(
    "noisy-label-twice",
    "Half the mean squared distance of two gradients from two sets of labels "
    "estimates the added variance",
    ours=f"{twice.value:.4g} against {twice_formula:.4g}",
    uncertainty=f"± {twice.standard_error:.2g}",
    holds=twice_agrees,
)
ledger.beyond(
    "noisy-learning",
    "With steps of fixed length, the variance predicted before training orders plans "
    "of equal cost by how well REINFORCE learns",
    ours="; ".join(
        f"{name}: {'ordered' if v else 'no significant order'}"
        for name, v in verdicts.items()
    ),
    uncertainty=f"{len(plans)} plans, {p.learning_seeds} seeds, rank test at 5 %",
    holds=verdicts["fixed length"],
)

# %%
ledger.table()
