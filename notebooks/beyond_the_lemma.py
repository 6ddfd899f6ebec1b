# %% [markdown]
# # Beyond the lemma
#
# Lemma 1 needs $\gamma L_f(1+L_\pi)<1$, suprema over the whole space, and an infinite horizon. Practice has
# none of the three: models expand, errors are averages over data, and imagination stops after some fifteen steps. At
# the end of this page you know what can still be said, and each statement is proved, attained or checked here.
# None of it is in the paper, which leaves the case $\gamma\Lambda\ge1$ open.

# %% tags=["parameters"]
gamma = 0.95  # discount, in [0.01, 0.9999]
lipschitz_dyn = 0.8  # L_f, in the sum metric, in [1e-09, 100]
lipschitz_rew = 1.0  # L_r, unit reward per state, in [1e-09, 1000000]
lipschitz_pi = 0.4  # L_pi, unit action per state, in [0, 100]
eps_dyn = 0.01  # sup norm of the dynamics error, unit state, in [1e-09, 1000]
eps_rew = 0.01  # sup norm of the reward error, unit reward, in [1e-09, 1000]
horizon = 15  # imagined steps, in [2, 200]
# largest difference of two rewards, unit reward, in [1e-09, 1000000]
reward_range = 1.0
n_systems = 150  # random systems in each check, in [10, 10000]
seed = 0  # of the one generator, 0 or more

# %% tags=["hide-input", "open-chapter"]
from imagination.book.chapter import open_chapter

p, ledger = open_chapter(
    "beyond_the_lemma",
    globals(),
    covers="the open question of §3 (the case without contraction) and Appendix B.1 "
    "without its hypotheses",
    leaves_out="what follows for the allocation of samples (Part II)",
    at_most_seconds=40,
)

# %% tags=["hide-input"]
import inspect
from dataclasses import replace
from fractions import Fraction

import matplotlib.pyplot as plt
import numpy as np
import sympy as sp

from imagination import Lipschitz, return_gap_bound
from imagination.book.figures import BLACK, BLUE, GREEN, GREY, VERMILION, panels
from imagination.book.show import say, table
from imagination.gap.bounds import return_gap_bound_all_sources
from imagination.gap.error_sums import error_sums_by_recursion
from imagination.gap.examples import random_pair, tight_pair
from imagination.gap.expansive import critical_envelope, hoelder_envelope
from imagination.gap.lipschitz import SeparateLipschitz
from imagination.gap.mdp import MDP, discounted_return, return_gap, rollout
from imagination.gap.on_data import attribute_gap, gap_bound_along_path, occupancy_rmse
from imagination.gap.value import (
    critic_gap_bound,
    linear_step_constants,
    multistep_value_lipschitz,
    optimal_imagination_horizon,
    value_aware_bound,
)
from imagination.proof import Proof

generator = np.random.default_rng(p.seed)
constants = Lipschitz(
    dynamics=p.lipschitz_dyn, reward=p.lipschitz_rew, policy=p.lipschitz_pi
)
errors = {"gamma": p.gamma, "eps_dyn": p.eps_dyn, "eps_rew": p.eps_rew}
say(
    f"Here $\\Lambda={constants.growth:.3g}$ and "
    f"$\\gamma\\Lambda={p.gamma * constants.growth:.4g}$: Lemma 1 does not apply."
)

# %% [markdown]
# ## Why something has to be added
#
# The scalar system that attains Lemma 1 does not care whether $\gamma\Lambda<1$. For $\gamma\Lambda\ge1$ and $\kappa>0$ its
# return gap has no limit, however small the dynamics error. So from the same constants alone no bound exists, and each
# section below adds one piece of information: a horizon, a range of rewards, the closed loop, the value, or data.

# %%
setting = {"gamma": 0.9, "eps_dyn": 1e-9, "eps_rew": 0.0}
expansive = Lipschitz(dynamics=1.05 / 0.9, reward=1.0, policy=0.0)
reached = {
    h: -float(tight_pair(expansive, **setting).gap(h)) for h in (100, 300, 600, 900)
}
say("Error $10^{-9}$, $\\gamma=0.9$, $\\kappa=1$, $\\gamma\\Lambda=1.05$:")
table(["steps", "return gap"], [[h, f"{gap:.2g}"] for h, gap in reached.items()])
ledger.check(
    "the gap over 900 steps is more than a million times that over 100",
    reached[900] > 1e6 * reached[100],
)

# %% [markdown]
# ## A finite horizon
#
# ```{prf:proposition} Finite horizon, any growth (this book)
# :label: finite-horizon
# :nonumber:
#
# For every $\Lambda\ge0$, $0\le\gamma\le1$ and horizon $H$,
#
# $$|J_H-\hat J_H|\le\epsilon_{rew}S_H+\kappa\,\epsilon_{dyn}D_H,$$
#
# $$S_H=\sum_{t<H}\gamma^t,\quad D_H=\sum_{t<H}\gamma^t\sum_{i<t}\Lambda^i,$$
#
# with equality for the scalar system that attains {prf:ref}`lemma-1`.
#
# Checked by a proof kernel: <a class="kernel" href="formal/simulation_lemma.html#formal-lemma-1-finite-horizon"><code>lemma_1_finite_horizon</code></a>.
# ```
#
# It is the proof of Lemma 1 stopped before the limit, the only place where the contraction is used. The closed form
# of $D_H$ has removable singularities at $\Lambda=1$, $\gamma\Lambda=1$ and $\gamma=1$. The library never divides there: it
# joins blocks of steps, by an identity that follows from $g_{m+n}=g_n+\Lambda^ng_m$ for $g_t=\sum_{i<t}\Lambda^i$.

