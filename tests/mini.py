# %% [markdown]
# # A chapter to break
#
# It has one output of each kind that nbval compares. {cite}`timor2026`

# %% tags=["parameters"]
gamma = 0.5  # discount, in [0, 1)

# %%
import sympy as sp
from IPython.display import HTML, Latex, display

from imagination.errors import nearest

print(f"sum {1 / (1 - gamma):.3f}")

# %%
display(Latex(r"$\frac{1}{1-\gamma} = 2$"), HTML("<b>2.000</b>"))

# %% [markdown]
# (a-section)=
# ## A section
#
# See {ref}`a-section`.

# %%
print(nearest("n_seed", ["n_seeds"]), sp.Rational(1, 2))

# %% [markdown]
# ## References
#
# ```{bibliography}
# ```
