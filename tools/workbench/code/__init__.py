"""The tool that runs programs nobody trusts, and the tiers that can run them."""
