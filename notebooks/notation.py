# %% [markdown]
# # Notation and conventions
#
# Three conventions decide what the numbers in this book mean: the metric in which a Lipschitz constant is measured,
# the unit of the latent state, and whether an error is a norm or a mean square. At the end of this page you know the
# symbols, the name that each has in the code, and what goes wrong when one of the three conventions is read
# differently.

# %% tags=["parameters"]
gamma = 0.95  # discount, in [0.001, 0.9999]
lipschitz_pi = 0.5  # L_pi, unit action per state, in [1e-06, 100]
state_gain = 0.8  # L_f with respect to the state alone, in [1e-06, 100]
# L_f with respect to the action alone, unit state per action, in [1e-06, 100]
action_gain = 0.3
n_systems = 500  # random linear systems, in [1, 100000]
n_states = 4  # dimension of the state, in [1, 64]
n_actions = 2  # dimension of the action, in [1, 64]
# training-set sizes, list of 2 to 20, each in [3, 100000]
anchors = [100, 200, 500, 1000, 2000, 5000]
n_seeds = 40  # students at each anchor, in [2, 10000]
seed = 0  # of the one generator, 0 or more

# %% tags=["hide-input", "open-chapter"]
from imagination.book.chapter import open_chapter

p, ledger = open_chapter(
    "notation",
    globals(),
    covers="§1 (notation) and the Lipschitz conditions of §3",
    leaves_out="the proof of Lemma 1, which uses these conventions",
    at_most_seconds=20,
)

# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import numpy as np
import sympy as sp
from numpy.linalg import norm

from imagination.book.figures import BLACK, panels
from imagination.book.show import say, table
from imagination.proof import Proof

