"""Many windows, one engine: the fronts that IDEs start, and the engine they share."""
