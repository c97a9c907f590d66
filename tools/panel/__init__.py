"""Several models on one question: side by side, by vote, for and against, or one after another."""
