"""The second tier: a model's opinion of functions, labelled as such, off unless asked for."""
