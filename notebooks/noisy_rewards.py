# %% [markdown]
# # Noisy rewards
#
# Labels from people are cheap when they are noisy. Theorem 2 says that REINFORCE stands it: the gradient stays
# unbiased, and its variance grows by a bounded amount that shrinks with the number of rollouts. At the end of this page
# you know for which of the two estimators in use that is true, what the growth is *exactly*, how far the paper's
# bound lies above it, and whether any of this decides how well a policy learns.

# %% tags=["parameters"]
n_rollouts = 20000  # rollouts of each measurement, linear system, in [1000, 2000000]
n_rollouts_neural = 5000  # rollouts, neural policy, in [1000, 500000]
# steps in an episode, paired with gammas, list of 2 or more
horizons = [20, 50, 100, 200]
gammas = [0.9, 0.95, 0.99, 0.99]  # discounts, one for each horizon, list of 2 or more
# variance of the noise of one label, reward squared, in (0, 1000000]
noise_variance = 1.0
policy_std = 0.5  # standard deviation of the policy's actions, in (0, 10]
hidden = 8  # tanh units of the neural policy, in [1, 64]
batch = 8  # rollouts in a batch where a baseline is computed, K, in [2, 64]
learning_seeds = 32  # repetitions of the learning experiment, in [20, 1000]
learning_updates = 40  # updates of the learning experiment, in [10, 10000]
seed = 0  # of every generator, each with its own offset, 0 or more

# %% tags=["hide-input", "open-chapter"]
from imagination.book.chapter import open_chapter

p, ledger = open_chapter(
    "noisy_rewards",
    globals(),
    covers="§5 up to Theorem 2, and its proof in B.6 (Eq. 5, 10–13)",
    leaves_out="what to pay for a label, and labels with a bias: the next two chapters",
    at_most_seconds=60,
)

# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import numpy as np
import sympy as sp
import torch
from scipy.stats import norm, spearmanr

