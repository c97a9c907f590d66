"""Questions in plain words (CQ-02), answered from what was measured and from nothing else."""
