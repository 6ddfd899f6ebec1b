"""The chapter's own chain of proof steps: it holds, and it stops at every false variant of the statements.

The chain is read from the chapter's source (its cells tagged ``proof``) and run with one expression exchanged, so
that what is tested is what the reader sees. Each variant names the step at which it is stopped: a variant that is
stopped by a slip of Python would not count.
"""

import pytest
from proof_chain import run_chain

from imagination.proof import ProofError


def run(old=None, new="", chapter="simulation_lemma"):
    return run_chain(chapter, old, new)


def test_the_chain_holds():
    names = run()
    assert [len(names[name]) for name in ("lemma", "tight", "swapped", "corollary", "strict", "levers")] == [
        16, 3, 2, 7, 2, 7,
    ]  # fmt: skip


LEMMA = {
    "margin squared (wrong exponent)": (
        "((1 - g) * (1 - g * L_f * (1 + L_pi))) * e_dyn",
        "((1 - g) * (1 - g * L_f * (1 + L_pi)) ** 2) * e_dyn",
    ),
    "discount of the reward term squared": (
        "e_rew / (1 - g) + g * L_r * (1 + L_pi)",
        "e_rew / (1 - g) ** 2 + g * L_r * (1 + L_pi)",
    ),
    "factor gamma missing": ("+ g * L_r * (1 + L_pi) /", "+ L_r * (1 + L_pi) /"),
    "factor 1 + L_pi missing": ("+ g * L_r * (1 + L_pi) /", "+ g * L_r /"),
    "horizon factor 1/(1-gamma) missing": (
        "((1 - g) * (1 - g * L_f * (1 + L_pi))) * e_dyn",
        "(1 - g * L_f * (1 + L_pi)) * e_dyn",
    ),
    "wrong sign in the margin": (
        "((1 - g) * (1 - g * L_f * (1 + L_pi))) * e_dyn",
        "((1 - g) * (1 + g * L_f * (1 + L_pi))) * e_dyn",
    ),
    "constants of f and r exchanged": ("+ g * L_r * (1 + L_pi) /", "+ g * L_f * (1 + L_pi) /"),
    "reward error added with the wrong sign": (
        "e_rew / (1 - g) + g * L_r * (1 + L_pi)",
        "-e_rew / (1 - g) + g * L_r * (1 + L_pi)",
    ),
}


@pytest.mark.parametrize("variant", LEMMA)
def test_false_variants_of_lemma_1_are_rejected(variant):
    with pytest.raises(ProofError, match="Lemma 1, step 16 is false"):
        run(*LEMMA[variant])


STEPS = {
    "policy constant forgotten": (
        "next_distance, e_dyn + growth * delta", "next_distance, e_dyn + L_f * delta", "Lemma 1, step 1 is false",
    ),
    "model error forgotten": (
        "next_distance, e_dyn + growth * delta", "next_distance, growth * delta", "Lemma 1, step 1 is false",
    ),
    "reward error forgotten": (
        "reward_differs, e_rew + sensitivity", "reward_differs, sensitivity", "Lemma 1, step 2 is false",
    ),
    "index of the distance": ("e_dyn * (Lam**t - 1)", "e_dyn * (Lam ** (t + 1) - 1)", "Lemma 1, step 3 is false"),
    "index of the induction": (
        "lemma.equal(Lam * distance + e_dyn, distance.subs(t, t + 1)",
        "lemma.equal(Lam * distance + e_dyn, distance.subs(t, t + 2)",
        "Lemma 1, step 5 is false",
    ),
    "limit at growth one": ("lemma.limit(distance, Lam, 1, e_dyn * t", "lemma.limit(distance, Lam, 1, e_dyn * (t + 1)",
                            "Lemma 1, step 7 is false"),
    "index of the geometric sum": ("S = (1 - g**H) / (1 - g)", "S = (1 - g ** (H + 1)) / (1 - g)",
                                   "Lemma 1, step 8 is false"),
    "index in the exchange": ("inner = g ** (i + 1)", "inner = g**i", "Lemma 1, step 10 is false"),
    "sign in the drift sum": (
        "D = ((1 - (g * Lam) ** H) / (1 - g * Lam) - (1 - g**H)",
        "D = ((1 - (g * Lam) ** H) / (1 - g * Lam) + (1 - g**H)",
        "Lemma 1, step 12 is false",
    ),
    "sign in the limit of the drift sum": (
        "D_limit = (1 / (1 - g * Lam) - 1 / (1 - g))", "D_limit = (1 / (1 - g * Lam) + 1 / (1 - g))",
        "Lemma 1, step 15 is",
    ),
    "attaining system with a smaller error": (
        "L_f * (delta + L_pi * delta) + e_dyn, growth", "L_f * (delta + L_pi * delta) + e_dyn / 2, growth",
        "attained, step 1 is false",
    ),
    "attaining system paid one step late": (
        "total += g**k * (L_r", "total += g ** (k + 1) * (L_r", "attained, step 3 is",
    ),
    "mixed constants": (
        "e_dyn + Lh_f * (1 + L_pi) * delta", "e_dyn + L_f * (1 + L_pi) * delta",
        "learned maps, step 1 is false",
    ),
}  # fmt: skip


