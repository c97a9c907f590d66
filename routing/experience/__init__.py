"""What earlier calls taught: sessions, experiments, ratings and outcomes."""
