"""What Python has and tier 1 has not, read from the error that a program ended in.

The text may be the program's own, so it is only compared with names, and nothing is imported
for it.
"""

import builtins
import re
import sys

_UNSUPPORTED = re.compile(r"NotImplementedError: (The monty syntax parser.*|Wildcard imports.*)")
_NO_MODULE = re.compile(r"ModuleNotFoundError: No module named '([\w.]+)'")
_NO_NAME = re.compile(r"NameError: name '(\w+)' is not defined")
_REACHING_OUT = {"input", "exit", "quit", "breakpoint", "help"}  # nothing to offer anywhere

_NO_MEMBER = re.compile(r"AttributeError: module '([\w.]+)' has no attribute '(\w+)'")
_NO_IMPORT = re.compile(r"ImportError: cannot import name '(\w+)' from '([\w.]+)'")
_NO_METHOD = re.compile(r"AttributeError: '(\w+)' object has no attribute '(\w+)'")
_NO_SYSTEM = re.compile(r"RuntimeError: '([\w.]+)' is not supported in this environment")
_NO_FILES = "PermissionError: Permission denied"
_FAILED_ITSELF = "RuntimeError: Internal error in monty"


def lacking(error: str | None) -> str | None:
    """What the interpreter lacks, if that is why a program that needs no files failed."""
    if error is None:
        return None
    if unsupported := _UNSUPPORTED.match(error):
        return unsupported.group(1)
    if (module := _NO_MODULE.match(error)) and _is_standard(module[1]):
        return f"the module {module[1]}"
    name = _NO_NAME.match(error)
    if name and hasattr(builtins, name[1]) and name[1] not in _REACHING_OUT:
        return f"the name {name[1]}"
    return None


def missing(error: str | None) -> str | None:
    """What tier 1 lacks and a real Python in a folder of its own may have, if that is why."""
    if error is None or (known := lacking(error)):
        return error and known
    if error.startswith(_NO_FILES):
        return "files"
    if error.startswith(_FAILED_ITSELF):
        return "what this program does"
    if system := _NO_SYSTEM.match(error):
        return system[1]
    if (member := _NO_MEMBER.match(error)) and _is_standard(member[1]):
        return f"{member[1]}.{member[2]}"
    if (imported := _NO_IMPORT.match(error)) and _is_standard(imported[2]):
        return f"{imported[2]}.{imported[1]}"
    return _missing_method(error)


def _missing_method(error: str) -> str | None:
    named = _NO_NAME.match(error)
    if named and named[1] in {"exit", "quit"}:
        return f"the name {named[1]}"
    if method := _NO_METHOD.match(error):
        kind = getattr(builtins, method[1], None)
        if isinstance(kind, type) and hasattr(kind, method[2]):
            return f"{method[1]}.{method[2]}"
    return None


def _is_standard(module: str) -> bool:
    return module.split(".")[0] in sys.stdlib_module_names