# %% tags=["proof"]
g, Lam = sp.symbols("gamma Lambda", positive=True)
m, n = sp.symbols("m n", integer=True, nonnegative=True)


def geometric(base, terms):
    """Closed form of 1 + base + ... with the given number of terms."""
    return (base**terms - 1) / (base - 1)


def D(terms):
    """Closed form of the drift sum, proved in the previous chapter."""
    return (geometric(g * Lam, terms) - geometric(g, terms)) / (Lam - 1)


blocks = Proof("Joining two blocks of steps")
blocks.equal(
    geometric(Lam, m + n),
    geometric(Lam, n) + Lam**n * geometric(Lam, m),
    because="Distance after $m$ and then $n$ steps.",
)

# %% tags=["proof"]
joined = D(m) + g**m * D(n) + g**m * geometric(Lam, m) * geometric(g * Lam, n)
step = blocks.equal(
    D(m + n), joined, because="The drift sums of two blocks make that of both."
)
replace(
    step,
    statement=r"D_{m+n} = D_m + \gamma^m D_n + (\gamma^m "
    r"g_m)\sum_{t<n}(\gamma\Lambda)^t",
)

# %% [markdown]
# The slow and obvious way is the recursion itself, which takes exact fractions as well:

# %% tags=["hide-input", "hide-output"]
say(f"```python\n{inspect.getsource(error_sums_by_recursion)}\n```")

# %% [markdown]
# At the three singular points the recursion has plain polynomial values. They are what the library returns.

# %%
H = p.horizon
points = {
    "Λ = 1": (0.5, 1.0),
    "γΛ = 1": (0.5, 2.0),
    "γ = 1": (1.0, 1.25),
    "γ = Λ = 1": (1.0, 1.0),
}
rows, off = [], 0.0
for name, (discount, growth) in points.items():
    truth = float(error_sums_by_recursion(Fraction(discount), Fraction(growth), H)[1])
    ours = return_gap_bound(
        Lipschitz(dynamics=growth, reward=1.0, policy=0.0),
        gamma=discount,
        eps_dyn=1.0,
        eps_rew=0.0,
        horizon=H,
    )
    off = max(off, abs(ours / truth - 1))
    rows.append([name, f"{truth:.6g}", f"{ours:.6g}"])
long = return_gap_bound(
    constants, **errors | {"gamma": 1 / constants.growth}, horizon=100_000
)
table(["point", "recursion", "library"], rows)
say(f"At horizon $10^5$ and $\\gamma\\Lambda=1$ up to rounding: {long:.4g}.")
ledger.check(
    "the library agrees with the recursion at the singular points to a relative "
    "$10^{-13}$",
    off < 1e-13,
    found=f"{off:.3g}",
)

# %% mystnb={"figure": {"name": "fig-beyond-horizon", "caption": "The finite-horizon bound against the growth $\\Lambda$, for discount 0.99 and the errors of this page. The infinite-horizon bound of Lemma 1 (dashed) exists only left of the dotted line. At 15 steps the bound stays of use well to the right of it."}, "image": {"alt": "Logarithmic plot of bounds against growth per step. Curves for 5, 15 and 50 steps rise smoothly through the dotted line at which the dashed infinite-horizon curve diverges."}}
growths = np.linspace(0.5, 1.6, 221)
family = Lipschitz(dynamics=growths, reward=p.lipschitz_rew, policy=0.0)
figure, axis = panels()
at_one, lowest = {}, np.inf
for steps, colour in ((5, BLUE), (15, GREEN), (50, VERMILION)):
    curve = return_gap_bound(
        family, gamma=0.99, eps_dyn=p.eps_dyn, eps_rew=p.eps_rew, horizon=steps
    )
    at_one[steps] = np.interp([1.0, 1.2, 1.4], growths, curve)
    lowest = min(lowest, curve.min())
    axis.semilogy(growths, curve, color=colour, label=f"{steps} steps")
below = growths < 1 / 0.99 - 1e-3
eq1 = return_gap_bound(
    Lipschitz(dynamics=growths[below], reward=p.lipschitz_rew, policy=0.0),
    gamma=0.99,
    eps_dyn=p.eps_dyn,
    eps_rew=p.eps_rew,
)
axis.semilogy(growths[below], eq1, "--", color=BLACK, label="Lemma 1, $H=\\infty$")
axis.axvline(1 / 0.99, color=BLACK, linestyle=":", linewidth=1)
axis.set(
    xlabel=r"growth per step $\Lambda$ (no unit)",
    ylabel="bound of the gap (reward)",
    ylim=(0.6 * lowest, 2e5 * lowest),
)
axis.legend()
plt.show()

# %%
say(
    "Bound at $\\Lambda=1, 1.2, 1.4$: "
    + "; ".join(
        f"{h} steps {v[0]:.3g}, {v[1]:.3g}, {v[2]:.3g}" for h, v in at_one.items()
    )
    + "."
)

# %%
worst, violations = 0.0, 0
for _ in range(p.n_systems):
    some = Lipschitz(
        dynamics=generator.uniform(0, 2), reward=1.0, policy=generator.uniform(0, 1)
    )
    now = {
        "gamma": generator.uniform(0.5, 1),
        "eps_dyn": generator.uniform(0.001, 0.3),
        "eps_rew": generator.uniform(0, 0.3),
    }
    pair = random_pair(some, **now, generator=generator)
    ratio = np.abs(pair.gap(H)).max() / return_gap_bound(some, **now, horizon=H)
    worst, violations = max(worst, ratio), violations + int(ratio > 1)
