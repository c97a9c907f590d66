"""Reading Python: a parser for all its versions, full names, modules and their imports."""
