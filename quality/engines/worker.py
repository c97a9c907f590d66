"""Runs as a program of its own: pure Python that computes for long, over files from standard input.

The input is JSON, [[path, ending, text], ...], where the ending tells the language; the output is
{"results": {path: ...}, "unread": {path: why}}.
It imports nothing of ours, so that it starts fast and runs under `python -I` from any folder.
"""

import gc
import json
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Any

FILE_S = 10.0  # of one file
DEEPEST = 5_000  # calls; the default of 1,000 is too few for long chains of operators


class _TooLong(BaseException):
    """Not an Exception, which a library may catch."""


def _metrics() -> Callable[[str, str, str], object]:
    import lizard  # type: ignore[import-untyped]  # it has no types

    def measure(_path: str, ending: str, text: str) -> object:
        found = lizard.analyze_file.analyze_source_code(f"file{ending}", text)
        functions = [
            _function(one.name, one.cyclomatic_complexity, one.start_line, one.end_line)
            for one in found.function_list
        ]
        return {"ncloc": found.nloc, "functions": functions}

    return measure


def _cognitive() -> Callable[[str, str, str], object]:
    from complexipy import code_complexity

    def measure(_path: str, _ending: str, text: str) -> object:
        found = code_complexity(text)
        functions = [
            _function(one.name, one.complexity, one.line_start, one.line_end)
            for one in found.functions
        ]
        return {"cognitive": found.complexity, "functions": functions}

    return measure


def _function(name: str, score: int, line: int, end_line: int) -> dict[str, object]:
    return {"name": name, "score": score, "line": line, "end_line": end_line}


def _dead_code() -> Callable[[str, str, str], object]:
    """What a file defines and what it uses; what nobody uses is seen only in all of them."""
    import pkgutil

    from vulture.core import ExitCode, Vulture  # type: ignore[import-untyped]  # it has no types

    known: dict[str, set[str]] = {}  # what is used of a library's, by its import

    def used_by(library: str) -> set[str]:
        if library not in known:
            known[library] = set()
            with suppress(OSError):
                text = pkgutil.get_data("vulture", f"whitelists/{library}_whitelist.py")
                listed = Vulture()
                listed.scan((text or b"").decode())
                known[library] = set(listed.used_names)
        return known[library]

    def look(path: str, _ending: str, text: str) -> object:
        seen = Vulture(ignore_decorators=["@*"])  # what is decorated may be registered somewhere
        seen.scan(text, filename=path)
        if seen.exit_code == ExitCode.InvalidInput:
            raise ValueError("this Python cannot parse it")
        used = set(seen.used_names).union(*(used_by(one.name) for one in seen.defined_imports))
        kinds = (seen.defined_classes, seen.defined_funcs, seen.defined_methods, seen.defined_props)
        sure = [one for one in seen.defined_vars if one.confidence >= SURE]
        items = [
            *seen.defined_imports,
            *seen.unreachable_code,
            *sure,
            *(i for k in kinds for i in k),
        ]
        return {"used": sorted(used), "defined": [_item(item) for item in items]}

    return look


def _item(item: Any) -> dict[str, object]:
    return {
        "name": item.name,
        "type": item.typ,
        "line": item.first_lineno,
        "end_line": item.last_lineno,
        "confidence": item.confidence,
        "message": item.message,
    }


KINDS = {"metrics": _metrics, "cognitive": _cognitive, "dead_code": _dead_code}
SURE = 80  # per cent


def _ring(_signal: int, _frame: FrameType | None) -> None:
    raise _TooLong


def _main() -> None:
    files: list[tuple[str, str, str]] = json.load(sys.stdin)
    output, sys.stdout = sys.stdout, sys.stderr  # what libraries print is not for our reader
    look = KINDS[sys.argv[1]]()
    gc.disable()  # syntax trees hold no cycles, and looking for some takes longer than parsing
    sys.setrecursionlimit(DEEPEST)
    signal.signal(signal.SIGALRM, _ring)
    results: dict[str, object] = {}
    unread: dict[str, str] = {}
    for path, ending, text in files:
        signal.setitimer(signal.ITIMER_REAL, FILE_S)
        try:
            results[path] = look(path, ending, text)
        except _TooLong:
            unread[path] = f"took more than {FILE_S:.0f} s"
        except Exception as error:  # noqa: BLE001  # a library's, at odd code: the file is named
            unread[path] = f"{type(error).__name__}: {error}"[:200]
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    json.dump({"results": results, "unread": unread}, output)


if __name__ == "__main__":
    _main()