ledger.beyond(
    "beyond-finite-horizon",
    "The gap over $H$ steps is at most $\\epsilon_{rew}S_H+\\kappa\\epsilon_{dyn}D_H$ "
    "for every $\\Lambda\\ge0$ and $\\gamma\\le1$",
    ours=f"{p.n_systems} random systems, growth up to 4: {violations or 'no'} "
    f"violation{'s' * (violations > 1)}, largest ratio {worst:.2f}; attained by "
    f"the scalar system",
    uncertainty="proved; the systems are a check",
    holds=len(blocks) and worst <= 1,
)

# %% [markdown]
# ## Bounded rewards
#
# Two rewards never differ by more than their range $R$. Capping every term gives a bound for every growth, at every
# horizon:
#
# $$|J-\hat J|\le\frac{\epsilon_{rew}}{1-\gamma}+V(\epsilon_{dyn}),\qquad
# V(\epsilon)=\sum_t\gamma^t\min\Big(R,\ \kappa\,\epsilon\,\frac{\Lambda^t-1}{\Lambda-1}\Big).$$
#
# It is attained by the same scalar system with the reward clipped to $[0,R]$.
#
# Checked by a proof kernel: <a class="kernel" href="formal/bounded_reward.html#formal-bounded-reward-bound"><code>bounded_reward_bound</code></a>.

# %%
gap_to_bound = []
for _ in range(p.n_systems):
    some = Lipschitz(
        dynamics=generator.uniform(0, 2),
        reward=generator.uniform(0.1, 3),
        policy=generator.uniform(0, 1),
    )
    now = {
        "gamma": generator.uniform(0.5, 0.95),
        "eps_dyn": 10 ** generator.uniform(-6, 0),
        "eps_rew": generator.uniform(0, 1),
    }
    R = generator.uniform(0.1, 3)
    long_enough = 100
    while now["gamma"] ** long_enough > 1e-13:
        long_enough += 50
    # the clipped state is stopped at 1e6: by then the reward has long reached its range
    pair = tight_pair(some, **now, reward_range=R)
    capped = MDP(
        lambda s, a, f=pair.learned.dynamics: np.minimum(f(s, a), 1e6),
        pair.learned.reward,
        now["gamma"],
    )
    gap = -float(return_gap(pair.true, capped, pair.policy, pair.start, long_enough))
    gap_to_bound.append(gap / return_gap_bound(some, **now, reward_range=R))
off = np.abs(np.array(gap_to_bound) - 1).max()
say(f"{p.n_systems} clipped systems at infinite horizon, any growth.")
ledger.check(
    "their gap over the bound is 1 to within $10^{-11}$",
    off < 1e-11,
    found=f"{off:.3g}",
)

# %% [markdown]
# ### The law hidden in it
#
# ```{prf:proposition} Return error is Hölder in the model error (this book)
# :label: hoelder
# :nonumber:
#
# Let $\gamma\Lambda>1$, $p=\ln(1/\gamma)/\ln\Lambda\in(0,1)$ and $x=\kappa\epsilon/((\Lambda-1)R)$. Then
#
# $$
# \begin{aligned}
# V(\epsilon)&\ge\frac{R\gamma}{1-\gamma}\Big(\frac{x}{1+x}\Big)^p,\\
# V(\epsilon)&\le R\Big[\frac1{1-\gamma}+\frac{\gamma\Lambda}{\gamma\Lambda-1}\Big]x^p .
# \end{aligned}
# $$
# ```
#
# The range is reached at the first $t^*$ with $\Lambda^{t^*}\ge1+1/x$, and $\gamma=\Lambda^{-p}$ turns the discount at
# that time into a power of $x$. From $t^*$ on the sum is $R\gamma^{t^*}/(1-\gamma)$, with $\Lambda^{t^*}$ between $1+1/x$ and
# $\Lambda(1+1/x)$.

# %% tags=["proof"]
x, power = sp.symbols("x p", positive=True)
hoelder = Proof("Hoelder envelopes")
latest = (Lam * (1 + 1 / x)) ** (-power)
hoelder.equal(
    sp.log(latest),
    sp.log(Lam ** (-power) * (x / (1 + x)) ** power),
    because="Latest $t^*$: $\\gamma^{t^*}>\\gamma(x/(1+x))^p$.",
)

# %% tags=["proof"]
hoelder.at_most(
    1 / x,
    1 + 1 / x,
    because="Earliest $t^*$: $\\Lambda^{t^*}\\ge1/x$, so $\\gamma^{t^*}\\le x^p$.",
)

# %% [markdown]
# Before $t^*$, let $T=t^*-1$ and $y=x(\Lambda^T-1)<1$, the drift at $T$ in units of $R$. Earlier terms are smaller at
# least geometrically, because $\Lambda^t-1\le(\Lambda^T-1)\Lambda^{t-T}$.

# %% tags=["proof"]
u, at_T = sp.symbols("u Lambda^T", positive=True)  # Lambda^(T - t) = 1 + u
hoelder.at_most(
    at_T / (1 + u) - 1,
    (at_T - 1) / (1 + u),
    because="Terms before $T$, with $\\Lambda^{T-t}=1+u$.",
)

# %% tags=["proof"]
q, T = sp.Symbol("q", positive=True), sp.Symbol("T", integer=True, nonnegative=True)
partial = ((1 + q) ** (T + 1) - 1) / q
hoelder.at_most(
    partial,
    (1 + q) ** (T + 1) / q,
    because="$\\sum_{t\\le T}(\\gamma\\Lambda)^t$ with $\\gamma\\Lambda=1+q$.",
)

# %% [markdown]
# So the head is at most $Ry\,\gamma^T\gamma\Lambda/(\gamma\Lambda-1)$, and $\gamma^T=(1+y/x)^{-p}\le(y/x)^{-p}$.

# %% tags=["proof"]
y = sp.Symbol("y", positive=True)
hoelder.equal(
    sp.log(y * (y / x) ** (-power)),
    sp.log(x**power * y ** (1 - power)),
    because="$y\\gamma^T\\le x^py^{1-p}\\le x^p$.",
)