# %% [markdown]
# ## Symbols
#
# The column *in code* says where the library carries the symbol: a class or its field, a function, or one of a
# function's arguments. Units are written with $[s]$ for the unit of the state, $[a]$ of the action and $[r]$ of the
# reward; a dash means no unit. A leading `...` in a shape stands for any number of batch axes.
#
# ### The decision process and its learned copy
#
# | symbol | meaning | in code | type or shape | unit | range |
# |---|---|---|---|---|---|
# | $M=(S,A,f,r,\gamma)$ | the true process: deterministic $f$, scalar $r$; $\hat M$ has $\hat f,\hat r$ | `gap.mdp.MDP` | frozen dataclass | | |
# | $s_t$ | state; $\hat s_t$ on the imagined path, $\hat s_0=s_0$ | `gap.mdp.Trajectory.states` | `(T + 1, ..., d_s)` | $[s]$ | $\mathbb R^{d_s}$ |
# | $a_t=\pi(s_t)$ | action | `gap.mdp.Trajectory.actions` | `(T, ..., d_a)` | $[a]$ | $\mathbb R^{d_a}$ |
# | $\gamma$ | discount | `gap.mdp.MDP.gamma` | float | – | $[0,1)$; 1 with a finite horizon |
# | $H$ | horizon; $\infty$ where it is not given | `gap.bounds.return_gap_bound(horizon=)` | int or `None` | steps | $\ge 1$ |
# | $J(\pi,M)$ | discounted return from $s_0$ | `gap.mdp.discounted_return` | `(...)` | $[r]$ | |
#
# ### Regularity
#
# | symbol | meaning | in code | type or shape | unit | range |
# |---|---|---|---|---|---|
# | $L_f$ | joint Lipschitz constant of the dynamics, sum metric | `gap.bounds.Lipschitz.dynamics` | float or array | – (needs $[s]=[a]$) | $\ge0$ |
# | $L_r$ | joint Lipschitz constant of the reward, sum metric | `gap.bounds.Lipschitz.reward` | float or array | $[r]/[s]$ | $\ge0$ |
# | $L_\pi$ | Lipschitz constant of the policy | `gap.bounds.Lipschitz.policy` | float or array | $[a]/[s]$ | $\ge0$ |
# | $\Lambda=L_f(1+L_\pi)$ | growth of a state difference in one step | `gap.bounds.Lipschitz.growth` | float or array | – | $\ge0$ |
# | $\kappa=L_r(1+L_\pi)$ | reward change per unit of state difference | `gap.bounds.Lipschitz.sensitivity` | float or array | $[r]/[s]$ | $\ge0$ |
# | $m=1-\gamma\Lambda$ | margin of the contraction; Lemma 1 needs $m>0$ | | float | – | $\le1$ |
#
# ### Model errors
#
# | symbol | meaning | in code | type or shape | unit | range |
# |---|---|---|---|---|---|
# | $\epsilon_{dyn}$ | $\sup\lVert\hat f-f\rVert$, Euclidean norm | `gap.bounds.return_gap_bound(eps_dyn=)` | float or array | $[s]$ | $\ge0$ |
# | $\epsilon_{rew}$ | $\sup\lvert\hat r-r\rvert$ | `gap.bounds.return_gap_bound(eps_rew=)` | float or array | $[r]$ | $\ge0$ |
# | $\delta_t$ | bound on $\lVert\hat s_t-s_t\rVert$: $\delta_{t+1}=\Lambda\delta_t+\epsilon_{dyn}$, $\delta_0=0$ | | float | $[s]$ | $\ge0$ |
# | MSE | mean square over inputs **and outputs** | `training.students.Outcome.mse` | float | $[s]^2$ or $[r]^2$ | $\ge0$ |
#
# ### Data, money and noise
#
# | symbol | meaning | in code | type or shape | unit | range |
# |---|---|---|---|---|---|
# | $N_{dyn},\ N_{rew}$ | samples of each kind | `budget.allocation.Split.n_dyn`, `budget.allocation.Split.n_rew` | float or array | samples | $>0$ |
# | $c_{dyn},\ c_{rew}$ | price of a sample | `budget.allocation.optimal_split(cost_dyn=)`, `budget.allocation.optimal_split(cost_rew=)` | float or array | money per sample | $>0$ |
# | $B$ | budget | `budget.allocation.optimal_split(budget=)` | float or array | money | $>0$ |
# | $A_d,\ A_r$ | scales: $\epsilon_{dyn}=A_dN_{dyn}^{-\alpha}$, $\epsilon_{rew}=A_rN_{rew}^{-\beta}$, both **norms** | `laws.powerlaw.PowerLaw.scale` | float | $[s]$, $[r]$ | $>0$ |
# | $\alpha,\ \beta$ | exponents of the norms | `laws.powerlaw.PowerLaw.exponent` | float | – | $>0$ |
# | $w_t=\nabla_\theta\log\pi_\theta(a_t\mid s_t)$ | score | `rewards.rollouts.scores` | tensor, last axis $\theta$ | $1/[\theta]$ | |
# | $W_H^2$ | $\mathbb E\max_t\lVert w_t\rVert^2$ | `rewards.inflation.paper_bound(score_bound_square=)` | float | $1/[\theta]^2$ | $\ge0$ |
# | $\sigma^2$ | variance of the reward noise | `rewards.inflation.paper_bound(variance=)` | float | $[r]^2$ | $\ge0$ |
# | $K$ | independent rollouts in one gradient estimate | `rewards.inflation.exact_inflation(n_rollouts=)` | int | rollouts | $\ge1$ |
#
# The paper uses $K$ twice: for rollouts in §5 and for the multiplier $\gamma\kappa/m$ of Eq. 4. In the chapters on
# rewards it is the number of rollouts, in those on samples the multiplier.

