@@HEAD@@
# %% [markdown]
# ## How the split grows
#
# ### Growth law and limits
#
# At every budget, $N^*_{rew}$ is a power of $N^*_{dyn}$ with the exponent $\frac{\alpha+1}{\beta+1}$. With $\alpha<\beta$
# the share of dynamics tends to 1 as money comes in and $\rho$ grows like $B^{(\beta-\alpha)/(\beta+1)}$: the slower learner
# takes all the money in the end.

# %% tags=["proof"]
growth = Proof("Growth law")
k = (beta * C_r * c_d / (alpha * C_d * c_r)) ** (1 / (beta + 1))
on_path = k * N_d ** ((alpha + 1) / (beta + 1))
growth.equal(
    sp.expand_log(sp.log((equation_9 / (N_d / N_r)).subs(N_r, on_path)), force=True),
    0,
    because="On $N_{rew}=k\\,N_{dyn}^{(\\alpha+1)/(\\beta+1)}$ Eq. 9 holds identically.",
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
    because="Then the budget is a quadratic equation in $\\sqrt{N_{dyn}}$: closed form.",
)

# %% tags=["proof"]
equal_exponents = (C_d * c_r / (C_r * c_d)) ** (1 / (1 + alpha))
growth.equal(
    sp.expand_log(
        sp.log(
            (equation_9 / (N_d / N_r))
            .subs(beta, alpha)
            .subs(N_d, equal_exponents * N_r)
        ),
        force=True,
    ),
    0,
    because="With $\\alpha=\\beta$ the ratio is $(KA_dc_{rew}/(A_rc_{dyn}))^{1/(1+\\alpha)}$ at every budget.",
)

# %%
growth

# %% mystnb={"figure": {"name": "fig-allocation-growth", "caption": "Above: optimal counts against the budget on logarithmic axes, at the parameters of this page. The dotted line is the growth law, computed from the dynamics count alone. Below: share of the money that goes to dynamics."}, "image": {"alt": "Upper panel: two increasing lines, dynamics steeper; a dotted line covers the reward line. Lower panel: the share of dynamics rises with the budget."}}
budgets = np.logspace(1, 8, 200)
path = solve(replace(problem, budget=budgets))
figure, (upper, lower) = panels(2, 1, height=2.6, sharex=True)
upper.loglog(budgets, path.n_dyn, color=BLUE, label="dynamics")
upper.loglog(budgets, path.n_rew, color=VERMILION, label="reward")
upper.loglog(
    budgets,
    reward_count_on_path(problem, path.n_dyn),
    ":",
    color=BLACK,
    label="growth law",
)
upper.set(ylabel="samples")
upper.legend()
lower.semilogx(budgets, path.share_dyn, color=BLUE)
lower.set(xlabel="budget (money)", ylabel="share of dynamics", ylim=(0, 1))
plt.show()

# %%
slopes = np.diff(
    np.log(solve(replace(problem, budget=np.array([1e60, 1e61]))).ratio)
) / np.log(10)
theory = (max(p.exponent_rew, p.exponent_dyn) - min(p.exponent_rew, p.exponent_dyn)) / (
    1 + max(p.exponent_rew, p.exponent_dyn)
)
off_path = np.abs(reward_count_on_path(problem, path.n_dyn) / path.n_rew - 1).max()
assert off_path < 1e-11
say(
    f"Growth law and solver agree to a relative $10^{{-11}}$. Slope of $\\ln\\rho$ at very large budgets: {abs(slopes[0]):.4f}, "
    f"theory {theory:.4f}. Shares at budgets $10,10^4,10^8$: {path.share_dyn[0]:.3f}, "
    f"{float(np.interp(4, np.log10(budgets), path.share_dyn)):.3f}, {path.share_dyn[-1]:.3f}."
)

# %%
ledger.beyond(
    "allocation-growth-law",
    "Along the optimal path $N_{rew}\\propto N_{dyn}^{(\\alpha+1)/(\\beta+1)}$ exactly, so the slower learner takes all the money in the end",
    ours=f"{len(growth)} steps asserted",
    holds=bool(growth) and off_path < 1e-11,
)