# %%
some = np.geomspace(1e-10, 1, 400)
exponent = np.log(1 / p.gamma) / np.log(constants.growth)
values = return_gap_bound(
    constants, gamma=p.gamma, eps_dyn=some, eps_rew=0.0, reward_range=p.reward_range
)
low, high = hoelder_envelope(
    some,
    gamma=p.gamma,
    growth=constants.growth,
    sensitivity=constants.sensitivity,
    reward_range=p.reward_range,
)
between = (low <= values * (1 + 1e-11)) & (values <= high * (1 + 1e-11))
ledger.check(
    "the sharp bound lies between its envelopes, to a relative $10^{-11}$",
    between.all(),
    found=f"it leaves them at errors from {some[~between].min():.3g} on"
    if not between.all()
    else "",
)
small = some < 1e-3
slope = np.polyfit(np.log(some[small]), np.log(values[small]), 1)[0]

# %% mystnb={"figure": {"name": "fig-beyond-hoelder", "caption": "Sharp bound of the return error from a dynamics error alone, for rewards in a bounded range and $\\gamma\\Lambda>1$ (line), with its two envelopes of exponent $p$ (dashed). The dotted line is proportional to the error: what a contracting system would have."}, "image": {"alt": "Log-log plot: a gently rising line between two parallel dashed lines, far flatter than the dotted line of slope one."}}
figure, axis = panels()
axis.loglog(some, values, color=BLACK, label="$V(\\epsilon)$, attained")
axis.loglog(some, low, "--", color=BLUE, linewidth=1.2, label="envelopes")
axis.loglog(some, high, "--", color=BLUE, linewidth=1.2)
linear = values[-1] * some
axis.loglog(
    some[linear > low[0] / 10],
    linear[linear > low[0] / 10],
    ":",
    color=GREY,
    label="slope 1",
)
axis.set(
    xlabel=r"dynamics error $\epsilon_{dyn}$ (unit of the state)",
    ylabel="return error (reward)",
)
axis.legend()
plt.show()

# %%
magnitude = np.log10(2) / exponent
halved = f"{10**magnitude:.3g}" if magnitude < 6 else f"$10^{{{magnitude:.3g}}}$"
say(
    f"Exponent $p={exponent:.4f}$, slope fitted below $10^{{-3}}$: {slope:.4f}. To "
    f"halve the return error the dynamics "
    f"error must fall {halved}-fold."
)

# %%
checked = total = 0
for _ in range(30):
    discount, R = generator.uniform(0.5, 0.98), generator.uniform(0.1, 5)
    growth, kappa = (
        (1 + generator.uniform(0.02, 3)) / discount,
        generator.uniform(0.1, 5),
    )
    ones = 10 ** generator.uniform(-9, 1, p.n_systems)
    V = return_gap_bound(
        Lipschitz(dynamics=growth, reward=kappa, policy=0.0),
        gamma=discount,
        eps_dyn=ones,
        eps_rew=0.0,
        reward_range=R,
    )
    ends = hoelder_envelope(
        ones, gamma=discount, growth=growth, sensitivity=kappa, reward_range=R
    )
    checked += int(((ends[0] <= V * (1 + 1e-12)) & (ends[1] * (1 + 1e-12) >= V)).sum())
    total += len(ones)
V = return_gap_bound(
    Lipschitz(dynamics=2.0, reward=1.0, policy=0.0),
    gamma=0.5,
    eps_dyn=some,
    eps_rew=0.0,
    reward_range=1.0,
)
critical = V / critical_envelope(some, gamma=0.5, sensitivity=1.0, reward_range=1.0)
say(
    f"Both sides hold on {checked} of {total} random settings. At "
    f"$\\gamma\\Lambda=1$: ratio to the envelope {critical.min():.2f} to "
    f"{critical.max():.2f}."
)
ledger.check(
    "both envelopes hold on every random setting, and the critical one at "
    "$\\gamma\\Lambda=1$",
    checked == total and critical.max() <= 1 + 1e-12,
)

# %%
ledger.beyond(
    "beyond-bounded-reward",
    "With rewards in a range $R$: sharp bound for every growth; Hölder with exponent "
    "$\\ln(1/\\gamma)/\\ln\\Lambda$ when $\\gamma\\Lambda>1$",
    ours=f"$p={exponent:.4f}$, fitted slope {slope:.4f}",
    uncertainty=f"{checked} random settings within the envelopes",
    holds=len(hoelder) and checked == total and off < 1e-11,
)

# %% [markdown]
# ## Better constants
#
# **Separate constants.** With one constant for the state and one for the action, $\Lambda=L_f^s+L_f^aL_\pi$ and
# $\kappa=L_r^s+L_r^aL_\pi$; the proof changes in one line.

# %% tags=["proof"]
Ls, La, Lp, delta, eps = sp.symbols(
    "L_f^s L_f^a L_pi delta epsilon_dyn", nonnegative=True
)
s1, s2, s3 = sp.symbols("sigma_1:4", nonnegative=True)
sharper = Proof("Sharper constants")
sharper.at_most(
    (Ls * delta + La * (Lp * delta - s1) - s2) + (eps - s3),
    (Ls + La * Lp) * delta + eps,
    because="One step.",
)

# %% tags=["proof"]
more = sp.Symbol("d", nonnegative=True)
sharper.at_most(
    Ls + (Ls + more) * Lp,
    (Ls + more) * (1 + Lp),
    because="Not above the joint form, if $L_f^a=L_f^s+d$;",
)

# %% tags=["proof"]
sharper.at_most(
    La + more + La * Lp, (La + more) * (1 + Lp), because="nor if $L_f^s=L_f^a+d$."
)

