"""The databases: what outlives the process, and how it is kept safe."""
