"""What a prompt asks: its kind, its difficulty, its mood."""