# %% [markdown]
# ### What the last unit of money buys: the envelope
#
# The best attainable bound falls with the budget at the rate $\frac{\alpha D+\beta R}{D+R}$, where $D,R$ are its two parts:
# between the exponents, and ever closer to the smaller one.

# %%
h = 1e-5
values = [
    solve(replace(problem, budget=problem.budget * np.exp(x))).objective
    for x in (h, -h)
]
numeric = -np.log(values[0] / values[1]) / (2 * h)
rates = [
    float(local_exponent(replace(problem, budget=b))) for b in (1e1, p.budget, 1e8)
]
assert abs(numeric - local_exponent(problem)) < 1e-8
say(
    f"Here $-d\\ln\\mathcal U^*/d\\ln B={numeric:.4f}$ by a finite difference and {local_exponent(problem):.4f} by the formula; at budgets "
    f"10 and $10^8$ it is {rates[0]:.4f} and {rates[2]:.4f}, with exponents {p.exponent_dyn:g} and {p.exponent_rew:g}."
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
    because="At the optimum $\\alpha D:\\beta R=s^*:(1-s^*)$, so the dynamics part of the bound is $w$.",
)

# %% tags=["proof"]
ratio_dyn = (C_d * (s_any * B / c_d) ** -alpha) / (C_d * (s_best * B / c_d) ** -alpha)
price.equal(
    sp.expand_log(sp.log(ratio_dyn), force=True),
    sp.expand_log(alpha * sp.log(s_best / s_any), force=True),
    because="Another share multiplies the dynamics term by $(s^*/s)^\\alpha$, and the reward term likewise.",
)

# %% tags=["proof"]
even_factor = (
    share / sp.Rational(1, 2)
) ** alpha  # the factor of the dynamics term, with s* = 1/(1+z) below 1
price.nonnegative(
    sp.expand_log(sp.log(2**alpha) - sp.log(even_factor), force=True),
    because="At $s=\\tfrac12$ the dynamics term grows by at most $2^\\alpha$: the logarithm of the quotient is not negative.",
)

# %% tags=["proof"]
gap = sp.Symbol("delta", nonnegative=True)
price.nonnegative(
    sp.expand_log(sp.log(2 ** (alpha + gap)) - sp.log(2**alpha), force=True),
    because="And $2^\\alpha\\le2^{\\max(\\alpha,\\beta)}$; likewise for the reward term. So 50/50 costs at most $2^{\\max(\\alpha,\\beta)}$.",
)

# %% mystnb={"figure": {"name": "fig-allocation-regret", "caption": "Regret of a spend share, at the parameters of this page: the formula (line) and the ratio of objectives (dots). Marked are the optimum, the even split and the share that is safest without knowing any constant but the exponents (minimax)."}, "image": {"alt": "A U-shaped curve against the share of dynamics with its minimum of one at the optimal share; the even split and the minimax share lie a little above."}}
shares = np.linspace(0.02, 0.995, 300)
safe, most = minimax_share(p.exponent_dyn, p.exponent_rew)
figure, axis = panels()
axis.plot(shares, regret(problem, shares), color=BLACK, label="formula")
axis.plot(
    shares[::15],
    problem.objective(shares[::15]) / best.objective,
    ".",
    color=GREY,
    label="ratio of objectives",
)
for share_, colour, name, mark in ((best.share_dyn, BLUE, "optimum", "o"), (0.5, VERMILION, "even split", "s"),
                                   (safe, GREEN, "minimax", "^")):  # fmt: skip
    axis.plot(
        [share_],
        [regret(problem, share_)],
        mark,
        color=colour,
        markersize=8,
        label=name,
    )
axis.set(
    xlabel="share of the money that goes to dynamics",
    ylabel="bound over best bound",
    ylim=(0.9, 3),
)
axis.legend()
plt.show()

