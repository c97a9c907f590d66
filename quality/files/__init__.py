"""Which files are analysed, as text."""
