"""What a person or CI runs from a checkout; not part of the package."""
