"""Files below opened folders, and nothing else."""
