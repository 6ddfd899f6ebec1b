# %% [markdown]
# # Beyond one split
#
# Theorem 1 answers one question: how to split one budget between two kinds of samples, once, exactly. This page goes on
# with the same problem and asks what its neighbours ask. At the end of it you know how the best split grows with
# the budget, what any other split costs, how much money a wanted error takes, and what to do if you buy in batches, in whole
# samples, from more than two sources, or where no contraction holds. None of this is in the paper.

# %% tags=["parameters"]
exponent_dyn = 0.3  # alpha, exponent of the dynamics error norm, in [0.01, 3]
exponent_rew = 0.9  # beta, exponent of the reward error norm, in [0.01, 3]
scale_dyn = 1.0  # A_d, unit state, in [1e-06, 1000000]
scale_rew = 1.0  # A_r, unit reward, in [1e-06, 1000000]
cost_dyn = 1.0  # cost of a dynamics sample, unit money, in [1e-06, 1000000]
cost_rew = 5.0  # cost of a reward sample, unit money, in [1e-06, 1000000]
budget = 10000.0  # budget, unit money, in [0.001, 1e+12]
gamma = 0.9  # discount, in [1e-06, 1)
lipschitz_dyn = 0.5  # L_f, in the sum metric, in [0, 100]
lipschitz_rew = 1.0  # L_r, unit reward per state, in [1e-06, 1000000]
lipschitz_pi = 0.4  # L_pi, unit action per state, in [0, 100]
n_problems = 20000  # number of random problems, in [100, 1000000]
seed = 0  # seed of the one generator, 0 or more

# %% tags=["hide-input", "open-chapter"]
from imagination.book.chapter import open_chapter

p, ledger = open_chapter(
    "beyond_one_split",
    globals(),
    covers="what follows from Theorem 1 (§4), and flag 4f of the chapter before",
    leaves_out="errors of the exponents themselves, which {doc}`plan_your_budget` has",
    at_most_seconds=30,
)

# %% tags=["hide-input"]
import inspect
import math
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import sympy as sp
from scipy.optimize import minimize

from imagination import Lipschitz, PowerLaw, return_gap_bound
from imagination.book.figures import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    VERMILION,
    panels,
)
from imagination.book.show import say, table
from imagination.budget.allocation import (
    Problem,
    budget_for_target,
    clamped,
    random_problems,
    solve,
)
from imagination.budget.buying import (
    DataKind,
    greedy_path,
    optimal_counts,
    whole_counts,
)
from imagination.budget.regret import minimax_share, regret, worst_even_split
from imagination.budget.statics import local_exponent, reward_count_on_path
from imagination.gap.expansive import hoelder_exponent, local_minima
from imagination.gap.lipschitz import dynamics_weight
from imagination.proof import Proof

# %% [markdown]
# The problem is that of {doc}`allocation`, with its best split:

# %%
constants = Lipschitz(
    dynamics=p.lipschitz_dyn, reward=p.lipschitz_rew, policy=p.lipschitz_pi
)
K_value = dynamics_weight(constants, gamma=p.gamma)
problem = Problem.from_laws(
    PowerLaw(p.scale_dyn, p.exponent_dyn),
    PowerLaw(p.scale_rew, p.exponent_rew),
    weight=K_value,
    budget=p.budget,
    cost_dyn=p.cost_dyn,
    cost_rew=p.cost_rew,
)
best = solve(problem)
say(
    f"$K={K_value:.3g}$, a budget of {p.budget:g} and samples at {p.cost_dyn:g} and "
    f"{p.cost_rew:g}: {best.n_dyn:.4g} of dynamics and {best.n_rew:.4g} of rewards, "
    f"{best.share_dyn:.1%} of the money for dynamics."
)

# %% [markdown]
# In symbols, with the marginal condition that is {prf:ref}`theorem-1` before its coefficients are put in (Eq. 9):

# %% tags=["proof"]
N_d, N_r, alpha, beta = sp.symbols("N_dyn N_rew alpha beta", positive=True)
c_d, c_r, B, C_d, C_r = sp.symbols("c_dyn c_rew B C_d C_r", positive=True)
equation_9 = alpha / beta * c_r / c_d * (C_d * N_d**-alpha) / (C_r * N_r**-beta)
growth = Proof("Growth law")
U = C_d * N_d**-alpha + C_r * N_r**-beta
growth.equal(
    (sp.diff(U, N_d) / c_d) / (sp.diff(U, N_r) / c_r),
    equation_9 / (N_d / N_r),
    because="Eq. 9 says that the last unit of money lowers the bound by the same on "
    "both sides.",
)