@pytest.mark.parametrize("variant", STEPS)
def test_false_steps_of_lemma_1_are_rejected(variant):
    old, new, message = STEPS[variant]
    with pytest.raises(ProofError, match=message):
        run(old, new)


COROLLARY = {
    "exponent of the margin in L_f": (
        "L_r * (1 + L_pi) ** 2 / ((1 - g) * m**2)", "L_r * (1 + L_pi) ** 2 / ((1 - g) * m)",
        "Corollary 1, step 1 is false",
    ),
    "missing factor in L_f": (
        "in_L_f = g**2 * L_r * (1 + L_pi) ** 2", "in_L_f = g * L_r * (1 + L_pi) ** 2", "Corollary 1, step 1 is false",
    ),
    "missing factor in L_r": ("in_L_r = g * (1 + L_pi)", "in_L_r = (1 + L_pi)", "Corollary 1, step 2 is false"),
    "exponent of the margin in L_pi": (
        "in_L_pi = g * L_r / ((1 - g) * m**2)", "in_L_pi = g * L_r / ((1 - g) * m)", "Corollary 1, step 3 is false",
    ),
    "coefficient decreasing in L_f": (
        "nonnegative(sp.simplify(in_L_f.subs", "nonnegative(sp.simplify(-in_L_f.subs",
        "Corollary 1, step 4 is false",
    ),
    "coefficient with the wrong sign in the margin": (
        "C = g * L_r * (1 + L_pi) / ((1 - g) * (1 - g", "C = g * L_r * (1 + L_pi) / ((1 - g) * (1 + g",
        "Corollary 1, step 1 is false",
    ),
    "domain closed upwards": (
        "    lowered, raised,", "    raised, lowered,", "Corollary 1, step 7 is false",
    ),
    "strict without its condition": (
        "sp.simplify(in_L_f.subs(L_r, L_rp).subs(inside))", "sp.simplify(in_L_f.subs(inside))",
        "strictly, step 1 is undecided",
    ),
    "elasticity without the margin": ("to_f = (1 - m) / m", "to_f = 1 - m", "Elasticities.*step 1 is false"),
    "threshold at one third": ("m, 1 / (2 + u)) - 1", "m, 2 / (3 + u)) - 1", "Elasticities.*step 5 is false"),
}  # fmt: skip


@pytest.mark.parametrize("variant", COROLLARY)
def test_false_variants_of_corollary_1_are_rejected(variant):
    old, new, message = COROLLARY[variant]
    with pytest.raises(ProofError, match=message):
        run(old, new)


BEYOND = {
    "blocks joined without the discount": ("+ g**m * D(n)", "+ D(n)", "Joining two blocks of steps, step 2 is"),
    "blocks joined at the wrong end": ("+ Lam**n * geometric(Lam, m)", "+ Lam**m * geometric(Lam, m)",
                                       "Joining two blocks of steps, step 1 is"),
    "exponent doubled": ("latest = (Lam * (1 + 1 / x)) ** (-power)",
                         "latest = (Lam * (1 + 1 / x)) ** (-2 * power)", "Hoelder envelopes, step 1 is"),
    "geometric head one short": ("partial, (1 + q) ** (T + 1) / q", "partial, (1 + q) ** T / q",
                                      "Hoelder envelopes, step 4 is"),
    "separate constants without the policy": ("(Ls + La * Lp) * delta + eps", "(Ls + La) * delta + eps",
                                              "Sharper constants, step 1 is"),
    "attribution with the wrong sign": ("summand = (r_hat - r) + g * (V_model - V_real)",
                                        "summand = (r_hat - r) - g * (V_model - V_real)", "Attribution, step 1 is"),
    "attribution without the discount": ("summand = (r_hat - r) + g * (V_model - V_real)",
                                         "summand = (r_hat - r) + (V_model - V_real)", "Attribution, step 1 is"),
    "planning with one bound in place of two": ("    2 * b + eta,", "    b + eta,",
                                                "Planning in the model, step 1 is"),
    "variance with a missing pair": ("for i in range(4) for j in range(i)]", "for i in range(3) for j in range(i)]",
                                     "RMSE form, step 2 is"),
    "critic discounted once too often": ("- (1 - g) * e_V", "- (1 - g) * g * e_V", "When to hand over, step 1 is"),
    "critic with the wrong margin": ("L_V * (1 - g * Lam)) * drift", "L_V * (1 + g * Lam)) * drift",
                                     "When to hand over, step 1 is"),
}  # fmt: skip


@pytest.mark.parametrize("variant", BEYOND)
def test_false_variants_beyond_the_lemma_are_rejected(variant):
    old, new, message = BEYOND[variant]
    with pytest.raises(ProofError, match=message):
        run(old, new, chapter="beyond_the_lemma")


def test_the_chains_beyond_the_lemma_hold():
    names = run(chapter="beyond_the_lemma")
    proofs = ("blocks", "hoelder", "sharper", "telescope", "rmse", "planning", "stop")
    assert [len(names[name]) for name in proofs] == [2, 5, 3, 1, 3, 2, 2]
