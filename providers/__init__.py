"""How to speak to each backend: one module per wire protocol, rows for the compatible ones."""
