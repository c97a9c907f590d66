"""Scripts that measure; each prints its table. The figures kept are in docs/benchmarks.md."""