# %% [markdown]
# ## The Lipschitz convention
#
# ```{prf:definition} Lipschitz constants in the sum metric (§3)
# :label: def-lipschitz
# :nonumber:
#
# $f$ is $L_f$-Lipschitz when for all pairs of states and actions
#
# $$\lVert f(s,a)-f(s',a')\rVert\le L_f\big(\lVert s-s'\rVert+\lVert a-a'\rVert\big),$$
#
# the reward is $L_r$-Lipschitz in the same metric, and $\pi$ is $L_\pi$-Lipschitz when $\lVert\pi(s)-\pi(s')\rVert\le
# L_\pi\lVert s-s'\rVert$.
# ```
#
# Two other conventions are in use. The *Euclidean* one measures the pair $(s,a)$ by $\sqrt{\lVert s-s'\rVert^2+\lVert
# a-a'\rVert^2}$. The *separate* one keeps two constants, $L_f^s$ for the state at a fixed action and $L_f^a$ for the
# action at a fixed state. For a linear map $f=As+Ba$ all three are known exactly.


# %%
def constants(A, B):
    """Exact constants of A s + B a: in the sum metric, Euclidean, separate."""
    return (
        max(norm(A, 2), norm(B, 2)),
        norm(np.hstack([A, B]), 2),
        (norm(A, 2), norm(B, 2)),
    )


def largest_stretch(A, B, generator, pairs=20_000):
    """Largest |f - f'| / (|s - s'| + |a - a'|), over random and extreme directions."""
    ds, da = (
        generator.normal(size=(pairs, A.shape[1])),
        generator.normal(size=(pairs, B.shape[1])),
    )
    ds = np.vstack([ds, np.linalg.svd(A)[2][:1], np.zeros((1, A.shape[1]))])
    da = np.vstack([da, np.zeros((1, B.shape[1])), np.linalg.svd(B)[2][:1]])
    return (
        norm(ds @ A.T + da @ B.T, axis=1) / (norm(ds, axis=1) + norm(da, axis=1))
    ).max()


# %% [markdown]
# The closed form for the sum metric is the larger of the two norms: the triangle inequality gives it as an upper
# bound, and it is reached by moving only the state or only the action. The next cell finds it by search as well.

# %%
generator = np.random.default_rng(p.seed)
A = generator.normal(size=(p.n_states, p.n_states)) / np.sqrt(p.n_states)
B = generator.normal(size=(p.n_states, p.n_actions)) / np.sqrt(p.n_states)
sum_metric, euclidean, separate = constants(A, B)
found = largest_stretch(A, B, generator)
say(
    f"Sum metric {sum_metric:.3f}, found by search {found:.3f}; Euclidean "
    f"{euclidean:.3f}, "
    f"which lies between the first and $\\sqrt2$ times it; separate {separate[0]:.3f} "
    f"and {separate[1]:.3f}."
)
ledger.check(
    "the search finds the closed form to a relative $10^{-12}$",
    abs(found / sum_metric - 1) <= 1e-12,
    found=f"{found / sum_metric:.15g}",
)
ledger.check(
    "the Euclidean constant lies between the sum metric's and $\\sqrt2$ times it",
    sum_metric <= euclidean * (1 + 1e-12) <= np.sqrt(2) * sum_metric * (1 + 2e-12),
    found=f"{euclidean / sum_metric:.15g} times it",
)

# %% [markdown]
# ### What each convention says about one step under a policy
#
# Under $a=\pi(s)$ a state difference grows by at most a factor $\Lambda$ a step. The conventions give
#
# $$\Lambda_{sum}=L_f(1+L_\pi),\qquad \Lambda_{euc}=L_f^{euc}\sqrt{1+L_\pi^2},\qquad \Lambda_{sep}=L_f^s+L_f^aL_\pi,$$
#
# and the truth is the Lipschitz constant of the closed loop $s\mapsto f(s,\pi(s))$. All three are upper bounds of it.
# The separate form is never larger than the sum form; the Euclidean form can lie on either side of both. Lemma 1 asks
# for $\gamma\Lambda<1$, so the convention decides on how many systems it says anything at all.