# %%
all_even, all_safe = (
    regret(many, 0.5),
    regret(
        replace(many, exponent_dyn=p.exponent_dyn, exponent_rew=p.exponent_rew), safe
    ),
)
limit = 2.0 ** np.maximum(many.exponent_dyn, many.exponent_rew)
assert np.all(all_even <= limit * (1 + 1e-12))
assert np.all(all_safe <= most * (1 + 1e-12))
say(
    f"Here 50/50 costs a factor {regret(problem, 0.5):.3f}, and whatever the constants at most "
    f"$2^{{\\max(\\alpha,\\beta)}}={worst_even_split(p.exponent_dyn, p.exponent_rew):.3f}$. The minimax share is {safe:.3f} and never costs "
    f"more than {most:.3f}. On the {p.n_problems} random problems the even split costs {np.median(all_even):.2f} in the median, and "
    f"comes within {(1 - (all_even / limit).max()):.1g} of its limit."
)

# %%
ledger.beyond(
    "allocation-even-split",
    "An even split of the money is never worse than $2^{\\max(\\alpha,\\beta)}$ times the optimum",
    ours=f"{len(price)} steps asserted; no violation on {p.n_problems} random problems",
    holds=bool(price) and bool(np.all(all_even <= limit * (1 + 1e-12))),
)

# %% [markdown]
# ## The question turned round: least budget for a target
#
# With $w$ the dynamics part of the wanted error $\tau$, the least budget is again the root of one equation of one bend.
# Going there and back:

# %%
budget_back, split_back = budget_for_target(many, splits.objective)
off = np.abs(budget_back / many.budget - 1).max()
assert off < 1e-10
needed, plan = budget_for_target(problem, best.objective / 2)
say(
    f"{p.n_problems} round trips return the budget to a relative $10^{{-10}}$, in at most {split_back.iterations} updates. To halve the "
    f"bound of this page takes {needed / p.budget:.3g} times the money, {plan.share_dyn:.1%} of it for dynamics."
)

# %%
ledger.beyond(
    "allocation-inverse",
    "The least budget for a target error is the root of one equation, solved by Newton from a fixed start",
    ours=f"round trips on {p.n_problems} problems, at most {split_back.iterations} updates",
    uncertainty="relative $10^{-10}$",
    holds=bool(off < 1e-10),
)

# %% [markdown]
# ## Buying one batch at a time
#
# The next unit of money should go to dynamics exactly when $\frac{\alpha D}{c_{dyn}N_{dyn}}>\frac{\beta R}{c_{rew}N_{rew}}$. Because the
# optimum is nested, somebody on the optimal path stays on it by this rule. Somebody off it first buys only the
# under-funded kind.

# %%
start = solve(replace(problem, budget=p.budget / 100))
rows = []
for name, point in (
    ("on the path", (start.n_dyn, start.n_rew)),
    ("off the path", (p.budget / 100, 1.0)),
):
    for pieces in (10, 100, 1000):
        counts = greedy_path(problem, *point, increment=p.budget / pieces)
        gap = float(sum(problem.terms(*counts))) / best.objective - 1
        rows.append(f"| {name} | 1/{pieces} | {100 * max(gap, 0):.2g} % |")
say(
    "\n".join(
        [
            "| start | increment (of the budget) | bound above the optimum |",
            "|---|---|---|",
            *rows,
        ]
    )
)

# %% [markdown]
# ## More than two kinds of data, and errors that do not vanish
#
# With streams $\epsilon_j=E_j+A_jN_j^{-\alpha_j}$ the money on each is in proportion to $\alpha_j$ times its *reducible* term, and one
# price of money solves for all. Eq. 4 holds with $\epsilon-E$ in place of $\epsilon$. Four streams, against a general solver that
# works on the shares:

# %%
streams = [
    Stream(1.0, 0.3, 1.0, 2.0, 0.01),
    Stream(5.0, 0.9, 0.1),
    Stream(0.2, 0.5, 4.0, 7.0, 0.05),
    Stream(2.0, 1.4, 2.0),
]
counts, updates = optimal_streams(streams, budget=p.budget)
costs_ = np.array([stream.cost for stream in streams])


def total(v):
    part = np.exp(v - v.max())
    n = part / part.sum() * p.budget / costs_
    return sum(
        stream.weight * stream.error(n_j)
        for stream, n_j in zip(streams, n, strict=True)
    )