# %% [markdown]
# ## How the split grows
#
# ### Growth law and limits
#
# At every budget, $N^*_{rew}$ is a power of $N^*_{dyn}$ with the exponent $\frac{\alpha+1}{\beta+1}$. The slower learner
# takes all the money in the end: with $\alpha<\beta$ the share of dynamics tends to 1 as money comes in, and $\rho=N^*_{dyn}/N^*_{rew}$
# grows like $B^{(\beta-\alpha)/(\beta+1)}$.

# %% tags=["proof"]
k = (beta * C_r * c_d / (alpha * C_d * c_r)) ** (1 / (beta + 1))
on_path = k * N_d ** ((alpha + 1) / (beta + 1))
growth.equal(
    sp.expand_log(sp.log((equation_9 / (N_d / N_r)).subs(N_r, on_path)), force=True),
    0,
    because="On $N_{rew}=k\\,N_{dyn}^{(\\alpha+1)/(\\beta+1)}$ Eq. 9 holds "
    "identically.",
)

# %% tags=["proof"]
x = sp.Symbol("x", positive=True)  # square root of N_dyn
half_power = on_path.subs({beta: 2 * alpha + 1, N_d: x**2})
k_half = k.subs(beta, 2 * alpha + 1)
root = (-c_r * k_half + sp.sqrt((c_r * k_half) ** 2 + 4 * B * c_d)) / (2 * c_d)
q = sp.Symbol("k", positive=True)
growth.equal(
    sp.powdenest(half_power, force=True),
    k_half * x,
    because="With $\\beta=2\\alpha+1$ the path is a square root.",
)

# %% tags=["proof"]
solved = root.subs(k_half, q)
growth.equal(
    c_d * solved**2 + c_r * q * solved,
    B,
    because="Then the budget is a quadratic equation in $\\sqrt{N_{dyn}}$: closed "
    "form.",
)

# %% tags=["proof"]
equal_exponents = (C_d * c_r / (C_r * c_d)) ** (1 / (1 + alpha))
at_equal = (equation_9 / (N_d / N_r)).subs(beta, alpha)
growth.equal(
    sp.expand_log(sp.log(at_equal.subs(N_d, equal_exponents * N_r)), force=True),
    0,
    because="With $\\alpha=\\beta$ the ratio is "
    "$(KA_dc_{rew}/(A_rc_{dyn}))^{1/(1+\\alpha)}$ "
    "at every budget.",
)

# %%
growth

# %% mystnb={"figure": {"name": "fig-allocation-growth", "caption": "Above: optimal counts against the budget on logarithmic axes, at the parameters of this page. The dotted line is the growth law, computed from the dynamics count alone. Below: share of the money that goes to dynamics."}, "image": {"alt": "Upper panel: two increasing lines against the budget and a dotted line that covers the one of rewards. Lower panel: the share of dynamics against the budget."}}
budgets = p.budget * np.logspace(-3, 4, 200)
path = solve(replace(problem, budget=budgets))
by_law = reward_count_on_path(problem, path.n_dyn)
figure, (upper, lower) = panels(2, 1, height=2.6, sharex=True)
upper.loglog(budgets, path.n_dyn, color=BLUE, label="dynamics")
upper.loglog(budgets, path.n_rew, color=VERMILION, label="reward")
upper.loglog(budgets, by_law, ":", color=BLACK, label="growth law")
upper.set(ylabel="samples")
upper.legend()
lower.semilogx(budgets, path.share_dyn, color=BLUE)
lower.set(xlabel="budget (money)", ylabel="share of dynamics", ylim=(0, 1))
plt.show()

# %%
vast = solve(replace(problem, budget=np.array([1e60, 1e61])))
slope = np.diff(np.log(vast.ratio))[0] / math.log(10)
larger = max(p.exponent_dyn, p.exponent_rew)
theory = (p.exponent_rew - p.exponent_dyn) / (1 + larger)
three = solve(replace(problem, budget=p.budget * np.array([1e-3, 1, 1e4])))
say(
    f"Slope of $\\ln\\rho$ at budgets near $10^{{60}}$: {slope:.4f}, in the limit "
    f"{theory:.4f}. Share of dynamics with a thousandth of the budget, with the budget "
    "and with ten thousand times the budget: "
    f"{', '.join(f'{share:.3f}' for share in three.share_dyn)}."
)