# %%
rows = []
for _ in range(p.n_systems):
    size = 0.4 * generator.uniform(0.2, 1.0, size=2)
    A = generator.normal(size=(p.n_states, p.n_states)) * size[0]
    B = generator.normal(size=(p.n_states, p.n_actions)) * size[1]
    K = generator.normal(size=(p.n_actions, p.n_states))
    K *= p.lipschitz_pi / norm(K, 2)
    joint, euclidean, (state, action) = constants(A, B)
    rows.append(
        [
            joint * (1 + p.lipschitz_pi),
            euclidean * np.hypot(1, p.lipschitz_pi),
            state + action * p.lipschitz_pi,
            norm(A + B @ K, 2),
        ]
    )
Lambda = dict(
    zip(["sum", "Euclidean", "separate", "closed loop"], np.array(rows).T, strict=True)
)
ledger.check(
    "on every system each convention is at least the closed loop's constant",
    all(
        (Lambda["closed loop"] <= bound * (1 + 1e-12)).all()
        for bound in Lambda.values()
    ),
)
ledger.check(
    "on every system the separate form is at most the sum form",
    (Lambda["separate"] <= Lambda["sum"] * (1 + 1e-12)).all(),
)

# %%
rows = [
    [
        name,
        f"{np.mean(p.gamma * values < 1):.0%}",
        f"{np.median(values / Lambda['closed loop']):.2f}",
    ]
    for name, values in Lambda.items()
]
table(
    ["convention", "systems with γΛ < 1", "median Λ over the closed loop's"],
    rows,
)
say(
    f"The Euclidean form is below the sum form on "
    f"{np.mean(Lambda['Euclidean'] < Lambda['sum']):.0%} of the systems, "
    f"and below the separate form on "
    f"{np.mean(Lambda['Euclidean'] < Lambda['separate']):.0%}."
)

# %% [markdown]
# ### The joint constant depends on the unit of the state
#
# Measure the latent state in another unit, $z=cs$. Nothing about the problem changes, only the constants: $L_f^s$
# stays, $L_f^a$ becomes $cL_f^a$ and $L_\pi$ becomes $L_\pi/c$. The separate form is unmoved, the joint one is not:
#
# $$\Lambda_{sum}(c)=\max(L_f^s,\ cL_f^a)\,\Big(1+\frac{L_\pi}{c}\Big),\qquad \Lambda_{sep}(c)=L_f^s+L_f^aL_\pi .$$
#
# The joint form is smallest at $c=L_f^s/L_f^a$, and there it *equals* the separate form. So the separate constants
# are the joint ones in the best unit, and reading a smaller joint constant off a rescaled latent is no progress. The
# same holds for the reward: $L_r$ shrinks with $c$ while $\epsilon_{dyn}$ grows with it, and only the product
# $\kappa\,\epsilon_{dyn}$ is free of the unit.

# %%
best_unit = p.state_gain / p.action_gain
unit = best_unit * np.geomspace(0.05, 10, 301)
joint = np.maximum(p.state_gain, unit * p.action_gain) * (1 + p.lipschitz_pi / unit)
separate = p.state_gain + p.action_gain * p.lipschitz_pi
at_best = p.state_gain * (1 + p.lipschitz_pi / best_unit)
ledger.check(
    "in the best unit the joint form is the separate one, and nowhere below it",
    np.isclose(at_best, separate, rtol=1e-12, atol=0)
    and (joint >= separate * (1 - 1e-12)).all(),
)

# %%
L_s, L_a, L_pi, excess = sp.symbols("L_f^s L_f^a L_pi x", positive=True)
proof = Proof("separate constants are joint constants in the best unit")
proof.equal(
    L_s * (1 + L_pi * L_a / L_s),
    L_s + L_a * L_pi,
    because="at $c=L_f^s/L_f^a$ both entries of the maximum are $L_f^s$",
)

# %%
c = L_s / (L_a * (1 + excess))
proof.at_most(
    L_s + L_a * L_pi,
    L_s * (1 + L_pi / c),
    because="below the best unit $(1+x)$-fold, the maximum is $L_f^s$",
)

# %%
c = (1 + excess) * L_s / L_a
proof.at_most(
    L_s + L_a * L_pi,
    c * L_a * (1 + L_pi / c),
    because="above it $(1+x)$-fold, the maximum is $cL_f^a$",
)