# %% [markdown]
# **Several steps at once.** The error made at step $i$ reaches step $t$ through $t-1-i$ steps of the closed loop
# $F(s)=f(s,\pi(s))$. Its Lipschitz constant is often far below $\Lambda^{t-1-i}$:
#
# $$|J-\hat J|\le\frac1{1-\gamma}\Big[\epsilon_{rew}+\gamma L_V\epsilon_{dyn}\Big],\qquad
# L_V\le\kappa_{cl}\sum_{k\ge0}\gamma^k\mathrm{Lip}(F^k).$$
#
# A stabilised double integrator (position and velocity, step 0.1, $K=-(1.0, 1.7)$, $\gamma=0.99$) shows the difference.

# %%
dt, discount = 0.1, 0.99
A, B, K = (
    np.array([[1.0, dt], [0.0, 1.0]]),
    np.array([[0.0], [dt]]),
    np.array([[-1.0, -1.7]]),
)
closed, norm = A + B @ K, lambda M: float(np.linalg.norm(M, 2))
both = SeparateLipschitz(
    dynamics_state=norm(A),
    dynamics_action=norm(B),
    reward_state=1.0,
    reward_action=0.0,
    policy=norm(K),
)
ell = linear_step_constants(closed, 600)
one_step = multistep_value_lipschitz(ell[:2], sensitivity=1.0, gamma=discount)
many_steps = multistep_value_lipschitz(ell, sensitivity=1.0, gamma=discount)
scale = discount / (1 - discount)
radius = np.abs(np.linalg.eigvals(closed)).max()
table(
    ["form", "contraction", "coefficient of $\\epsilon_{dyn}$, per $\\kappa$"],
    [
        ["joint constants (Lemma 1)", f"{discount * both.joint.growth:.3g}", "none"],
        ["separate constants", f"{discount * both.growth:.3g}", "none"],
        [
            "closed loop, one step",
            f"{discount * ell[1]:.4f}",
            f"{scale * one_step:.5g}",
        ],
        [
            "closed loop, all steps",
            f"{discount * radius:.4f} (spectral radius)",
            f"{scale * many_steps:.4g}",
        ],
    ],
)

# %% [markdown]
# How much of the last line is real? For a linear reward the worst constant error field is known in closed form,
# $\gamma/(1-\gamma)\,\|(I-\gamma A_{cl})^{-1}\|$. It is also simulated.

# %%
reach = np.linalg.svd(np.linalg.inv(np.eye(2) - discount * closed))
reward_direction, error_direction = reach[0][:, 0], reach[2][0]
plain = MDP(lambda s, a: s @ A.T + a @ B.T, lambda s, a: s @ reward_direction, discount)
off_by = MDP(
    lambda s, a: s @ A.T + a @ B.T + 0.01 * error_direction,
    lambda s, a: s @ reward_direction,
    discount,
)
gap = abs(float(return_gap(plain, off_by, lambda s: s @ K.T, np.zeros(2), 3000)))
limit = value_aware_bound(gamma=discount, eps_rew=0.0, value_loss=many_steps * 0.01)
say(
    f"Error 0.01 in the worst direction: gap {gap:.4g}, multi-step bound {limit:.4g}, "
    f"ratio {gap / limit:.2f}."
)
ledger.check(
    "the simulated gap is the closed form to a relative $10^{-9}$, and within the "
    "bound",
    np.isclose(gap, 0.01 * scale * reach[1][0], rtol=1e-9) and gap <= limit,
)

# %%
ledger.beyond(
    "beyond-multistep",
    "Closed-loop multi-step form; finite for every stable linear closed loop, also "
    "where Lemma 1 is silent",
    ours=f"double integrator: coefficient {scale * many_steps:.4g} κ, gap reaches "
    f"{gap / limit:.2f} of it; Lemma 1's contraction "
    f"{discount * both.joint.growth:.3g}",
    holds=len(sharper) and gap <= limit and discount * both.joint.growth >= 1,
)

# %% [markdown]
# **The value itself.** $L_V$ may be any Lipschitz constant of $V^\pi$, measured ones included, as long as
# $\gamma^TV(\hat s_T)\to0$ on the imagined path. The condition is not decoration. Let $V=h$ with
# $h(x,y)=\max(0,\sqrt x-y)$, which has a Lipschitz constant below 1.2 on $x\ge1$, and a model that forgets the drift of $y$:


# %%
def h(s):
    return np.maximum(0.0, np.sqrt(s[..., 0]) - s[..., 1])


def drifting(s, a):
    return 2.0 * s + np.array([0.0, 0.1])


runaway = MDP(drifting, lambda s, a: h(s) - 0.9 * h(drifting(s, a)), 0.9)
forgets = MDP(lambda s, a: 2.0 * s, runaway.reward, 0.9)
gaps = [
    abs(
        float(
            return_gap(
                runaway, forgets, lambda s: s[..., :1], np.array([1.0, 0.0]), steps
            )
        )
    )
    for steps in (20, 40, 60)
]
claim = value_aware_bound(gamma=0.9, eps_rew=0.0, value_loss=1.2 * 0.1)
say(
    f"Without the condition the form promises {claim:.3g}; the gap after 20, 40, 60 "
    f"steps is {gaps[0]:.3g}, {gaps[1]:.3g}, {gaps[2]:.3g}."
)
ledger.check(
    "without its condition the value form is false by more than a factor of ten",
    gaps[-1] > 10 * claim,
)

# %% [markdown]
# ## Errors on data instead of suprema
#
# ### Exactly how much is whose fault
#
# Roll the *model* forward from logged *real* states. With $\hat V_k$ its return over $k$ steps,
#
# $$
# \begin{aligned}
# \hat J_H-J_H=\sum_{t<H}\gamma^t\Big[&(\hat r-r)(s_t,a_t)\\
# &+\gamma\hat V_{H-t-1}(\hat f(s_t,a_t))-\gamma\hat V_{H-t-1}(s_{t+1})\Big].
# \end{aligned}
# $$
#
# No Lipschitz constant, no inequality. It is a telescoping sum, so one step is the whole proof.

