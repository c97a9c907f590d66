"""Our own engine: follows outside data through a Python program to where it does harm."""