# %% [markdown]
# The figure shows how much hangs on the unit: Lemma 1 speaks only below the dotted line, where $\gamma\Lambda<1$.

# %% mystnb={"figure": {"name": "fig-notation-unit", "caption": "One system, its state measured in different units. The joint constant $\\Lambda_{sum}$ of Lemma 1 changes with the unit; the separate one does not, and is the joint one in the best unit (dot). Above the dotted line $\\gamma\\Lambda\\geq1$ and Lemma 1 is silent."}, "image": {"alt": "Log-log plot. The joint growth factor falls, touches the horizontal line of the separate constants at one unit, and rises again; most of it lies above the line at which the contraction fails."}}
figure, axis = panels()
axis.loglog(unit, joint, label=r"joint, $\Lambda_{sum}(c)$")
axis.axhline(separate, linestyle="--", color="C1", label=r"separate, $\Lambda_{sep}$")
axis.axhline(1 / p.gamma, linestyle=":", color=BLACK, label=r"$\gamma\Lambda=1$")
axis.plot([best_unit], [at_best], "o", color="C0")
axis.set(
    xlabel="unit of the state, $c$ in $z=cs$ (no unit)",
    ylabel=r"growth per step, $\Lambda$ (no unit)",
)
axis.legend()
plt.show()

# %%
largest = 1 / p.gamma  # Lemma 1 needs a growth below this
if separate < largest:
    lowest = p.lipschitz_pi * p.state_gain / (largest - p.state_gain)
    highest = largest / p.action_gain - p.lipschitz_pi
    interval = f"for $c$ from {lowest:.3g} to {highest:.3g}"
else:
    interval = "in no unit"
say(
    f"Separate: $\\Lambda={separate:.3g}$, $\\gamma\\Lambda={p.gamma * separate:.3g}$. "
    f"Joint at $c=1$: "
    f"$\\Lambda={max(p.state_gain, p.action_gain) * (1 + p.lipschitz_pi):.3g}$; "
    f"smallest at $c={best_unit:.3g}$. The joint form allows Lemma 1 {interval}."
)

# %% [markdown]
# We keep the joint constants of the sum metric wherever a statement of the paper is tested, because they are the
# paper's, and name the separate ones where they are used. In all three forms a constant belongs to a *map on a set*:
# a quadratic reward has one on a bounded operating domain only.

# %% [markdown]
# ## Norm against mean square
#
# The bounds are in norms: $\epsilon_{dyn}$ is the largest Euclidean norm of $\hat f-f$. Regression reports a mean
# square. Three things differ, and all three can be checked on a student whose error is known exactly: least squares
# for $s'=As+\text{noise}$ with standard normal inputs. Writing $D=\hat A-A$, the expected squared norm of the error
# is $\lVert D\rVert_F^2$, the MSE (which averages over the $d_s$ outputs too) is $\lVert D\rVert_F^2/d_s$, and the
# sup norm over the unit ball is $\lVert D\rVert_2$.


# %%
def least_squares_error(n, generator, noise=0.5):
    """Error A_hat - A of least squares on n transitions; A is 0, at no loss."""
    states = generator.normal(size=(n, p.n_states))
    return np.linalg.lstsq(
        states, noise * generator.normal(size=(n, p.n_states)), rcond=None
    )[0].T


D = np.array(
    [[least_squares_error(n, generator) for _ in range(p.n_seeds)] for n in p.anchors]
)
mse = (D**2).sum(axis=(-2, -1)) / p.n_states
rmse_norm = np.sqrt(p.n_states * mse)
sup_norm = norm(D, 2, axis=(-2, -1))

# %% [markdown]
# First, the **exponent**. If the norm falls like $N^{-\alpha}$, its square falls like $N^{-2\alpha}$: an exponent
# fitted to an MSE is twice the one that belongs into Eq. 3. Second, the **scale**. With $d_s$ outputs the RMS norm is
# $\sqrt{d_s\,\mathrm{MSE}}$, not $\sqrt{\mathrm{MSE}}$: the vector-valued dynamics head gains a factor $\sqrt{d_s}$
# that the scalar reward head does not. Third, the **supremum** is not controlled by a mean: a small mean square
# leaves room for a large error on a small set. For this linear student, and not in general, both fall at one rate.


