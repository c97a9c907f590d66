"""Whether an answer kept for one prompt serves another that says nearly the same."""
