"""Redis, where there is one: answers, and flights under way, shared by several processes."""
