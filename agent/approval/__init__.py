"""Who must be asked before a tool is called, and the ways to ask them."""