# %% tags=["proof"]
r, r_hat = sp.Symbol("r", real=True), sp.Symbol(r"\hat{r}", real=True)
V_model, V_real, V_now = (
    sp.Symbol(rf"\hat{{V}}({name})", real=True) for name in (r"\hat{f}", "s'", "s")
)
telescope = Proof("Attribution")
summand = (r_hat - r) + g * (V_model - V_real)
telescope.equal(
    summand.subs(r_hat, V_now - g * V_model),
    (V_now - g * V_real) - r,
    because="$\\hat V(s)=\\hat r+\\gamma\\hat V(\\hat f)$: weighted by $\\gamma^t$, "
    "the bracket telescopes to $\\hat J_H-J_H$.",
)

# %%
largest, shares = 0.0, []
for _ in range(50):
    some = Lipschitz(dynamics=0.7, reward=1.0, policy=0.5)
    pair = random_pair(some, gamma=0.95, eps_dyn=0.2, eps_rew=0.05, generator=generator)
    real = rollout(pair.true, pair.policy, pair.start, 40)
    imagined = rollout(pair.learned, pair.policy, pair.start, 40)
    on_real, on_imagined = (
        attribute_gap(real, pair.learned, pair.policy),
        attribute_gap(imagined, pair.true, pair.policy),
    )
    gap = -pair.gap(40)
    largest = max(
        largest, np.abs(on_real.gap - gap).max(), np.abs(on_imagined.gap + gap).max()
    )
    shares.append(
        (on_real.reward_total[0] / gap[0], -on_imagined.reward_total[0] / gap[0])
    )

# %% mystnb={"figure": {"name": "fig-beyond-attribution", "caption": "One return gap, split exactly over the 40 logged transitions of one real episode: what the reward model and what the dynamics model contributed at each step. Bars add up to the gap."}, "image": {"alt": "Bars over time, of both signs, in two colours, shrinking with the discount."}}
figure, axis = panels()
axis.bar(
    np.arange(40), on_real.dynamics[:, 0], color=BLUE, label="dynamics model", width=0.9
)
axis.bar(
    np.arange(40),
    on_real.reward[:, 0],
    color=VERMILION,
    label="reward model",
    width=0.45,
)
axis.axhline(0, color=BLACK, linewidth=0.8)
axis.set(xlabel="logged step $t$", ylabel=r"contribution to $\hat J-J$ (reward)")
axis.legend()
plt.show()

# %%
share = np.array(shares)
say(
    f"This episode: gap {gap[0]:.4f} = reward {on_real.reward_total[0]:.4f} + "
    f"dynamics {on_real.dynamics_total[0]:.4f}. "
    "The *split* is not unique: the identity on the imagined path gives "
    f"this episode a reward share of {share[-1, 1]:.2f} in place of "
    f"{share[-1, 0]:.2f}. Say which one you use."
)
ledger.check(
    "over 50 systems and both directions the sum is the gap, to $10^{-11}$",
    largest < 1e-11,
    found=f"{largest:.3g}",
)

# %%
ledger.beyond(
    "beyond-attribution",
    "Exact split of a return gap into reward and dynamics, from logged real "
    "transitions and the model alone",
    ours="50 nonlinear systems, both directions",
    uncertainty="absolute error below $10^{-11}$",
    holds=len(telescope) and largest < 1e-11,
)

# %% [markdown]
# ### Root mean squares on the real path
#
# With the constants $\hat\Lambda,\hat\kappa$ of the **learned** maps, errors are needed on the **real** path only.
# The error of step $i$ has the weight $\hat\kappa\gamma^{i+1}\sum_{k<H-1-i}(\gamma\hat\Lambda)^k\le\hat\kappa\gamma^{i+1}/(1-\gamma\hat\Lambda)$.
# Weighting by the discounted occupancy, a mean is at most a root mean square, and Eq. 1 follows with RMSEs:
#
# $$|\mathbb EJ-\mathbb E\hat J|\le\frac1{1-\gamma}\Big[\mathrm{RMSE}_{rew}+\frac{\gamma\hat\kappa}{1-\gamma\hat\Lambda}\mathrm{RMSE}_{dyn}\Big].$$
#
# This is the sense in which an RMSE may stand in for a supremum: learned constants, the evaluated policy's real
# occupancy, $\gamma\hat\Lambda<1$, and deterministic dynamics (or errors for each shared noise).

# %% tags=["proof"]
rmse = Proof("RMSE form")
c = sp.Symbol("c", positive=True)  # gamma Lambda = 1/(1 + c)
k = sp.Symbol("k", integer=True, nonnegative=True)
ratio = 1 / (1 + c)
rmse.at_most(
    (1 - ratio**k) / (1 - ratio),
    1 / (1 - ratio),
    because="A partial geometric sum is at most the whole.",
)

# %% tags=["proof"]
w, e = sp.symbols("w_1:5", positive=True), sp.symbols("e_1:5", nonnegative=True)
mean = sum(a * b for a, b in zip(w, e, strict=True)) / sum(w)
mean_square = sum(a * b**2 for a, b in zip(w, e, strict=True)) / sum(w)
pairs = [(i, j) for i in range(4) for j in range(i)]
squares = sum(w[i] * w[j] * (e[i] - e[j]) ** 2 for i, j in pairs) / sum(w) ** 2
rmse.equal(
    mean_square - mean**2,
    squares,
    because="Mean square minus squared mean is a sum of squares (four terms shown).",
)

