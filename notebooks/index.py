# %% [markdown]
# # On Training in Imagination, re-derived
#
# A policy can be trained without touching the world: a learned dynamics model imagines what happens next, a
# learned reward model says how good
# it is, and the policy is updated on these imagined rollouts. The paper *On Training in Imagination*
# {cite}`timor2026` asks what the
# errors of the two models do to the policy. This book is an independent and critical reproduction of it, in which
# every step can be executed.
#
# ## What the paper asks
#
# 1. **Errors.** How much of the gap between imagined and real return comes from the dynamics model, and how much
#    from the reward model?
#    Which properties of a representation keep the gap small?
# 2. **Samples.** Transitions and reward labels cost different amounts, and the two models learn at different
#    rates. How should one budget be split?
# 3. **Rewards.** When are many cheap and noisy labels better than a few accurate ones, and what does averaging
#    not repair?
#
# The paper's code is not public and some of its numbers are lost. So each statement is proved here again, step by step,
# by a computer algebra system that must decide each step; each measurement is made again by a recipe that its page
# discloses, with every variant that was tried; and each claim gets a verdict that a predicate in the code decides.

# %% tags=["hide-input"]
from imagination.book import scoreboard
from imagination.book.ledger import read
from imagination.book.paths import Book

entries = read(Book().book / "claims.json")

# %% [markdown]
# ## The verdicts so far

# %% tags=["hide-input"]
scoreboard.counts(entries)

# %% [markdown]
# ## Every claim of the paper
#
# The id leads to the cell that decides the claim. A value marked — is lost.

# %% tags=["hide-input"]
scoreboard.of_the_paper(entries)

# %% [markdown]
# ## Beyond the paper
#
# Results of this book. Each has its derivation and its machine check where the id leads.

# %% tags=["hide-input"]
scoreboard.beyond(entries)

# %% [markdown]
# ## The words of the verdicts

# %% tags=["hide-input"]
scoreboard.words()

# %% [markdown]
# ## How to use this book
#
# * **Read it.** Each chapter says first what it covers, what it decides and what it leaves out.
# * **Run a chapter with numbers of your own**, for example
#   `imagination run simulation_lemma -p gamma 0.99 --out mine.ipynb`. A parameter that does not exist or is out
#   of range is refused with one line.
# * **Use the library on your own models**: `imagination fit` fits your measured errors, `imagination plan` splits
#   your budget.
#
# What this reproduction does differently from the paper, and why, stands in {doc}`differences`.