# %%
off_path = np.abs(by_law / path.n_rew - 1).max()
follows = ledger.check(
    "the growth law and the solver agree to a relative $10^{-11}$ at all budgets of "
    "the picture",
    off_path < 1e-11,
    found=f"they are {off_path} apart",
)

# %%
ledger.beyond(
    "allocation-growth-law",
    "Along the optimal path $N_{rew}\\propto N_{dyn}^{(\\alpha+1)/(\\beta+1)}$ "
    "exactly, "
    "so the slower learner takes all the money in the end",
    ours=f"{len(growth)} steps asserted",
    holds=len(growth) > 0 and follows,
)

# %% [markdown]
# ### What the last unit of money buys: the envelope
#
# The best attainable bound falls with the budget at the rate $\frac{\alpha D+\beta R}{D+R}$, where $D,R$ are its two parts:
# between the exponents, and ever closer to the smaller one.

# %%
h = 1e-5
values = [
    solve(replace(problem, budget=p.budget * np.exp(x))).objective for x in (h, -h)
]
numeric = -np.log(values[0] / values[1]) / (2 * h)
rates = local_exponent(replace(problem, budget=p.budget * np.array([1e-3, 1, 1e4])))
say(
    f"Here $-d\\ln\\mathcal U^*/d\\ln B={numeric:.4f}$ by a finite difference and "
    f"{rates[1]:.4f} by the formula; with a thousandth of the budget and with ten "
    f"thousand times the budget it is {rates[0]:.4f} and {rates[2]:.4f}, with "
    f"exponents "
    f"{p.exponent_dyn:g} and {p.exponent_rew:g}."
)

# %%
ledger.check(
    "formula and finite difference agree to $10^{-8}$",
    abs(numeric - rates[1]) < 1e-8,
    found=f"{numeric} and {rates[1]}",
)

# %% [markdown]
# ## The price of another split
#
# The regret of any share is exact and depends on the constants only through the best share:
#
# $$\frac{\mathcal U(s)}{\mathcal U^*}=w\Big(\frac{s^*}s\Big)^\alpha+(1-w)\Big(\frac{1-s^*}{1-s}\Big)^\beta,\qquad
# w=\frac{s^*/\alpha}{s^*/\alpha+(1-s^*)/\beta}.$$

# %% tags=["proof"]
price = Proof("Regret of a share")
s_best, s_any, D, R = sp.symbols("s_best s D R", positive=True)
w = (s_best / alpha) / (s_best / alpha + (1 - s_best) / beta)
price.equal(
    (D / (D + R)).subs(R, D * alpha * (1 - s_best) / (beta * s_best)),
    w,
    because="At the optimum $\\alpha D:\\beta R=s^*:(1-s^*)$, so the dynamics part of "
    "the "
    "bound is $w$.",
)

# %% tags=["proof"]
ratio_dyn = (C_d * (s_any * B / c_d) ** -alpha) / (C_d * (s_best * B / c_d) ** -alpha)
price.equal(
    sp.expand_log(sp.log(ratio_dyn), force=True),
    sp.expand_log(alpha * sp.log(s_best / s_any), force=True),
    because="Another share multiplies the dynamics term by $(s^*/s)^\\alpha$, and the "
    "reward term likewise.",
)

# %% tags=["proof"]
z = sp.Symbol("z", positive=True)
share = 1 / (1 + z)  # a best share below 1
even_factor = (share / sp.Rational(1, 2)) ** alpha  # of the dynamics term
price.nonnegative(
    sp.expand_log(sp.log(2**alpha) - sp.log(even_factor), force=True),
    because="At $s=\\tfrac12$ the dynamics term grows by at most $2^\\alpha$: the "
    "logarithm "
    "of the quotient is not negative.",
)

# %% tags=["proof"]
gap = sp.Symbol("delta", nonnegative=True)
price.nonnegative(
    sp.expand_log(sp.log(2 ** (alpha + gap)) - sp.log(2**alpha), force=True),
    because="And $2^\\alpha\\le2^{\\max(\\alpha,\\beta)}$; likewise for the reward "
    "term. So "
    "50/50 costs at most $2^{\\max(\\alpha,\\beta)}$.",
)

