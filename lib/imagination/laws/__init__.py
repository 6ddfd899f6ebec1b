"""What measurements of a model's error say: power laws, their alternatives, and tables of errors."""