# %% tags=["proof"]
rmse.nonnegative(
    squares,
    because="So a weighted mean is at most the root of the weighted mean square.",
)

# %%
ratios, above_path = [], 0
for _ in range(p.n_systems):
    learned = Lipschitz(
        dynamics=generator.uniform(0.1, 0.95) / 0.9 / 1.5, reward=1.0, policy=0.5
    )
    size = {"eps_dyn": 0.2, "eps_rew": 0.1}
    pair = random_pair(
        learned, gamma=0.9, **size, n_starts=32, generator=generator
    ).swapped  # learned maps: known constants
    real = rollout(pair.true, pair.policy, pair.start, 150)
    s, a = real.states[:-1], real.actions
    off_dyn = np.linalg.norm(
        pair.learned.dynamics(s, a) - pair.true.dynamics(s, a), axis=-1
    )
    off_rew = np.abs(pair.learned.reward(s, a) - pair.true.reward(s, a))
    path = gap_bound_along_path(
        learned, gamma=0.9, dynamics_errors=off_dyn, reward_errors=off_rew
    )
    gap = pair.gap(150)
    above_path += (np.abs(gap) > path * (1 + 1e-12)).any()
    by_rmse = return_gap_bound(
        learned,
        gamma=0.9,
        eps_dyn=occupancy_rmse(off_dyn, gamma=0.9),
        eps_rew=occupancy_rmse(off_rew, gamma=0.9),
    )
    ratios.append(abs(gap.mean()) / by_rmse)

# %%
same = tight_pair(
    Lipschitz(dynamics=0.5, reward=1.0, policy=0.0),
    gamma=0.9,
    eps_dyn=0.1,
    eps_rew=0.05,
)
equal = -float(same.gap(600)) / return_gap_bound(
    Lipschitz(dynamics=0.5, reward=1.0, policy=0.0),
    gamma=0.9,
    eps_dyn=occupancy_rmse(np.full(600, 0.1), gamma=0.9),
    eps_rew=occupancy_rmse(np.full(600, 0.05), gamma=0.9),
)
say(
    f"{p.n_systems} random systems: ratio of gap to RMSE form up to "
    f"{max(ratios):.2f}, median {np.median(ratios):.2f}."
)
ledger.check(
    "no gap exceeds the bound along its real path, and none on average the RMSE form",
    above_path == 0 and max(ratios) <= 1,
    found=f"{above_path} systems above the path's bound, largest ratio "
    f"{max(ratios):.6g}",
)
ledger.check(
    "with constant errors the RMSE form is attained, to a relative $10^{-12}$",
    abs(equal - 1) < 1e-12,
    found=f"{equal:.15g}",
)

# %%
ledger.beyond(
    "beyond-rmse",
    "Eq. 1 with root mean squares under the real discounted occupancy and the "
    "constants of the learned maps",
    ours=f"largest ratio {max(ratios):.2f}, median {np.median(ratios):.2f}; equality "
    f"for constant errors",
    uncertainty="proved, the convexity step for four terms; the systems are a check",
    holds=len(rmse) and max(ratios) <= 1 and abs(equal - 1) < 1e-12,
)

# %% [markdown]
# ### Other sources, and what a planner may conclude
#
# A start that an encoder places $e_0$ off, and a policy that differs by $\epsilon_\pi$, enter the same recurrence:
#
# $$\frac{\epsilon_{rew}+L_r\epsilon_\pi}{1-\gamma}+\kappa\Big[\frac{e_0}{1-\gamma\Lambda}
# +\frac{\gamma(\epsilon_{dyn}+L_f\epsilon_\pi)}{(1-\gamma)(1-\gamma\Lambda)}\Big].$$
#
# It holds unchanged for stochastic dynamics $f(s,a,\xi)$ that are Lipschitz for each shared noise $\xi$, with the
# supremum over $(s,a,\xi)$. If $\hat\pi$ is $\eta$-optimal in the model and all policies concerned are $L_\pi$-Lipschitz, it is
# $(2b+\eta)$-optimal in reality, where $b$ is the bound; the factor 2 is attained by a bandit with two arms.

# %% tags=["proof"]
b, eta, d1, d2, d3 = sp.symbols("b eta sigma_1 sigma_2 sigma_3", nonnegative=True)
planning = Proof("Planning in the model")
regret = (b - d1) + (eta - d2) + (b - d3)
planning.at_most(
    regret,
    2 * b + eta,
    because="$J^*-\\hat J(\\pi^*)$, then $\\hat J(\\pi^*)-\\hat J(\\hat\\pi)$, then "
    "$\\hat J(\\hat\\pi)-J(\\hat\\pi)$.",
)

# %% tags=["proof"]
good, bad = (
    b,
    -b,
)  # true rewards of the two arms; the model sees 0 for both and may pick the bad one
planning.equal(
    good - bad,
    2 * b,
    because="Two arms with rewards $\\pm b$, both modelled as 0: the regret is $2b$.",
)

# %%
some, now = (
    Lipschitz(dynamics=0.6, reward=1.0, policy=0.5),
    {"gamma": 0.9, "eps_dyn": 0.1, "eps_rew": 0.05},
)
pair = tight_pair(some, **now)
J_hat = discounted_return(
    pair.learned, lambda s: pair.policy(s) + 0.02, np.array([0.03]), 2000
)
everything = return_gap_bound_all_sources(
    some, **now, eps_policy=0.02, start_error=0.03
)
say(
    f"Attaining system with a start error of 0.03 and a policy error of 0.02: gap "
    f"{float(J_hat):.5g}, bound {everything:.5g}."
)