from imagination.book.figures import BLACK, BLUE, GREY, ORANGE, VERMILION, panels
from imagination.book.ledger import needs_repair
from imagination.book.show import say
from imagination.proof import Proof
from imagination.rewards import enumeration as exact
from imagination.rewards.inflation import (
    exact_inflation,
    heteroscedastic_inflation,
    inflation_from_pairs,
    paper_bound,
    sharp_bound,
)
from imagination.rewards.label_budget import affordable_plan, learning_curves
from imagination.rewards.noise import Ar1Noise, EpisodeNoise, IidNoise, TerminalNoise
from imagination.rewards.reinforce import (
    batch_mean,
    leave_one_out,
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

use_style()
torch.set_num_threads(1)  # the tensors are small: threads would wait for each other


def generator(offset):
    """A fresh generator: each experiment has its own offset, so that it can be repeated alone."""
    return torch.Generator().manual_seed(p.seed + offset)


# %% [markdown]
# ## Which gradient?
#
# The paper's formulas for the estimator are lost; its prose is not. It fixes $J_H=\mathbb E\,G_0$, the discounted return
# $G_t$ *from $t$ onward*, and an estimator that sums score times return-to-go. That leaves two readings. With the score
# $w_t=\nabla_\theta\log\pi_\theta(a_t\mid s_t)$ and $G_t=\sum_{u\ge t}\gamma^{u-t}r_u$ they are
#
# $$\text{(A)}\quad \hat g=\sum_{t<H}w_t\,G_t,\qquad\qquad \text{(B)}\quad \hat g=\sum_{t<H}\gamma^t\,w_t\,G_t .$$
#
# The factor $H/(1-\gamma)^2$ of the bound points to (A), and (A) is what most code computes. We ask which of them has
# mean $\nabla J_H$. A two-state softmax MDP with a symbolic policy and a symbolic discount is small enough to sum over
# every trajectory. The gradient it is compared with comes from differentiating $J_H$, without any score.

# %%
gamma, sigma, p0, p1 = sp.symbols("gamma sigma p_0 p_1", positive=True)
R = sp.Rational
mdp = exact.SoftmaxMDP(
    next_state=((0, 1), (1, 0)),
    reward=((R(1, 2), 1), (-1, R(1, 3))),
    probability=(p0, p1),
    logit=(0, 1),
)
true_gradient = {
    H: exact.gradient(mdp, lambda m, H=H: exact.expected_return(m, H, gamma))
    for H in (1, 2, 3)
}
mean = {
    (H, B): exact.mean_gradient(mdp, H, gamma, discount_states=B)
    for H in (1, 2, 3)
    for B in (False, True)
}

# %%
unbiased = Proof("estimator (B) is unbiased")
for H in (1, 2, 3):
    for i in (0, 1):
        step = unbiased.equal(
            sp.factor(mean[H, True][i]),
            sp.factor(true_gradient[H][i]),
            because=f"mean over all {2**H} trajectories, $H={H}$, logit {i}, for every $p_0,p_1,\\gamma$",
        )
step

# %% [markdown]
# Six identities hold, the last of which is shown. For (A) they fail as soon as there is a second step and a discount:

# %%
bias_A = [
    sp.factor(a - b) for a, b in zip(mean[2, False], true_gradient[2], strict=True)
]
assert all(b != 0 for b in bias_A)
assert all(b.subs(gamma, 1) == 0 for b in bias_A)
assert all(
    sp.expand(a - b) == 0 for a, b in zip(mean[1, False], true_gradient[1], strict=True)
)
say(
    f"$H=2$: $\\mathbb E\\hat g^A-\\nabla J_H=\\big({sp.latex(bias_A[0])},\\ {sp.latex(bias_A[1])}\\big)$. "
    "It vanishes at $\\gamma=1$, as it does for $H=1$."
)

# %% [markdown]
# The general reason takes two lines. Past rewards do not depend on later actions and
# $\mathbb E[w_t\mid s_t]=\nabla\sum_a\pi(a\mid s_t)=0$, so
# $\nabla J_H=\sum_u\gamma^u\,\mathbb E[r_u\sum_{t\le u}w_t]=\sum_t\gamma^t\,\mathbb E[w_tG_t]$: the factor $\gamma^t$ is
# what remains of $\gamma^u$ after $\gamma^{u-t}$ has been used.
#
# ### It can point the wrong way
#
# One logit $\theta$ is shared by two states, $p$ is the probability of action 1, and $H=2$. The first step moves to
# the second state whatever the action. Action 1 earns $0.95$ in the first state and $-1$ in the second.

# %%
misled = exact.SoftmaxMDP(((1, 1), (1, 1)), ((0, R(19, 20)), (0, -1)), (p0,), (0, 0))
nine_tenths = R(9, 10)
(should,) = exact.gradient(misled, lambda m: exact.expected_return(m, 2, nine_tenths))
(does,) = exact.mean_gradient(misled, 2, nine_tenths, discount_states=False)
wrong_way = Proof("estimator (A) reversed")
wrong_way.equal(
    sp.Add(sp.factor(does), sp.factor(should), evaluate=False),
    0,
    because="at $\\gamma=9/10$ the mean of (A) is minus the gradient, at every $p$",
)

# %%
odds = sp.Symbol("x", positive=True)
wrong_way.positive(
    should.subs(p0, odds / (1 + odds)),
    because="and the gradient is not zero: with odds $x=p/(1-p)$ the return increases in $\\theta$ at every $p$",
)

# %%
half = {p0: R(1, 2)}
say(
    f"At $p=\\frac12$: $\\nabla J_H={sp.latex(should.subs(half))}$, $\\mathbb E\\hat g^A={sp.latex(does.subs(half))}$. "
    "Gradient ascent with (A) makes this policy worse at every step, with exact rewards and infinitely many rollouts."
)

# %% [markdown]
# ### The definition that makes section 5 true
#
# Take (B), and $g_H=\nabla J_H$. Then the mean in Theorem 2 is right, Proposition 2 is right, and the variance bound
# survives, as shown below. With (A), Theorem 2 is true only if $g_H$ is *defined* as $\sum_t\mathbb E[w_tG_t]$, which is no
# gradient of anything the paper names. In code the choice is the argument `discount_states`, which has no default.

# %% [markdown]
# ## Theorem 2, step by step
#
# ```{prf:theorem} REINFORCE under noisy rewards (Theorem 2, Eq. 5, repaired)
# :label: theorem-2
# :nonumber:
#
# Let $\hat r_t=r_t+\eta_t$, where given the whole trajectory the noise has mean 0, variance $\sigma_\eta^2$ and no correlation across time. Let
# $\gamma<1$, $\mathrm{Var}\,\hat g|_{\eta=0}<\infty$, $W_H^2=\mathbb E\max_t\lVert w_t\rVert^2<\infty$, and let gradient and expectation commute. With $K$ independent rollouts,
# estimator (B) has
#
# $$\mathbb E\,\hat g=\nabla J_H,\qquad \mathrm{Var}\,\hat g\le\mathrm{Var}\,\hat g|_{\eta=0}+\frac{\sigma_\eta^2HW_H^2}{K(1-\gamma)^2}.$$
#
# The variance bound holds for (A) too. Variance of a vector is the sum of its coordinates' variances.
# ```
#
# The proof follows the paper's, with each step asserted. Write $X_u=\sum_{t\le u}\gamma^{u-t}w_t$. Steps that hold for each
# coordinate are shown with scalar scores.

# %%
steps = Proof("Theorem 2")
w, eta = sp.symbols("w_0:5"), sp.symbols("eta_0:5")
for H in range(1, 6):
    by_time = sum(
        w[t] * sum(gamma ** (u - t) * eta[u] for u in range(t, H)) for t in range(H)
    )
    by_label = sum(
        eta[u] * sum(gamma ** (u - t) * w[t] for t in range(u + 1)) for u in range(H)
    )
    shown = steps.equal(
        by_time,
        by_label,
        because=f"(1) the estimator is linear in the noise: exchange the sums, $H={H}$",
    )
shown

# %% [markdown]
# For every $H$ it follows by induction. One more step adds $\gamma^{H-t}\eta_H$ to each return-to-go and one more score. Write
# $L$ for the sum so far and $S$ for $\sum_{t<H}\gamma^{H-t}w_t$:

# %%
L, S, w_H, eta_H = sp.symbols("L S w_H eta_H")
steps.equal(
    L + S * eta_H + w_H * eta_H,
    L + eta_H * (S + w_H),
    because="(1) induction: the added terms are the new label's noise times $X_H=S+w_H$",
)

# %% [markdown]
# Steps (2) and (3) are about the noise alone, with the trajectory held fixed: the values of $X_u$ are then constants.
# Every outcome of a $\pm\sigma$ noise is summed. Only mean, variance and absence of correlation are used, so what holds for this
# noise holds for each one with the same two moments.

# %%
X = sp.symbols("X_0:2", real=True)
outcomes = list(exact.rademacher(2, sigma))
conditional_mean = sp.Add(
    *[q * sum(n * x for n, x in zip(noise, X, strict=True)) for q, noise in outcomes],
    evaluate=False,
)
steps.equal(
    conditional_mean, 0, because="(2) given the trajectory the noise averages out"
)

# %%
second_moment = sum(
    q * sum(n * x for n, x in zip(noise, X, strict=True)) ** 2 for q, noise in outcomes
)
steps.equal(
    second_moment,
    sigma**2 * sum(x**2 for x in X),
    because="(3) given the trajectory the variance is $\\sigma^2\\sum_u\\lVert X_u\\rVert^2$",
)

# %% [markdown]
# Step (4) is the law of total variance. On the MDP above, at $p_0=\frac13$, $p_1=\frac35$ and symbolic $\gamma,\sigma$, all
# trajectories times all noise outcomes are summed, and the variance with noise is compared with its two parts.

# %%
numbers = exact.SoftmaxMDP(mdp.next_state, mdp.reward, (R(1, 3), R(3, 5)), mdp.logit)


def enumerate_variances(H, state):
    """Total variance with noise, without noise, and the mean of the conditional variance."""
    noisy, clean, within = [], [], 0
    for e in exact.episodes(numbers, H):
        clean.append(
            (
                e.probability,
                exact.estimate(e.scores, e.rewards, gamma, discount_states=state),
            )
        )
        for q, n in exact.rademacher(H, sigma):
            labels = [r + x for r, x in zip(e.rewards, n, strict=True)]
            value = exact.estimate(e.scores, labels, gamma, discount_states=state)
            noisy.append((q * e.probability, value))
            within += (
                q
                * e.probability
                * sum((a - b) ** 2 for a, b in zip(value, clean[-1][1], strict=True))
            )
    return exact.total_variance(noisy), exact.total_variance(clean), sp.expand(within)


variances = {
    (H, state): enumerate_variances(H, state)
    for H in (1, 2, 3)
    for state in (False, True)
}
for (H, state), (total, clean, within) in variances.items():
    shown = steps.equal(
        total - clean, sp.factor(within),
        because=f"(4) total variance, $H={H}$, estimator {'B' if state else 'A'}: the cross term is 0",
    )  # fmt: skip
shown

# %% [markdown]
# Step (5) bounds $X_u$ path by path. Let $M=\max_t\lVert w_t\rVert$ and $\lVert w_t\rVert=M-m_t$ with $m_t\ge0$. With $\gamma=1/(1+a)$ every
# $a>0$ is a discount below 1.

# %%
a, M = sp.symbols("a M", positive=True)
slack = sp.symbols("m_0:4", nonnegative=True)
discount = 1 / (1 + a)
norm_of_X = sum(discount ** (3 - t) * (M - slack[t]) for t in range(4))
steps.at_most(
    norm_of_X,
    M / (1 - discount),
    because="(5) triangle inequality and geometric series, shown for $u=3$",
)

# %%
T = sp.Symbol("T", nonnegative=True)  # T stands for gamma**(u+1), whatever u is
steps.equal(
    1 + gamma * (1 - T) / (1 - gamma), (1 - gamma * T) / (1 - gamma),
    because="(5) induction on $u$: $S_{u+1}=1+\\gamma S_u$ keeps the form $S_u=(1-\\gamma^{u+1})/(1-\\gamma)$",
)  # fmt: skip

# %%
steps.at_most(
    (1 - T) / (1 - discount),
    1 / (1 - discount),
    because="(5) so the series is at most $1/(1-\\gamma)$, for every $u$",
)

# %% [markdown]
# For (B), $X_u$ becomes $\gamma^u\sum_{t\le u}w_t$, of norm at most $(u+1)\gamma^uM$. That this is at most $M/(1-\gamma)$ as well
# is the one new step that the repair needs. Put $D_u=S_u-(u+1)\gamma^u$, which is 0 at $u=0$:

# %%
u, D, power = sp.symbols("u D_u P", nonnegative=True)  # P stands for gamma**u
S_u = D + (u + 1) * power
steps.equal(
    (1 + discount * S_u) - (u + 2) * discount * power,
    discount * D + (1 - discount * power),
    because="(5B) $D_{u+1}=\\gamma D_u+(1-\\gamma^{u+1})$, a sum of non-negative terms: so $(u+1)\\gamma^u\\le S_u\\le1/(1-\\gamma)$",
)

# %% [markdown]
# There are $H$ labels, so the conditional variance is at most $\sigma^2H\max_t\lVert w_t\rVert^2/(1-\gamma)^2$, and its mean at most
# $\sigma^2HW_H^2/(1-\gamma)^2$. Step (6) averages $K$ independent rollouts.

# %%
V1 = sp.Symbol("V_1", positive=True)
K = sp.Symbol("K", positive=True, integer=True)
cross = sp.Symbol("C")
steps.equal(
    (K * V1 + K * (K - 1) * cross) / K**2, V1 / K + (K - 1) * cross / K,
    because="(6) $K$ variances and $K(K-1)$ cross terms $C$, divided by $K^2$; by independence $C=0$, and $V_1/K$ remains",
)  # fmt: skip

# %% [markdown]
# Each of these steps has a false neighbour (sums exchanged the wrong way, noise with a mean, no cross terms, $1/K^2$ and
# others) that the checker refuses; they are kept as tests.

# %% [markdown]
# ### Three smaller repairs
#
# **Noise that reaches the state.** The text asks each $\eta_t$ to be independent of the state-action *history*. Unbiasedness
# needs less, only mean 0 given the past; the variance bound needs more, independence of the *whole* trajectory. Let the first
# label's error move the next true reward, $r_1=M\eta_0$ (a thermostat that reads the reward display): each $\eta_t$ is still independent of what came
# before it. With $H=2$, $p=\frac12$, two logits, $\gamma=0.9$, $\sigma=1$ and $r_0=0$:


# %%
def increase(M, state):
    """Exact growth of the variance when the noise of the first label reaches the second true reward."""
    leak = exact.SoftmaxMDP(
        ((1, 1), (1, 1)), ((0, 0), (0, 0)), (R(1, 2), R(1, 2)), (0, 1)
    )
    noisy, clean = [], []
    for e in exact.episodes(leak, 2):
        for q, n in exact.rademacher(2, 1):
            for labels, atoms in (
                ((n[0], M * n[0] + n[1]), noisy),
                ((0, M * n[0]), clean),
            ):
                atoms.append(
                    (
                        q * e.probability,
                        exact.estimate(
                            e.scores, labels, nine_tenths, discount_states=state
                        ),
                    )
                )
    return exact.total_variance(noisy) - exact.total_variance(clean)


allowed = paper_bound(0.25, 1.0, 0.9, 2)
rows = ["| M | increase, A | increase, B | bound |", "|---|---|---|---|"]
rows += [
    f"| {m} | {float(increase(m, False)):.5g} | {float(increase(m, True)):.5g} | {allowed:.3g} |"
    for m in (0, 3, 200)
]
say("\n".join(rows))
leak_breaks = increase(200, True) > allowed and increase(200, False) > allowed

# %% [markdown]
# **Three silent hypotheses.** A finite noise-free variance, the exchange of gradient and expectation, and $\gamma<1$; at $\gamma=1$ the
# bound is infinite, and the finite sums below replace it.
#
# **A learned reward network is not this noise.** Its error is a fixed function of $(s,a)$: the same in every rollout. Averaging $K$ rollouts then divides
# only part of it. Exactly, on the same MDP, with $\pm1$ errors drawn once for each of the four state-action pairs:


# %%
def mean_square_error(K, H=2, g=0.9):
    """Mean squared error of (B) with K rollouts: fresh errors for every label, and errors fixed per (s, a)."""
    at = {gamma: R(9, 10), sigma: 1}
    fresh = float(variances[H, True][0].subs(at)) / K
    truth = np.array(
        [
            float(x.subs({gamma: R(9, 10), p0: R(1, 3), p1: R(3, 5)}))
            for x in true_gradient[H]
        ]
    )
    fixed = []
    for signs in np.ndindex(2, 2, 2, 2):
        error = np.array(signs).reshape(2, 2) * 2 - 1
        rewards = tuple(
            tuple(r + int(e) for r, e in zip(x, y, strict=True))
            for x, y in zip(mdp.reward, error, strict=True)
        )
        drawn = exact.SoftmaxMDP(
            mdp.next_state, rewards, numbers.probability, mdp.logit
        )
        atoms = [
            (
                e.probability,
                exact.estimate(e.scores, e.rewards, R(9, 10), discount_states=True),
            )
            for e in exact.episodes(drawn, H)
        ]
        centre = np.array([float(sum(q * x[i] for q, x in atoms)) for i in (0, 1)])
        fixed.append(
            float(exact.total_variance(atoms)) / K + np.sum((centre - truth) ** 2)
        )
    return fresh, np.mean(fixed)


rows = ["| K | fresh noise | fixed error |", "|---|---|---|"]
table = {k: mean_square_error(k) for k in (1, 10, 1000, 100_000)}
rows += [f"| {k} | {fresh:.3g} | {fixed:.3g} |" for k, (fresh, fixed) in table.items()]
say("Mean squared error of the averaged gradient:\n\n" + "\n".join(rows))
assert table[100_000][1] > 1000 * table[100_000][0]

# %% [markdown]
# The fixed error stays. It belongs to Proposition 2, not here, and most learned reward models are of this kind.
#
# ## The exact inflation
#
# The paper bounds $\mathbb E\lVert X_u\rVert^2$ path by path and loses most of it there. Scores are martingale differences, so
# different steps are orthogonal, and the growth of the variance can be written down as an equality.
#
# ```{prf:theorem} Exact inflation (this book)
# :label: thm-exact-inflation
# :nonumber:
#
# For noise of variance $\sigma_\eta^2$ as in {prf:ref}`theorem-2`, the variance grows by exactly
#
# $$\text{(A)}\ \frac{\sigma_\eta^2}K\sum_{t<H}\mathbb E\lVert w_t\rVert^2\,\frac{1-\gamma^{2(H-t)}}{1-\gamma^2},\qquad
# \text{(B)}\ \frac{\sigma_\eta^2}K\sum_{t<H}\mathbb E\lVert w_t\rVert^2\,\frac{\gamma^{2t}-\gamma^{2H}}{1-\gamma^2}.$$
#
# With $\bar W^2=\max_t\mathbb E\lVert w_t\rVert^2\le W_H^2$ this is at most
#
# $$\text{(A)}\ \frac{\sigma_\eta^2\bar W^2}K\Big[\frac H{1-\gamma^2}-\frac{\gamma^2(1-\gamma^{2H})}{(1-\gamma^2)^2}\Big]\le\frac{\sigma_\eta^2H\bar W^2}{K(1-\gamma^2)},$$
#
# $$\text{(B)}\ \frac{\sigma_\eta^2\bar W^2}K\Big[\frac{1-\gamma^{2H}}{(1-\gamma^2)^2}-\frac{H\gamma^{2H}}{1-\gamma^2}\Big]\le\frac{\sigma_\eta^2\bar W^2}{K(1-\gamma^2)^2},$$
#
# with equality of the brackets when $\mathbb E\lVert w_t\rVert^2$ is the same at every step.
# ```

# %%
sharper = Proof("exact inflation")
action = sp.Symbol("p", positive=True)
sharper.equal(
    sp.Add(action * (1 - action), (1 - action) * (0 - action), evaluate=False), 0,
    because="the mean score of a state is 0, for every policy: so $\\mathbb E\\langle w_t,w_u\\rangle=0$ for $t<u$, given the past of $u$",
)  # fmt: skip

# %%
for t, later in ((0, 1), (0, 2), (1, 2)):
    product = exact.expectation(
        mdp,
        3,
        lambda e, t=t, v=later: sum(
            x * y for x, y in zip(e.scores[t], e.scores[v], strict=True)
        ),
    )
    shown = sharper.true(
        product == 0,
        shown=f"\\mathbb E\\,\\langle w_{t},w_{later}\\rangle=0",
        because="all eight trajectories summed, with a symbolic policy",
    )
shown

# %%
for (H, state), (total, clean, _) in variances.items():
    squares = [
        exact.expectation(numbers, H, lambda e, t=t: sum(w**2 for w in e.scores[t]))
        for t in range(H)
    ]
    formula = sum(
        (gamma ** (2 * t) if state else 1)
        * squares[t]
        * sum(gamma ** (2 * k) for k in range(H - t))
        for t in range(H)
    )
    shown = sharper.equal(
        sp.factor(total - clean), sigma**2 * formula,
        because=f"enumerated growth of the variance equals the formula, $H={H}$, estimator {'B' if state else 'A'}",
    )  # fmt: skip
shown

# %% [markdown]
# The two brackets are sums of $1+\gamma^2+\dots$; their closed forms are proved by induction on $H$, with $y=\gamma^2$ and $Y$ standing for
# $y^H$, so that no power of a symbolic exponent is needed.

# %%
y, Y, h = sp.symbols("y Y H", positive=True)
bracket_A = h / (1 - y) - y * (1 - Y) / (1 - y) ** 2
next_A = bracket_A.subs({h: h + 1, Y: Y * y}, simultaneous=True)
sharper.equal(
    next_A - bracket_A,
    (1 - Y * y) / (1 - y),
    because="(A): step $H$ adds $\\sum_{k\\le H}\\gamma^{2k}$; both sides are 0 at $H=0$",
)

# %%
bracket_B = (1 - Y) / (1 - y) ** 2 - h * Y / (1 - y)
next_B = bracket_B.subs({h: h + 1, Y: Y * y}, simultaneous=True)
sharper.equal(
    next_B - bracket_B,
    (h + 1) * Y,
    because="(B): step $H$ adds $(H+1)\\gamma^{2H}$; both sides are 0 at $H=0$",
)

# %%
within = {y: 1 / (1 + a), Y: 1 / (1 + T)}  # both in (0, 1): T > 0
sharper.at_most(
    bracket_A.subs(within),
    (h / (1 - y)).subs(within),
    because="(A) is at most $H/(1-\\gamma^2)$",
)

# %%
sharper.at_most(
    bracket_B.subs(within),
    (1 / (1 - y) ** 2).subs(within),
    because="(B) is at most $1/(1-\\gamma^2)^2$, whatever $H$ is",
)

# %%
g = 1 / (1 + a)
sharper.equal(
    h / (1 - g) ** 2 - h / (1 - g**2), 2 * g * h / ((1 - g) ** 2 * (1 + g)),
    because="the paper's constant exceeds the sharper one by a positive term: a factor $(1+\\gamma)/(1-\\gamma)$",
)  # fmt: skip

# %%
for H in (1, 2, 5):
    concrete = sp.cancel(bracket_B.subs({h: H, Y: y**H}))
    shown = sharper.limit(
        concrete,
        y,
        1,
        R(H * (H + 1), 2),
        because=f"as $\\gamma\\to1$ the brackets tend to $H(H+1)/2$, $H={H}$",
    )
shown

# %% [markdown]
# So the right constant is $1/(1-\gamma^2)$, not $1/(1-\gamma)^2$, and with the factor $\gamma^t$ the growth **does not depend on the horizon** at
# all once $\gamma^{2H}$ is small. At $\gamma=0.99$ the constant alone is worth a factor of 199.

# %% [markdown]
# ## Measured
#
# A Gaussian policy with linear mean steers a double integrator, and a small tanh network steers an upright pendulum. All rollouts advance
# together; the score of every step comes from `torch.func`. The measurement uses no formula of the theory. It has two forms: the difference of two sample
# variances, and the mean squared distance between the noisy and the noise-free gradient of the same rollout, which is far more precise and
# equals the first where the cross term of step (4) vanishes. $\pm$ is one standard error; $z$ is the distance from the exact formula in standard errors.

# %%
stand = LinearSystem(start_scale=0.3)
linear, gain = (
    LinearPolicy(2, 1, std=p.policy_std),
    torch.tensor([-1.0, -1.5], dtype=torch.float64),
)
noise = IidNoise(p.noise_variance)
cases = []
for i, (H, g) in enumerate(zip(p.horizons, p.gammas, strict=True)):
    for state in (False, True):
        study = measure_noisy_labels(
            stand, linear, gain, noise, g,
            n=p.n_rollouts, horizon=H, discount_states=state, generator=generator(10 + 2 * i + state),
        )  # fmt: skip
        squares = study.score_squares.numpy()
        formula = exact_inflation(squares, noise, g, discount_states=state)
        sharp = sharp_bound(
            squares.max(), p.noise_variance, g, H, discount_states=state
        )
        paper = paper_bound(study.score_bound_square, p.noise_variance, g, H)
        cases.append((H, g, "B" if state else "A", study, formula, sharp, paper))

# %%
rows = [
    "| H, γ | | measured | exact | z | z, difference of variances | sharper bound | paper's bound | paper ÷ measured |",
    "|---|---|---|---|---|---|---|---|---|",
]
for H, g, name, study, formula, sharp, paper in cases:
    m = study.excess
    rows.append(
        f"| {H}, {g:g} | {name} | {m.value:.4g} ± {m.standard_error:.2g} | {formula:.4g} | {m.z(formula):+.1f} | "
        f"{study.inflation.z(formula):+.1f} | {sharp:.3g} | {paper:.2g} | {paper / m.value:.3g} |"
    )
say("\n".join(rows))

# %% [markdown]
# Formula and bounds use the scores of the same rollouts. The probability that a correct formula fails $|z|\le4$ somewhere in the table is printed with the result.

# %%
z_values = [
    z for _, _, _, s, f, _, _ in cases for z in (s.excess.z(f), s.inflation.z(f))
]
false_alarm = 2 * norm.sf(4) * len(z_values)
assert max(map(abs, z_values)) < 4
assert max(c[3].shift for c in cases) < 4.5
ordered = all(c[4] <= c[5] <= c[6] for c in cases)
looseness = [c[6] / c[4] for c in cases]
say(
    f"Largest $|z|$ of {len(z_values)}: {max(map(abs, z_values)):.1f}; probability of a false alarm at 4: {false_alarm:.1g}. "
    f"The sharper bound is at most {max(c[5] / c[4] for c in cases):.2g} times the exact value, "
    f"the paper's {min(looseness):.3g} to {max(looseness):.3g} times."
)

# %% mystnb={"figure": {"name": "fig-noisy-rewards-inflation", "caption": "Variance that noisy labels add to one rollout's gradient, linear policy, per unit of noise variance. Points: measured, with error bars of two standard errors that are smaller than the points; lines: the exact formula, the sharper bound, the paper's bound. Left of each pair without the state discount (A), right with it (B)."}, "image": {"alt": "Four groups of points on a log axis from a hundred to a hundred million. Measured values lie on the exact formula, the sharper bound just above them, the paper's bound two to four decades higher."}}
figure, axes = panels(2, 1, height=2.9, sharex=True)
for axis, name in zip(axes, "AB", strict=True):
    chosen = [c for c in cases if c[2] == name]
    where = np.arange(len(chosen))
    axis.plot(where, [c[6] for c in chosen], "s--", color=GREY, label="paper's bound")
    axis.plot(where, [c[5] for c in chosen], "^-", color=ORANGE, label="sharper bound")
    axis.plot(where, [c[4] for c in chosen], "-", color=BLACK, label="exact formula")
    error = [2 * c[3].excess.standard_error for c in chosen]
    axis.errorbar(
        where,
        [c[3].excess.value for c in chosen],
        error,
        fmt="o",
        color=VERMILION,
        label="measured",
    )
    axis.set_yscale("log")
    axis.set(
        ylabel="added variance\n(gradient unit squared)", title=f"estimator {name}"
    )
axes[0].legend(fontsize=8.5, loc="upper left")
axes[1].set_xticks(where, [f"H={c[0]}\nγ={c[1]:g}" for c in chosen])
plt.show()

# %%
say(
    "Exact growth, A then B: "
    + "; ".join(
        f"$H={h},\\gamma={g:g}$: "
        + ", ".join(f"{c[4]:.3g}" for c in cases if c[:2] == (h, g))
        for h, g in dict.fromkeys(c[:2] for c in cases)
    )
    + "."
)

# %% [markdown]
# ### Over the discount and the horizon
#
# The same linear policy, with the scores of one long run. The formula needs only $\mathbb E\lVert w_t\rVert^2$, so curves cost nothing.

# %% mystnb={"figure": {"name": "fig-noisy-rewards-gamma", "caption": "Exact growth of the variance (solid: A, dashed: B) and the paper's bound (dotted), over the discount at H = 100 and over the horizon at γ = 0.95. With the state discount the growth levels off in the horizon; without it, it is linear."}, "image": {"alt": "Two log-axis panels. Over the discount all curves rise, the bound far above. Over the horizon estimator A and the bound grow, estimator B is flat."}}
long = measure_noisy_labels(
    stand,
    linear,
    gain,
    noise,
    0.95,
    n=2000,
    horizon=200,
    discount_states=True,
    generator=generator(30),
)
per_step, top = long.score_squares.numpy(), long.score_bound_square
discounts, lengths = np.linspace(0.5, 0.995, 60), np.arange(1, 201)
figure, axes = panels(2, 1, height=2.7)
for state, style, name in ((False, "-", "exact, A"), (True, "--", "exact, B")):
    axes[0].plot(
        discounts,
        [
            exact_inflation(per_step[:100], noise, d, discount_states=state)
            for d in discounts
        ],
        style,
        color=BLUE,
        label=name,
    )
    axes[1].plot(
        lengths,
        [
            exact_inflation(per_step[:n], noise, 0.95, discount_states=state)
            for n in lengths
        ],
        style,
        color=BLUE,
    )
axes[0].plot(
    discounts,
    [paper_bound(top, p.noise_variance, d, 100) for d in discounts],
    ":",
    color=GREY,
    label="paper's bound",
)
axes[1].plot(
    lengths,
    [paper_bound(top, p.noise_variance, 0.95, n) for n in lengths],
    ":",
    color=GREY,
)
axes[0].set(xlabel="discount γ (no unit)", ylabel="added variance", yscale="log")
axes[1].set(xlabel="horizon H (steps)", ylabel="added variance", yscale="log")
axes[0].legend()
plt.show()

# %%
flat = exact_inflation(per_step, noise, 0.95, discount_states=True) / exact_inflation(
    per_step[:100], noise, 0.95, discount_states=True
)
grows = exact_inflation(per_step, noise, 0.95, discount_states=False) / exact_inflation(
    per_step[:100], noise, 0.95, discount_states=False
)
say(
    f"From $H=100$ to $200$ at $\\gamma=0.95$ the growth is multiplied by {grows:.3g} (A) and {flat:.3g} (B)."
)

# %% [markdown]
# The sharper bound knows only the largest score. Here scores shrink as the system settles from its start, and that is what the bound loses:

# %%
say(
    f"$\\mathbb E\\lVert w_t\\rVert^2$ falls from {per_step[0]:.3g} at the first step to {per_step[-1]:.3g} at the last; "
    f"sharper bound over exact value at $H=200$: "
    + ", ".join(f"{c[5] / c[4]:.2g} ({c[2]})" for c in cases[-2:])
    + ". With scores of constant size it is 1."
)

# %% [markdown]
# ### A neural policy on a nonlinear system

# %%
net = NeuralPolicy(2, 1, hidden=p.hidden, std=p.policy_std)
weights = 0.5 * torch.randn(
    net.n_parameters, generator=generator(40), dtype=torch.float64
)
neural = []
for state in (False, True):
    study = measure_noisy_labels(
        Pendulum(), net, weights, IidNoise(100.0), 0.95,
        n=p.n_rollouts_neural, horizon=50, discount_states=state, generator=generator(41 + state), chunk=2048,
    )  # fmt: skip
    formula = exact_inflation(
        study.score_squares.numpy(), IidNoise(100.0), 0.95, discount_states=state
    )
    neural.append((study, formula))
assert max(abs(s.excess.z(f)) for s, f in neural) < 4
assert max(abs(s.inflation.z(f)) for s, f in neural) < 4
say(
    f"{net.n_parameters} weights, $H=50$, $\\gamma=0.95$, noise of variance 100: "
    + "; ".join(
        f"({n}) measured {s.excess.value:.3g} ± {s.excess.standard_error:.2g}, exact {f:.3g}, $z={s.excess.z(f):+.1f}$"
        for n, (s, f) in zip("AB", neural, strict=True)
    )
    + "."
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
structures = {
    "independent": (noise, 0.95, {}),
    "GAE, λ = 0.9": (noise, 0.95, {"trace": 0.9}),
    "10-step returns": (noise, 0.95, {"n_step": 10}),
    "AR(1), correlation 0.8": (Ar1Noise(p.noise_variance, 0.8), 0.95, {}),
    "one error per episode": (EpisodeNoise(p.noise_variance), 0.95, {}),
    "last label only, γ = 1": (TerminalNoise(p.noise_variance), 1.0, {}),
}
rows, structure_z = ["| noise | measured | formula | z |", "|---|---|---|---|"], []
for i, (name, (process, g, options)) in enumerate(structures.items()):
    study = measure_noisy_labels(
        stand, linear, gain, process, g,
        n=p.n_rollouts, horizon=50, discount_states=False, generator=generator(50 + i), **options,
    )  # fmt: skip
    formula = exact_inflation(
        study.score_squares.numpy(), process, g, discount_states=False, **options
    )
    structure_z.append(study.excess.z(formula))
    rows.append(
        f"| {name} | {study.excess.value:.4g} ± {study.excess.standard_error:.2g} | {formula:.4g} | {structure_z[-1]:+.1f} |"
    )
assert max(map(abs, structure_z)) < 4
say("\n".join(rows))

# %% [markdown]
# An error that lasts for the episode is the case in which $1/(1-\gamma)^2$ is the right order: $\mathrm{Var}(N_t)$ is then $\sigma^2$ times the square of a
# geometric sum. For independent noise it is the sum of squares.
#
# Two cases are outside the table. Noise that is **common to all rollouts** of a batch (one annotator, one bad day) is covered: scores of different rollouts are independent with mean 0, so the cross terms vanish and the growth is still divided by $K$. Noise whose variance
# **depends on state and action** is not independent of the trajectory; if it is uncorrelated across time the growth is exactly $\frac1K\sum_u\mathbb E[\sigma^2(s_u,a_u)\lVert X_u\rVert^2]$, at most the value for the largest variance.

# %%
draw, groups = generator(58), 4000
runs = rollout(stand, linear, gain, n=groups * p.batch, horizon=20, generator=draw)
score = scores(linear, gain, runs)
squares = score.square().sum(-1).mean(0).numpy()
common = noise.sample(groups, 20, generator=draw).repeat_interleave(p.batch, 0)
added = reinforce(score, returns_to_go(common, 0.95), 0.95, discount_states=True)
distance = added.reshape(groups, p.batch, 2).mean(1).square().sum(-1)
common_formula = exact_inflation(
    squares, noise, 0.95, discount_states=True, n_rollouts=p.batch
)
common_z = float((distance.mean() - common_formula) / (distance.std() / groups**0.5))

# %%
step_variance = 1 + torch.tanh(5 * runs.states[..., 0].square())  # between 1 and 2
uneven = step_variance.sqrt() * IidNoise(1.0).sample(
    groups * p.batch, 20, generator=draw
)
distance = (
    reinforce(score, returns_to_go(uneven, 0.95), 0.95, discount_states=True)
    .square()
    .sum(-1)
)
uneven_formula = heteroscedastic_inflation(
    step_variance, score, 0.95, discount_states=True
).value
uneven_z = float(
    (distance.mean() - uneven_formula) / (distance.std() / len(distance) ** 0.5)
)
at_most = exact_inflation(squares, IidNoise(2.0), 0.95, discount_states=True)
assert max(abs(common_z), abs(uneven_z)) < 4
assert uneven_formula < at_most
say(
    f"Common to a batch of $K={p.batch}$: $z={common_z:+.1f}$ against the formula with $1/K$. "
    f"State-dependent: $z={uneven_z:+.1f}$; value {uneven_formula:.3g}, at most {at_most:.3g}."
)

# %% [markdown]
# ### Baselines
#
# A baseline whose values do not depend on the noisy labels of the batch is subtracted from both gradients and cancels. One that is computed from the same labels does not: the batch
# mean contains $1/K$ of each rollout's own noise and takes it out; leave-one-out adds the others' noise.


# %%
def with_baseline(baseline, K=p.batch, n=4000):
    """Inflation relative to the formula, and K times the noise-free variance, over n batches of K."""
    g = generator(60)
    runs = rollout(stand, linear, gain, n=n * K, horizon=20, generator=g)
    score = scores(linear, gain, runs).reshape(n, K, 20, 2)
    rewards = runs.rewards.reshape(n, K, 20)
    labels = rewards + IidNoise(4.0).sample(n * K, 20, generator=g).reshape(n, K, 20)
    gradient = []
    for r in (labels, rewards):
        to_go = returns_to_go(r, 0.95)
        gradient.append(
            reinforce(
                score,
                to_go,
                0.95,
                discount_states=True,
                baseline=baseline(to_go, runs.states),
            ).mean(1)
        )
    formula = exact_inflation(
        score.square().sum(-1).mean((0, 1)).numpy(),
        IidNoise(4.0),
        0.95,
        discount_states=True,
    )
    distance = (gradient[0] - gradient[1]).square().sum(-1) * K / formula
    return (
        float(distance.mean()),
        float(distance.std() / n**0.5),
        float(gradient[1].var(0).sum() * K),
    )


baselines = {
    "none": lambda to_go, states: 0.0,
    "of the state, blind to the labels": lambda to_go, states: (
        -0.5 * states.square().sum(-1).reshape(to_go.shape)
    ),
    "batch mean": lambda to_go, states: batch_mean(to_go),
    "leave one out": lambda to_go, states: leave_one_out(to_go),
}
relative = {name: with_baseline(b) for name, b in baselines.items()}
rows = ["| baseline | inflation ÷ formula | K × noise-free variance |", "|---|---|---|"]
rows += [
    f"| {name} | {r:.3f} ± {e:.3f} | {v:.3g} |" for name, (r, e, v) in relative.items()
]
say(f"$K={p.batch}$:\n\n" + "\n".join(rows))

# %%
none, blind, batch_, others = (relative[name][0] for name in baselines)
assert np.isclose(none, blind, rtol=1e-10)
assert abs(batch_ / none - (1 - 1 / p.batch)) < 0.1 / p.batch + 0.02
assert abs(others / none - (1 + 1 / (p.batch - 1))) < 0.1 / p.batch + 0.02
say(
    f"Blind to the labels: ratio to no baseline {blind / none:.6f}. Batch mean {batch_ / none:.3f}, where $1-1/K={1 - 1 / p.batch:.3f}$; "
    f"leave-one-out {others / none:.3f}, where $1+1/(K-1)={1 + 1 / (p.batch - 1):.3f}$."
)

# %% [markdown]
# ### From data: label twice
#
# Nobody who buys labels knows $\sigma^2$. Label a sample of rollouts twice, independently given the rollout, and take half the mean squared distance of the two gradients: the
# noise-free part cancels.

# %%
runs = rollout(stand, linear, gain, n=p.n_rollouts, horizon=50, generator=generator(70))
score, labeller = scores(linear, gain, runs), generator(71)
first, second = (
    reinforce(
        score,
        returns_to_go(
            runs.rewards + noise.sample(p.n_rollouts, 50, generator=labeller), 0.95
        ),
        0.95,
        discount_states=True,
    )
    for _ in range(2)
)
twice = inflation_from_pairs(first, second)
twice_formula = exact_inflation(
    score.square().sum(-1).mean(0).numpy(), noise, 0.95, discount_states=True
)
assert abs(twice.z(twice_formula)) < 4
say(
    f"Labelled twice: {twice.value:.4g} ± {twice.standard_error:.2g}; formula {twice_formula:.4g}; $z={twice.z(twice_formula):+.1f}$."
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
V1 = float(
    reinforce(
        score,
        returns_to_go(probe.rewards, g),
        g,
        discount_states=True,
        baseline=centred,
    )
    .var(0)
    .sum()
)
Q = exact_inflation(
    score.square().sum(-1).mean(0).numpy(), IidNoise(1.0), g, discount_states=True
)
label_variance = 32 * V1 / Q

# %%
plans = {
    (base, m): affordable_plan(m, budget=budget, base_cost=base, label_cost=1.0)
    for base, budget, choices in ((0, 128, (1, 4, 16)), (8, 480, (1, 4, 16, 64)))
    for m in choices
}
predicted = {
    key: (V1 + Q * label_variance / plan.annotators) / plan.n_rollouts
    for key, plan in plans.items()
}


def learn(plan, **rule):
    """Learning curves of one plan under one step rule, the same random numbers for every plan."""
    return learning_curves(
        Pendulum(), learner, start, plan, label_variance=label_variance, gamma=g, horizon=H,
        n_updates=p.learning_updates, n_seeds=p.learning_seeds, evaluate_every=5, generator=generator(91), **rule,
    )  # fmt: skip


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
    name: {key: c[:, 1:].mean(1) for key, c in by_plan.items()}
    for name, by_plan in curves.items()
}


def summary(name, key):
    """Mean score over seeds and its standard error."""
    x = score_of[name][key]
    return float(x.mean()), float(x.std() / p.learning_seeds**0.5)


in_order = sorted(plans, key=predicted.get)
rows = [
    "| $c_0$ | annotators m | rollouts K | predicted variance | return, plain | return, fixed length |",
    "|---|---|---|---|---|---|",
]
rows += [
    f"| {k[0]} | {k[1]} | {plans[k].n_rollouts} | {predicted[k]:.3g} | "
    + " | ".join("{:.2f} ± {:.2f}".format(*summary(name, k)) for name in rules)
    + " |"
    for k in in_order
]
say("\n".join(rows))

# %% mystnb={"figure": {"name": "fig-noisy-rewards-learning", "caption": "REINFORCE on the pendulum with labels of equal cost, steps of fixed length. Top: true return against money spent, price list with a base cost; bands are one standard error over seeds. Bottom: mean return of every plan against the variance predicted before training; bars are one standard error over seeds."}, "image": {"alt": "Four rising curves that start together; the plan with a single annotator lies lowest, the one with sixteen highest. Below, seven points that fall from upper left to lower right."}}
figure, axes = panels(2, 1, height=3.0)
spent = 480 * 5 * np.arange(next(iter(curves["plain"].values())).shape[1])
for (base, m), curve in curves["fixed length"].items():
    if base == 8:
        middle, band = (
            curve.mean(0).numpy(),
            (curve.std(0) / p.learning_seeds**0.5).numpy(),
        )
        axes[0].plot(
            spent / 1000, middle, label=f"m = {m}, K = {plans[base, m].n_rollouts}"
        )
        axes[0].fill_between(spent / 1000, middle - band, middle + band, alpha=0.2)
axes[0].set(
    xlabel="money spent (thousands; one annotator for a rollout costs 1)",
    ylabel="true return (reward)",
)
axes[0].legend(fontsize=8.5)
for base, marker in ((0, "o"), (8, "s")):
    chosen = [k for k in plans if k[0] == base]
    value, bar = np.array([summary("fixed length", k) for k in chosen]).T
    axes[1].errorbar(
        [predicted[k] for k in chosen], value, bar, fmt=marker, label=f"$c_0={base}$"
    )
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
verdicts = {}
for name in rules:
    rank, rank_p = spearmanr(
        [predicted[k] for k in plans], [summary(name, k)[0] for k in plans]
    )
    difference = score_of[name][in_order[0]] - score_of[name][in_order[-1]]
    gap, gap_error = (
        float(difference.mean()),
        float(difference.std() / p.learning_seeds**0.5),
    )
    verdicts[name] = rank < 0 and rank_p < 0.05
    say(
        f"Step rule *{name}*: rank correlation of predicted variance and return over {len(plans)} plans {rank:.2f} (p = {rank_p:.2g}). "
        f"Least minus largest predicted variance: {gap:+.2f} ± {gap_error:.2f} in return. "
        + (
            "The prediction orders the plans."
            if verdicts[name]
            else "No significant order at 5 %."
        )
    )

# %%
say(
    "Where steps are long enough for noise to be the limit, the variance decides how well REINFORCE learns, and the prediction made "
    "before training picks the right number of annotators. With small plain steps, averaging over many updates does what averaging "
    "over rollouts does, and plans of equal cost are hard to tell apart."
    if verdicts["fixed length"] and not verdicts["plain"]
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
literal_fails = bias_A[0] != 0 and len(wrong_way) == 2 and bool(leak_breaks)
ledger.decide(
    "theorem-2",
    ours=f"true with $\\gamma^t$ and noise independent of the trajectory; without $\\gamma^t$ the mean can be $-\\nabla J_H$. The bound is {min(looseness):.3g} to {max(looseness):.3g} times the exact value",
    uncertainty=f"{len(unbiased) + len(steps)} steps asserted; measured |z| ≤ {max(map(abs, z_values)):.1f}",
    verdict=needs_repair(literal_fails=literal_fails, repaired=steps),
)

# %%
ledger.beyond(
    "noisy-exact-inflation",
    "The variance that noisy labels add is $\\frac{\\sigma^2}K\\sum_t\\gamma^{2t}\\mathbb E\\|w_t\\|^2\\frac{1-\\gamma^{2(H-t)}}{1-\\gamma^2}$, an equality, and bounded in $H$",
    ours=f"{len(sharper)} steps asserted, {len(cases)} settings measured",
    uncertainty=f"largest |z| {max(map(abs, z_values)):.1f}",
    holds=len(sharper) > 0 and max(map(abs, z_values)) < 4 and ordered,
)
ledger.beyond(
    "noisy-one-formula",
    "One formula covers GAE, n-step returns, correlated, per-episode and terminal noise",
    ours=f"{len(structures)} structures measured",
    uncertainty=f"largest |z| {max(map(abs, structure_z)):.1f}",
    holds=max(map(abs, structure_z)) < 4,
)
ledger.beyond(
    "noisy-baselines",
    "A baseline blind to the batch's labels leaves the added variance unchanged; batch mean and leave-one-out shift it by $O(1/K)$",
    ours=f"ratios {blind / none:.3f}, {batch_ / none:.3f}, {others / none:.3f} at $K={p.batch}$",
    uncertainty="paired batches",
    holds=np.isclose(none, blind, rtol=1e-10) and batch_ < none < others,
)
ledger.beyond(
    "noisy-label-twice",
    "Half the mean squared distance of two gradients from two sets of labels estimates the added variance",
    ours=f"{twice.value:.4g} against {twice_formula:.4g}",
    uncertainty=f"± {twice.standard_error:.2g}",
    holds=abs(twice.z(twice_formula)) < 4,
)
ledger.beyond(
    "noisy-learning",
    "With steps of fixed length, the variance predicted before training orders plans of equal cost by how well REINFORCE learns",
    ours="; ".join(
        f"{name}: {'ordered' if v else 'no significant order'}"
        for name, v in verdicts.items()
    ),
    uncertainty=f"{len(plans)} plans, {p.learning_seeds} seeds, rank test at 5 %",
    holds=verdicts["fixed length"],
)

# %%
ledger.table()
