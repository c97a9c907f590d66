"""Between a look and an act, another may act; so may another thread."""

import ast
import re
from collections.abc import Iterator

from quality.checks.check import on, on_call
from quality.checks.code import (
    FUNCTIONS,
    Code,
    Function,
    argument,
    bodies,
    last_name,
    leaves,
    written,
)
from quality.checks.web import route_of

_ASKS = frozenset({"os.path.exists", "os.path.isfile", "os.access", "os.path.lexists", "os.stat"})
_ASKS |= frozenset({"os.path.islink", "os.path.isdir", "os.path.getsize"})
# Removing what is there and making a folder that is not are done everywhere, and harm nobody
_ACTS = frozenset({"os.rename", "os.chmod", "os.chown", "os.replace", "os.symlink", "os.mkfifo"})
_METHODS = (".write_text", ".write_bytes", ".rename", ".chmod")
_READS_TOO = frozenset({"os.access", "os.path.islink", "os.path.getsize", "os.stat"})
_MONEY = re.compile(r"(?i)balance|stock|inventory|counter|seats|quantity|credits|total|funds")


def _looked_then_acted(node: ast.If, code: Code) -> Iterator[ast.AST]:
    """`if os.path.exists(path): os.remove(path)`."""
    asked = {}
    for call, full in code.calls(node.test):
        if full in _ASKS and call.args:
            asked[written(call.args[0])] = full
        elif full in (".exists", ".is_file") and isinstance(call.func, ast.Attribute):
            asked[written(call.func.value)] = full
    if not asked:
        return
    for statement in [*node.body, *node.orelse]:
        for call, full in code.calls(statement):
            acted = _acted_on(call, full)
            if acted in asked and _races(call, full, asked[acted]):
                yield node.test
                return


def _acted_on(call: ast.Call, full: str) -> str:
    if full in _METHODS:
        return written(call.func.value) if isinstance(call.func, ast.Attribute) else ""
    return written(call.args[0]) if call.args else ""


def _races(call: ast.Call, full: str, asked: str) -> bool:
    if full == "builtins.open":
        mode = argument(call, "mode", 1)
        written = str(mode.value) if isinstance(mode, ast.Constant) else "r"
        return "w" in written or "a" in written or "+" in written or asked in _READS_TOO
    return full in _ACTS or full in _METHODS


def _then_opened(node: Function, code: Code) -> Iterator[ast.AST]:
    """`if not os.access(path, os.R_OK): return` and then `open(path)`."""
    if not code.speaks_of("access", "lstat", "islink"):
        return
    asked: dict[str, ast.AST] = {}
    for each in code.own(node):
        if isinstance(each, ast.Call):
            full = code.full(each.func)
            first = written(each.args[0]) if each.args else ""
            if full in ("os.access", "os.lstat", "os.path.islink"):
                asked[first] = each
            elif full in ("builtins.open", "os.open", *_ACTS) and first in asked:
                yield asked.pop(first)


def _absent_then_made(node: ast.If, code: Code) -> Iterator[ast.AST]:
    """`if os.path.exists(lock): return` and then `open(lock, "w")`."""
    if not leaves(node.body[-1]):
        return
    paths = {written(c.args[0]) for c, n in code.calls(node.test) if n in _ASKS and c.args}
    parent = code.parent(node)
    if not paths or parent is None:
        return
    block = next((each for each in bodies(parent) if node in each), [])
    for statement in block[block.index(node) + 1 :] if block else []:
        for call, full in code.calls(statement):
            if full == "builtins.open" and call.args and written(call.args[0]) in paths:
                mode = argument(call, "mode", 1)
                if isinstance(mode, ast.Constant) and "w" in str(mode.value):
                    yield node.test
                    return


def _asked_then_changed(node: ast.If, code: Code) -> Iterator[ast.AST]:
    """`if balances[user] < amount: abort()` and then `balances[user] = balances[user] - amount`."""
    function, parent = code.function(node), code.parent(node)
    if function is None or parent is None or not route_of(function):
        return
    locked = any(isinstance(each, ast.With | ast.AsyncWith) for each in code.above(node))
    asked = {written(e) for e in code.inside(node.test) if isinstance(e, ast.Subscript)}
    block = next((each for each in bodies(parent) if node in each), [])
    for statement in [] if locked or not block else block[block.index(node) + 1 :]:
        match statement:
            case (
                ast.AugAssign(target=ast.Subscript(value=ast.Name() as held) as target)
                | ast.Assign(targets=[ast.Subscript(value=ast.Name() as held) as target])
            ):
                shared = code.full(held).startswith("__main__.")
                if shared and any(_reads_same(target, e) for e in asked):
                    yield node.test
                    return


