"""The words and seams every folder shares. It imports none of them."""

__version__ = "0.1.0"