# %% mystnb={"figure": {"name": "fig-allocation-regret", "caption": "Regret of a spend share, at the parameters of this page: the formula (line) and the ratio of objectives (dots). Marked are the optimum, the even split and the share that is safest without knowing any constant but the exponents (minimax)."}, "image": {"alt": "A U-shaped curve against the share of dynamics with its minimum of one at the optimal share; the even split and the minimax share are marked on it."}}
shares = np.linspace(0.02, 0.995, 300)
by_formula, some = regret(problem, shares), slice(None, None, 15)
safe, most = minimax_share(p.exponent_dyn, p.exponent_rew)
marked = (
    (best.share_dyn, BLUE, "optimum", "o"),
    (0.5, VERMILION, "even split", "s"),
    (safe, GREEN, "minimax", "^"),
)
figure, axis = panels()
axis.plot(shares, by_formula, color=BLACK, label="formula")
ratios = problem.objective(shares[some]) / best.objective
axis.plot(shares[some], ratios, ".", color=GREY, label="ratio of objectives")
for at, colour, name, mark in marked:
    cost = regret(problem, at) if 0 < at < 1 else 1.0  # a share may round to an end
    axis.plot([at], [cost], mark, color=colour, markersize=8, label=name)
axis.set(
    xlabel="share of the money that goes to dynamics",
    ylabel="bound over best bound",
    ylim=(0.9, 3),
)
axis.legend()
plt.show()

# %%
many = random_problems(p.n_problems, generator=np.random.default_rng(p.seed))
same = replace(many, exponent_dyn=p.exponent_dyn, exponent_rew=p.exponent_rew)
all_even, all_safe = regret(many, 0.5), regret(same, safe)
limit = 2.0 ** np.maximum(many.exponent_dyn, many.exponent_rew)
say(
    f"Here 50/50 costs a factor {regret(problem, 0.5):.3f}, and whatever the constants "
    "at most $2^{\\max(\\alpha,\\beta)}"
    f"={worst_even_split(p.exponent_dyn, p.exponent_rew):.3f}$. The minimax share is "
    f"{safe:.3f} and never costs more than {most:.3f}. On {p.n_problems} random "
    f"problems "
    f"the even split costs {np.median(all_even):.2f} in the median, and at most "
    f"{(all_even / limit).max():.3f} of its limit."
)

# %%
within = [
    ledger.check(
        "the regret is the ratio of objectives to a relative $10^{-10}$",
        np.allclose(by_formula[some], ratios, rtol=1e-10, atol=0),
    ),
    ledger.check(
        "no even split of a random problem costs more than its limit",
        np.all(all_even <= limit * (1 + 1e-12)),
        found=f"{np.sum(all_even > limit * (1 + 1e-12))} do",
    ),
    ledger.check(
        "no random problem with the exponents of this page makes the minimax share "
        "cost more than its limit",
        np.all(all_safe <= most * (1 + 1e-12)),
        found=f"{np.sum(all_safe > most * (1 + 1e-12))} do",
    ),
]

# %%
ledger.beyond(
    "allocation-even-split",
    "An even split of the money is never worse than $2^{\\max(\\alpha,\\beta)}$ times "
    "the "
    "optimum",
    ours=f"{len(price)} steps asserted; {'no' if within[1] else 'a'} violation on "
    f"{p.n_problems} random problems",
    holds=len(price) > 0 and within[1],
)

# %% [markdown]
# ## The question turned round: least budget for a target
#
# With $w$ the dynamics part of the wanted error $\tau$, the least budget is again the root of one equation of one bend.
# Going there and back:

# %%
budget_back, split_back = budget_for_target(many, solve(many).objective)
off = np.abs(budget_back / many.budget - 1).max()
needed, plan = budget_for_target(problem, best.objective / 2)
say(
    f"{p.n_problems} round trips take at most {split_back.iterations} updates. To "
    f"halve "
    f"the bound of this page takes {needed / p.budget:.3g} times the money, "
    f"{plan.share_dyn:.1%} of it for dynamics."
)

# %%
returned = ledger.check(
    "the round trips return the budget to a relative $10^{-10}$",
    off < 1e-10,
    found=f"off by {off}",
)

# %%
ledger.beyond(
    "allocation-inverse",
    "The least budget for a target error is the root of one equation, solved by Newton "
    "from a fixed start",
    ours=f"round trips on {p.n_problems} problems, at most {split_back.iterations} "
    f"updates",
    uncertainty="relative $10^{-10}$",
    holds=returned,
)