def _reads_same(target: ast.Subscript, asked: str) -> bool:
    return asked == written(ast.Subscript(target.value, target.slice, ast.Load()))


def _shared_count(node: Function, code: Code) -> Iterator[ast.AST]:
    """`global hits; hits += 1` where many threads answer requests, or run it."""
    if ast.Global not in code.nodes:
        return
    names = {name for each in code.own(node) if isinstance(each, ast.Global) for name in each.names}
    threaded = route_of(node) or _is_target(node, code)
    if not names or not threaded or any("lock" in word for word in code.words(node)):
        return
    for each in code.own(node):
        match each:
            case ast.AugAssign(target=ast.Name(id=name)) if name in names:
                yield each
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if name in names:
                if any(isinstance(e, ast.Name) and e.id in names for e in code.inside(value)):
                    yield each


def _is_target(node: Function, code: Code) -> bool:
    """Whether threads are started with it."""
    for call in code.nodes.get(ast.Call, ()):
        if isinstance(call, ast.Call) and last_name(call.func) in ("Thread", "submit", "map"):
            given = [*call.args[:1], *(k.value for k in call.keywords if k.arg == "target")]
            if any(last_name(each) == node.name for each in given):
                return True
    return False


def _checked_then_changed(node: ast.If, code: Code) -> Iterator[ast.AST]:
    """`if self.balance >= amount: self.balance -= amount` in a threaded program without a lock."""
    if not code.speaks_of("threading", "thread", "threadpoolexecutor"):
        return
    function = code.function(node)
    if function is None or any("lock" in word or "atomic" in word for word in code.words(function)):
        return
    asked = {written(e) for e in code.inside(node.test) if isinstance(e, ast.Attribute | ast.Name)}
    for statement in node.body:
        for each in [statement, *code.own(statement)]:
            match each:
                case ast.AugAssign(target=ast.Attribute() | ast.Subscript() as target):
                    if _MONEY.search(last_name(target)) and written(target) in asked:
                        yield node.test
                        return


def _forks_for_ever(node: ast.While, code: Code) -> Iterator[ast.AST]:
    if isinstance(node.test, ast.Constant) and node.test.value:
        for statement in node.body:
            for call, full in code.calls(statement):
                if full == "os.fork" and not any("wait" in w for w in code.words(node)):
                    yield call


def _user_before_group(node: Function | ast.Module, code: Code) -> Iterator[ast.AST]:
    """After `setuid`, `setgid` is refused: the group stays root's."""
    if not code.speaks_of("setuid", "setreuid", "setresuid"):
        return
    first: ast.Call | None = None
    for each in code.own(node):
        if isinstance(each, ast.Call):
            full = code.full(each.func)
            if full in ("os.setuid", "os.setreuid", "os.setresuid") and not first:
                first = each
            elif full in ("os.setgid", "os.setgroups", "os.initgroups") and first:
                yield first
                return


def _left_root(node: ast.Call, code: Code) -> Iterator[ast.AST]:
    """`os.chroot` without `os.chdir` leaves the old folder open."""
    words = {full for _, full in code.calls(code.scope(node))}
    if "os.chdir" not in words:
        yield node


CHECKS = (
    on("looked-then-acted", _looked_then_acted, ast.If, tests=False),
    on("looked-then-acted", _then_opened, *FUNCTIONS),
    on("shared-count", _shared_count, *FUNCTIONS),
    on("looked-then-acted", _absent_then_made, ast.If, tests=False),
    on("shared-count", _asked_then_changed, ast.If, tests=False),
    on("shared-count", _checked_then_changed, ast.If, tests=False),
    on("forks-for-ever", _forks_for_ever, ast.While),
    on("user-dropped-before-group", _user_before_group, *FUNCTIONS, ast.Module),
    on_call("chroot-without-chdir", _left_root, "os.chroot"),
)
