"""Part II: how to split a budget between dynamics samples and reward labels (Theorem 1), and what it rests on."""