# %% [markdown]
# ## Buying one batch at a time
#
# The next unit of money should go to dynamics exactly when $\frac{\alpha D}{c_{dyn}N_{dyn}}>\frac{\beta R}{c_{rew}N_{rew}}$. Because the
# optimum is nested, somebody on the optimal path stays on it by this rule. Somebody off it first buys only the
# under-funded kind. Two buyers, each with a hundredth of the budget spent: one as is best, one with 99 % of it on the kind
# that deserves less of the whole.

# %% tags=["hide-input", "hide-output"]
say(f"```python\n{inspect.getsource(greedy_path)}```")

# %%
start = replace(problem, budget=p.budget / 100)
on_the_path = solve(start)
lopsided = start.counts(0.99 if best.share_dyn < 0.5 else 0.01)
rows = []
for name, point in (
    ("on the path", (on_the_path.n_dyn, on_the_path.n_rew)),
    ("off the path", (float(lopsided[0]), float(lopsided[1]))),
):
    for pieces in (10, 100, 1000):
        counts = greedy_path(problem, *point, increment=p.budget / pieces)
        above = float(sum(problem.terms(*counts))) / best.objective - 1
        shown = f"{100 * above:.1g} %" if above > 1e-6 else "below 0.0001 %"
        rows.append([name, f"1/{pieces}", shown])
table(["start", "increment (of the budget)", "bound above the optimum"], rows)

# %% [markdown]
# ## More than two kinds of data, and errors that do not vanish
#
# With kinds $j$ of data whose errors are $\epsilon_j=E_j+A_jN_j^{-\alpha_j}$, the money on each is in proportion to $\alpha_j$ times its
# *reducible* term, and one price of money solves for all. Eq. 4 holds with $\epsilon-E$ in place of $\epsilon$. Four kinds,
# against a general solver that works on the shares:

# %%
kinds = [
    DataKind(1.0, 0.3, 1.0, 2.0, 0.01),
    DataKind(5.0, 0.9, 0.1),
    DataKind(0.2, 0.5, 4.0, 7.0, 0.05),
    DataKind(2.0, 1.4, 2.0),
]
counts, updates = optimal_counts(kinds, budget=p.budget)
costs = np.array([kind.cost for kind in kinds])


def total(n):
    return sum(
        kind.weight * kind.error(n_j) for kind, n_j in zip(kinds, n, strict=True)
    )


def of_shares(v):
    part = np.exp(v - v.max())
    return math.log(total(part / part.sum() * p.budget / costs))


general = minimize(of_shares, np.zeros(4), method="BFGS", options={"gtol": 1e-10})
better = math.log(total(counts)) - general.fun
say(f"Counts {', '.join(f'{n:.4g}' for n in counts)} after {updates} updates.")

# %%
money = counts * costs
deserved = np.array(
    [
        kind.exponent * kind.weight * (kind.error(n) - kind.floor)
        for kind, n in zip(kinds, counts, strict=True)
    ]
)
all_kinds = [
    ledger.check(
        "the four kinds cost the budget to a relative $10^{-12}$",
        abs(money.sum() / p.budget - 1) < 1e-12,
        found=f"they cost {money.sum()}",
    ),
    ledger.check(
        "money is in proportion to exponent times reducible term, to $10^{-7}$",
        np.allclose(money / money.sum(), deserved / deserved.sum(), rtol=1e-7, atol=0),
        found=f"shares {money / money.sum()} and {deserved / deserved.sum()}",
    ),
    ledger.check(
        "BFGS on the shares finds nothing better, to a relative $10^{-9}$",
        better < 1e-9,
        found=f"it ends {better} lower in the logarithm",
    ),
]

# %%
ledger.beyond(
    "allocation-streams",
    "Any number of kinds of data with irreducible errors: spending in proportion to "
    "exponent times reducible term, by one Newton iteration",
    ours=f"four kinds, {updates} updates",
    uncertainty="relative $10^{-9}$ against BFGS",
    holds=all(all_kinds),
)

# %% [markdown]
# ## Where the contraction fails
#
# For $\gamma\Lambda>1$ the bound of Lemma 1 is infinite. With bounded rewards the return error is finite and Hölder in the model
# error, with exponent $p=\ln(1/\gamma)/\ln\Lambda$, and the growth law holds with $\alpha p$ in place of $\alpha$, in order of
# magnitude. But the exact bound is log-periodic around its envelope, and the objective can have several local minima. A
# derivative is not enough there; scan.

