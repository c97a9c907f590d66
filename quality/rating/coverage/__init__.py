"""Coverage that tests measured, read from the reports of others."""
