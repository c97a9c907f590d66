"""The cloud providers against a chaos upstream, and the local ones."""