general = minimize(total, np.zeros(4), method="BFGS", options={"gtol": 1e-10})
ours_total = sum(
    stream.weight * stream.error(n) for stream, n in zip(streams, counts, strict=True)
)
assert ours_total <= general.fun * (1 + 1e-12)
agreement = abs(ours_total / general.fun - 1)
say(
    f"Counts {', '.join(f'{n:.4g}' for n in counts)} after {updates} updates; the objective equals that of BFGS to a relative "
    f"$10^{{-9}}$: {agreement < 1e-9}."
)

# %%
ledger.beyond(
    "allocation-streams",
    "Any number of streams with irreducible errors: spending in proportion to exponent times reducible term, by one Newton iteration",
    ours=f"four streams, {updates} updates",
    uncertainty="relative $10^{-9}$ against BFGS",
    holds=bool(agreement < 1e-9),
)

# %% [markdown]
# ## Where the contraction fails
#
# For $\gamma\Lambda>1$ the bound of Lemma 1 is infinite. With bounded rewards the return error is finite and Hölder in the model
# error, with exponent $p=\ln(1/\gamma)/\ln\Lambda$, and the growth law holds with $\alpha p$ in place of $\alpha$, in order of
# magnitude. But the exact bound is log-periodic around its envelope, and the objective can have several local minima. A
# derivative is not enough there; scan.

# %% mystnb={"figure": {"name": "fig-allocation-expansive", "caption": "The objective along the budget line where errors grow: $\\gamma=0.9$, $\\Lambda=4$, rewards in a range of 1, $\\epsilon_{dyn}=1/N_{dyn}$, $\\epsilon_{rew}=N_{rew}^{-1/2}$, budget 10. Dots are the local minima that a global scan finds."}, "image": {"alt": "A curve with a kink at one half and a marked local minimum on either side of it, at shares of about 0.47 and 0.71, the second one lower."}}
wild = Lipschitz(dynamics=4.0, reward=1.0, policy=0.0)


def expansive(share):
    gap = return_gap_bound(
        wild, gamma=0.9, eps_dyn=1 / (10 * share), eps_rew=0.0, reward_range=1.0
    )
    return gap + (10 * (1 - share)) ** -0.5


minima = local_minima(expansive)
grid = np.linspace(0.1, 0.95, 600)
figure, axis = panels(height=3.0)
axis.plot(grid, expansive(grid), color=BLACK)
for share_, value in minima:
    axis.plot([share_], [value], "o", color=ORANGE, markersize=8)
axis.set(xlabel="share of the money that goes to dynamics", ylabel="objective")
plt.show()

# %%
found = ", ".join(f"{share_:.3f} (value {value:.4f})" for share_, value in minima)
say(
    f"Hölder exponent $p={hoelder_exponent(gamma=0.9, growth=4.0):.3f}$. Local minima at shares {found}."
)

# %%
ledger.beyond(
    "allocation-expansive",
    "With bounded rewards and $\\gamma\\Lambda>1$ the exact objective along the budget line can have several local minima",
    ours=f"{len(minima)} local minima in the example",
    uncertainty="scan of 2001 shares",
    holds=len(minima) >= 2,
)

# %% [markdown]
# ### Counts are whole, and the laws begin somewhere (4f)
#
# The theorem treats counts as real numbers and the power laws as valid from one sample on. Whole counts are found among
# the neighbours. Where a law holds only from $N_0$ on, the share is clamped: the objective is convex along the budget
# line, so the nearest allowed share is the best.

# %%
small = replace(problem, budget=97.0)
ours = whole_counts(small)
every = [
    (d, int((97.0 - d * p.cost_dyn) // p.cost_rew))
    for d in range(1, int(97 / p.cost_dyn))
    if 97 - d * p.cost_dyn >= p.cost_rew
]
brute = min(every, key=lambda pair: float(sum(small.terms(*pair))))
floor = clamped(problem, min_rew=2 * best.n_rew)
assert np.isclose(floor.n_rew, 2 * best.n_rew)
say(
    f"Budget 97: {ours} by rounding, {brute} by trying all {len(every)} pairs. With twice the optimal number of rewards as "
    f"a minimum, the best is that minimum, and the objective is {floor.objective / best.objective:.3f} times as large."
)

# %% [markdown]
# ## Verdicts

# %%
ledger.table()