# %% mystnb={"figure": {"name": "fig-allocation-expansive", "caption": "The objective along the budget line where errors grow: $\\gamma=0.9$, $\\Lambda=4$, rewards in a range of 1, $\\epsilon_{dyn}=1/N_{dyn}$, $\\epsilon_{rew}=N_{rew}^{-1/2}$, budget 10. Dots are the local minima that a global scan finds."}, "image": {"alt": "A curve with a kink at one half and a marked local minimum on either side of it, at shares of about 0.47 and 0.71, the second one lower."}}
wild, discount = Lipschitz(dynamics=4.0, reward=1.0, policy=0.0), 0.9


def expansive(share):
    gap = return_gap_bound(
        wild, gamma=discount, eps_dyn=1 / (10 * share), eps_rew=0.0, reward_range=1.0
    )
    return gap + (10 * (1 - share)) ** -0.5


minima = local_minima(expansive)
grid = np.linspace(0.1, 0.95, 600)
figure, axis = panels(height=3.0)
axis.plot(grid, expansive(grid), color=BLACK)
for at, value in minima:
    axis.plot([at], [value], "o", color=ORANGE, markersize=8)
axis.set(xlabel="share of the money that goes to dynamics", ylabel="objective")
plt.show()

# %%
found = ", ".join(f"{at:.3f} (value {value:.4f})" for at, value in minima)
hoelder = hoelder_exponent(gamma=discount, growth=wild.growth)
say(f"Hölder exponent $p={hoelder:.3f}$. Local minima at shares {found}.")

# %%
ledger.beyond(
    "allocation-expansive",
    "With bounded rewards and $\\gamma\\Lambda>1$ the exact objective along the budget "
    "line "
    "can have several local minima",
    ours=f"{len(minima)} local minima in the example",
    uncertainty="scan of 2001 shares",
    holds=len(minima) >= 2,
)

# %% [markdown]
# ## Whole counts, and laws that begin somewhere (4f)
#
# The theorem treats counts as real numbers. Only pairs that leave too little money for one sample more of the cheaper kind
# can be best, so whole counts are a search in one number. Trying them all, with the obvious loop:


# %%
def by_trying_all(problem):
    """Every count of the dearer kind, with as many of the other as the rest buys."""
    costs = float(problem.cost_dyn), float(problem.cost_rew)
    purse = float(problem.budget) * (1 + 1e-12)  # 3 · 0.1 is more than 0.3
    dear = int(np.argmax(costs))
    pairs = []
    for n in range(1, int(purse / costs[dear]) + 1):
        rest = int((purse - n * costs[dear]) / costs[1 - dear])
        if rest >= 1:
            pairs.append((n, rest) if dear == 0 else (rest, n))
    return min(pairs, key=lambda pair: float(sum(problem.terms(*pair)))), len(pairs)


few = replace(problem, budget=16 * (p.cost_dyn + p.cost_rew))
ours, (brute, tried) = whole_counts(few), by_trying_all(few)
real = solve(few)
say(
    f"A budget of {few.budget:g}, which buys 16 of each: {real.n_dyn:.4g} and "
    f"{real.n_rew:.4g} as real numbers, {ours[0]} and {ours[1]} as whole ones."
)

# %%
ledger.check(
    "the search finds the best of all pairs of whole counts",
    np.isclose(sum(few.terms(*ours)), sum(few.terms(*brute)), rtol=1e-12, atol=0),
    found=f"{ours}, and {brute} is the best of {tried}",
)

# %% [markdown]
# Where a law holds only from some count on, the share is clamped: the objective is convex along the budget line, so
# the nearest allowed share is the best. Suppose that the law of rewards begins at the count that also half of the money
# of dynamics would buy:

# %%
half_of_it = best.n_dyn * p.cost_dyn / p.cost_rew / 2
least = best.n_rew + half_of_it
held = clamped(problem, min_rew=least)
say(
    f"With at least {least:.4g} rewards in place of {best.n_rew:.4g}, the best is that "
    f"minimum, and the objective is {held.objective / best.objective:.3f} times as "
    f"large."
)

# %%
lowest = 1 - least * p.cost_rew / p.budget  # the largest share of dynamics allowed
allowed = lowest * np.linspace(1e-3, 1, 1000)
ledger.check(
    "no allowed share of a grid is better than the clamped one",
    np.all(problem.objective(allowed) >= held.objective * (1 - 1e-9)),
)

# %% [markdown]
# ## Verdicts

# %%
ledger.table()
