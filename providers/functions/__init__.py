"""Function calling for models without it: prompts, grammars, and reading what comes back."""