# %%
def exponent(errors):
    """Minus the slope of the log of the mean over seeds against log N."""
    return -np.polyfit(np.log(p.anchors), np.log(errors.mean(axis=1)), 1)[0]


root_mean_square = np.sqrt(p.n_states * mse.mean(axis=1, keepdims=True))
resamples = generator.integers(p.n_seeds, size=(200, p.n_seeds))
spread = {name: np.std([exponent(e[:, r]) for r in resamples]) for name, e in
          {"MSE": mse, "RMS "
                       "norm": rmse_norm, "sup norm": sup_norm}.items()}  # fmt: skip
fitted = {
    "MSE": exponent(mse),
    "RMS norm": exponent(root_mean_square),
    "sup norm": exponent(sup_norm),
}
ledger.check(
    "the exponent of the MSE is twice that of the RMS norm, to a relative $10^{-8}$",
    abs(fitted["MSE"] / (2 * fitted["RMS norm"]) - 1) < 1e-8,
    found=f"{fitted['MSE']:.12g} and {fitted['RMS norm']:.12g}",
)

# %% mystnb={"figure": {"name": "fig-notation-mse", "caption": "The same least-squares students measured three ways. Points are means over seeds; error bars are two standard errors, smaller than the points where they are not seen. The MSE falls twice as steeply as the two norms."}, "image": {"alt": "Log-log plot of three error measures against the number of samples: two parallel lines for the norms and a steeper one for the mean squared error."}}
figure, axis = panels()
for label, values, marker in (
    ("sup norm", sup_norm, "s"),
    ("RMS norm", rmse_norm, "o"),
    ("MSE", mse, "^"),
):
    error = 2 * values.std(axis=1, ddof=1) / np.sqrt(p.n_seeds)
    axis.errorbar(
        p.anchors, values.mean(axis=1), error, marker=marker, capsize=2, label=label
    )
axis.set(
    xscale="log",
    yscale="log",
    xlabel="training samples $N$",
    ylabel=r"error ($[s]$; MSE: $[s]^2$)",
)
axis.legend()
plt.show()

# %%
table(
    ["measure", "fitted exponent", "standard error"],
    [[name, f"{fitted[name]:.2f}", f"{spread[name]:.1g}"] for name in fitted],
)
say(
    f"The RMS norm is {np.sqrt(p.n_states):.3g} times the root of the MSE, exactly, "
    f"because there are {p.n_states} "
    f"outputs; the sup norm over the unit ball is {np.mean(sup_norm / rmse_norm):.2g} "
    f"times the RMS norm of standard "
    "normal inputs."
)

# %% [markdown]
# Why it matters: Theorem 1 multiplies $\alpha/\beta$ by $\epsilon_{dyn}^*/\epsilon_{rew}^*$. The first factor is the
# same for norms and mean squares. The second is not, and neither is how the optimum moves with the budget. In the
# code, `eps_*` and `PowerLaw` are norms. What takes or returns a mean square says so: `mse` in its name, or
# `squared=True` in `fit_power_law`, which halves the exponent.

# %% [markdown]
# ## Whose constants, whose points
#
# Two more readings have to be fixed before a bound can be evaluated. Both are taken up with the proof of Lemma 1.
#
# * *Whose Lipschitz constants.* The paper's proof uses those of the **true** maps with the errors measured at the
#   **imagined** points. Exchanging the roles of $M$ and $\hat M$ gives the same bound with the constants of the
#   **learned** maps and errors at the **real** points. Both are valid; mixing them point by point is not.
# * *Whose supremum.* A supremum over an unbounded $S\times A$ is infinite for most learned models. The proof uses
#   only the points that are visited.

# %%
ledger.table()
