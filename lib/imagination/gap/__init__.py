"""Part I: how far imagined and true return can be apart (Lemma 1, Corollary 1, Proposition 1), and what lies beyond."""
