"""Figure 3: realised return gaps against the bound of Lemma 1, over many small MDPs at once."""
