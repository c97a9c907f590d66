"""Code quality as tools: how good it is, what is dangerous in it, and fixes that hold."""
