"""Part III: policy gradients from noisy and biased rewards (Theorem 2, Corollary 2, Proposition 2)."""
