"""The loop of an agent run: a model asks for tools, the host runs them, and all is journalled."""