# %%
ledger.beyond(
    "beyond-sources",
    "Start error and policy mismatch enter the same recurrence; a plan that is "
    "optimal in the model loses at most twice the bound",
    ours=f"attained: {float(J_hat):.5g}; factor 2 attained by a bandit",
    holds=len(planning) and abs(float(J_hat) / everything - 1) < 1e-12,
)

# %% [markdown]
# ## How long to imagine
#
# Roll $k$ imagined steps, then trust a critic within $\epsilon_V$ of the true value, whose Lipschitz constant is $L_V$.
# The error is at most $E(k)=\epsilon_{rew}S_k+\kappa\epsilon_{dyn}D_k+\gamma^k(\epsilon_V+L_V\delta_k)$. One more step changes it by
# $\gamma^k$ times a bracket that grows with $k$, so the best horizon is where the bracket changes sign.

# %% tags=["proof"]
kappa, e_dyn, e_rew, e_V, L_V = sp.symbols(
    "kappa epsilon_dyn epsilon_rew epsilon_V L_V", nonnegative=True
)
drift_k = e_dyn * geometric(Lam, k)


def E(steps):
    """The error bound after a number of imagined steps and a critic."""
    drift = e_dyn * geometric(Lam, steps)
    return (
        e_rew * geometric(g, steps)
        + kappa * e_dyn * D(steps)
        + g**steps * (e_V + L_V * drift)
    )


def bracket(drift):
    """What one more imagined step changes, up to the discount."""
    return (
        e_rew + g * L_V * e_dyn - (1 - g) * e_V + (kappa - L_V * (1 - g * Lam)) * drift
    )


stop = Proof("When to hand over")
step = stop.equal(
    E(k + 1) - E(k),
    g**k * bracket(drift_k),
    because="What one more imagined step changes.",
)
replace(
    step,
    statement=rf"E(k+1)-E(k) = "
    rf"\gamma^k\Big[{sp.latex(bracket(sp.Symbol('delta_k')))}\Big]",
)

# %% tags=["proof"]
generic = kappa / (1 - g * Lam)
lemma_1 = e_rew / (1 - g) + g * kappa * e_dyn / ((1 - g) * (1 - g * Lam))
stop.equal(
    bracket(drift_k).subs(L_V, generic),
    (1 - g) * (lemma_1 - e_V),
    because="With $L_V=\\kappa/(1-\\gamma\\Lambda)$ the bracket is constant.",
)

# %% [markdown]
# With the generic constant it is *all or nothing*: imagine for ever if the critic is worse than Lemma 1's bound, and not at
# all otherwise. A measured, smaller $L_V$, or growth beyond the contraction, gives an interior optimum:
#
# $$k^*=\min\{k:\delta_k\ge X\},\qquad X=\frac{(1-\gamma)\epsilon_V-\epsilon_{rew}-\gamma L_V\epsilon_{dyn}}{\kappa-L_V(1-\gamma\Lambda)}.$$

# %% mystnb={"figure": {"name": "fig-beyond-critic", "caption": "Error bound after $k$ imagined steps and a terminal critic, for three qualities of the critic, on this page's expansive system with $L_V=5$. Dots: the closed-form optimum $k^*$."}, "image": {"alt": "Three curves over the number of imagined steps, each falling first and then rising steeply; a dot at each minimum, farther right for a worse critic."}}
steps = np.arange(0, 41)
figure, axis = panels()
best, found = {}, True
for quality, colour in ((0.5, BLUE), (2.0, GREEN), (8.0, VERMILION)):
    choice = {**errors, "eps_value": quality, "value_lipschitz": 5.0}
    curve = critic_gap_bound(constants, **choice, steps=steps)
    best[quality] = optimal_imagination_horizon(constants, **choice)
    axis.semilogy(steps, curve, color=colour, label=f"$\\epsilon_V={quality:g}$")
    if best[quality] <= steps[-1]:
        axis.plot(best[quality], curve[int(best[quality])], "o", color=colour)
        found &= curve[int(best[quality])] <= curve.min() * (1 + 1e-12)
axis.set(xlabel="imagined steps $k$", ylabel="error bound $E(k)$ (reward)")
axis.legend()
plt.show()

# %%
say(
    "Best horizon: "
    + ", ".join(f"{k_:g} steps for $\\epsilon_V={v:g}$" for v, k_ in best.items())
    + "."
)
ledger.check("each closed-form optimum up to 40 steps is the curve's minimum", found)

# %%
wrong = interior = 0
for _ in range(500):
    growth, discount = generator.uniform(0.1, 1.5), generator.uniform(0.5, 0.98)
    measured = generator.uniform(0.05, 1) * min(
        1 / (1 - discount * growth) if discount * growth < 1 else 30, 30
    )
    choice = {
        "gamma": discount,
        "eps_dyn": 10 ** generator.uniform(-3, 0),
        "eps_rew": 10 ** generator.uniform(-3, 0),
        "eps_value": 10 ** generator.uniform(-1, 2),
        "value_lipschitz": measured,
    }
    some = Lipschitz(dynamics=growth, reward=1.0, policy=0.0)
    best_k = optimal_imagination_horizon(some, **choice)
    curve = critic_gap_bound(some, **choice, steps=np.arange(301))
    wrong += curve[int(min(best_k, 300))] > curve.min() * (1 + 1e-10)
    interior += 0 < best_k < 300
say(
    f"Against a search over 300 steps, on 500 random problems ({interior} with an "
    f"interior optimum): {wrong} wrong."
)

# %%
ledger.beyond(
    "beyond-imagination-horizon",
    "Closed-form best number of imagined steps before a terminal critic; all or "
    "nothing with the generic value constant",
    ours=f"500 random problems, {interior} interior, {wrong} wrong",
    uncertainty="identity proved; the problems are a check",
    holds=len(stop) and wrong == 0,
)

# %% [markdown]
# ## Results of this page

# %%
ledger.table()
