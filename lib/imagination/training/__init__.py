"""Figure 1: how fast the errors of learned models fall with data, from the teacher to the fitted law."""
