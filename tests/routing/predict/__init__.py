"""What is learned about prompts."""
