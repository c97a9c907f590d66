"""A model that obeys whatever it reads, and a world in which it could do harm."""
