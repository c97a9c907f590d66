"""How good code is: ratings, measures, the gate, and what of it is new."""
