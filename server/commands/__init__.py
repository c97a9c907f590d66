"""The subcommands of `pointsman`, one module each; imported only when asked for."""
