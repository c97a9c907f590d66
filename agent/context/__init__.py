"""What of a long conversation the model is shown, and how what it is not shown comes back."""
