"""The proof steps of ``allocation`` and ``beyond_one_split`` hold, and stop at a false variant of their statement.

Each chain is read from the chapter's source (cells tagged ``proof``) and run with one expression exchanged, so that
what is tested is what the reader sees. Each variant names the step that stops it.
"""

import pytest
from proof_chain import run_chain

from imagination.proof import ProofError

CHAINS = {
    "allocation": {"theorem": 14, "one": 4, "statics": 9, "horizon": 5, "costs": 4},
    "beyond_one_split": {"growth": 5, "price": 4},
}


@pytest.mark.parametrize("chapter", CHAINS)
def test_the_chain_holds(chapter):
    names = run_chain(chapter)
    assert {name: len(names[name]) for name in CHAINS[chapter]} == CHAINS[chapter]


VARIANTS = {
    "coefficient without gamma": ("    + gam * L_r * (1 + L_pi) / ((1 - gam)", "    + L_r * (1 + L_pi) / ((1 - gam)",
                                  "Theorem 1, step 1"),
    "reward coefficient without 1/(1-gamma)": ("C_r: A_r / (1 - gam)}", "C_r: A_r}", "Theorem 1, step 1"),
    "objective grows": ("-sp.diff(U, N_d), because=", "sp.diff(U, N_d), because=", "Theorem 1, step 2"),
    "finite without samples": ("1 / (C_d * N_d**-alpha),", "1 + 1 / (C_d * N_d**-alpha),", "Theorem 1, step 4"),
    "stationarity without the exponent": ("lam * c_d * N_d - alpha * C_d * N_d**-alpha",
                                          "lam * c_d * N_d - C_d * N_d**-alpha", "Theorem 1, step 6"),
    "Equation 9 with the costs exchanged": ("equation_9 = alpha / beta * c_r / c_d",
                                            "equation_9 = alpha / beta * c_d / c_r", "Theorem 1, step 8"),
    "Equation 9 with the exponents exchanged": ("equation_9 = alpha / beta", "equation_9 = beta / alpha",
                                                "Theorem 1, step 8"),
    "Equation 4 with the costs exchanged": ("equation_4 = alpha / beta * K * c_r / c_d",
                                            "equation_4 = alpha / beta * K * c_d / c_r", "Theorem 1, step 9"),
    "Equation 4 with the errors exchanged": ("K * c_r / c_d * eps_d / eps_r", "K * c_r / c_d * eps_r / eps_d",
                                             "Theorem 1, step 9"),
    "Equation 4 without the exponents": ("equation_4 = alpha / beta * K", "equation_4 = K", "Theorem 1, step 9"),
    "Equation 4 with the bound's coefficient": ("equation_4 = alpha / beta * K * c_r",
                                                "equation_4 = alpha / beta * K / (1 - gam) * c_r", "Theorem 1, step 9"),
    "curvature without the costs": ("(c_d / c_r) ** 2 *", "(c_d / c_r) *", "Theorem 1, step 13"),
    "concave": ("sp.diff(U, N_d, 2)", "-sp.diff(U, N_d, 2)", "Theorem 1, step 10"),
    "G with one exponent": ("G = (alpha + 1) * sp.log(share)", "G = alpha * sp.log(share)",
                            "One equation in the logit, step 1"),
    "slope with the shares exchanged": ("Den = (alpha + 1) * (1 - share) + (beta + 1) * share",
                                        "Den = (alpha + 1) * share + (beta + 1) * (1 - share)",
                                        "One equation in the logit, step 2"),
    "weight has a stronger effect": ("elasticity(C_d), 1 / Den", "elasticity(C_d), 2 / Den",
                                     "Comparative statics, step 1"),
    "budget favours the faster learner": ("(beta - alpha) / Den,\n    because=\"Budget",
                                          "(alpha - beta) / Den,\n    because=\"Budget", "Comparative statics, step 3"),
    "costs as the factor of Equation 4 suggests": ("(1 + (1 - share) * (alpha - beta)) / Den,", "1,",
                                                   "Comparative statics, step 4"),
    "the cost effect without a condition": ("numerator.subs(alpha, beta - 1 + surplus)", "numerator",
                                            "Cost effect, repaired, step 1"),
    "the other cost effect without a condition": ("numerator_dyn.subs(beta, alpha - 1 + surplus)", "numerator_dyn",
                                                  "Cost effect, repaired, step 2"),
    "a smaller discount favours dynamics": ("    sp.diff(K, gam)", "    -sp.diff(K, gam)", "Planning horizon, step 2"),
    "growth law with the exponents exchanged": ("on_path = k * N_d ** ((alpha + 1) / (beta + 1))",
                                                "on_path = k * N_d ** ((beta + 1) / (alpha + 1))",
                                                "Growth law, step 2"),
    "the last unit of money with the costs exchanged": ("equation_9 = alpha / beta * c_r / c_d",
                                                        "equation_9 = alpha / beta * c_d / c_r", "Growth law, step 1"),
    "the other root of the quadratic": ("root = (-c_r * k_half + sp.sqrt", "root = (c_r * k_half + sp.sqrt",
                                        "Growth law, step 4"),
    "regret with the exponents exchanged": ("w = (s_best / alpha) / (s_best / alpha + (1 - s_best) / beta)",
                                            "w = (s_best * alpha) / (s_best * alpha + (1 - s_best) * beta)",
                                            "Regret of a share, step 1"),
    "an even split costs nothing": ("sp.log(2**alpha) - sp.log(even_factor)", "-sp.log(even_factor)",
                                    "Regret of a share, step 3"),
}  # fmt: skip


@pytest.mark.parametrize("variant", VARIANTS)
def test_false_variants_are_rejected(variant):
    old, new, where = VARIANTS[variant]
    chapter = "beyond_one_split" if where.startswith(("Growth law", "Regret")) else "allocation"
    with pytest.raises(ProofError, match=f"{where} is (false|undecided)"):
        run_chain(chapter, old, new)
