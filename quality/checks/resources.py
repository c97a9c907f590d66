"""Files, sockets, connections and locks that are opened, and what becomes of them."""

import ast
from collections.abc import Iterator

from quality.checks.check import on, on_call
from quality.checks.code import FUNCTIONS, Code, argument, bodies, is_false, last_name, written
from quality.python.walking import walk

_OPENERS = (
    "builtins.open",
    "io.open",
    "codecs.open",
    "gzip.open",
    "bz2.open",
    "lzma.open",
    "zipfile.ZipFile",
    "tarfile.open",
    "os.fdopen",
    "socket.socket",
    "socket.create_connection",
    "sqlite3.connect",
    "psycopg2.connect",
    "pymysql.connect",
    "MySQLdb.connect",
    "mysql.connector.connect",
    "urllib.request.urlopen",
    "http.client.HTTPConnection",
    "http.client.HTTPSConnection",
    "ftplib.FTP",
    "smtplib.SMTP",
    "shelve.open",
)
_CLOSERS = frozenset({"close", "quit", "shutdown", "aclose", "__exit__", "detach", "terminate"})
_TEMPORARY = ("tempfile.mkstemp", "tempfile.mkdtemp")
_REMOVERS = frozenset(
    {"remove", "unlink", "rmtree", "rmdir", "replace", "rename", "move", "cleanup"}
)
_LOCKS = frozenset(
    {
        "threading.Lock",
        "threading.RLock",
        "threading.Semaphore",
        "threading.BoundedSemaphore",
        "threading.Condition",
        "multiprocessing.Lock",
        "multiprocessing.RLock",
        "multiprocessing.Semaphore",
        "asyncio.Lock",
    }
)


def _never_closed(node: ast.Call, code: Code) -> Iterator[ast.AST]:
    parent = code.parent(node)
    if isinstance(parent, ast.Attribute) and parent.attr in (
        "read",
        "readlines",
        "write",
        "readline",
    ):
        yield node  # open(path).read()
        return
    match parent:
        case ast.Assign(targets=[ast.Name(id=name)]):
            function = code.scope(node)
            if code.function(node) and not _leaves(function, name) and not _closed(function, name):
                yield node


def _descriptor_open(node: ast.Call, code: Code) -> Iterator[ast.AST]:
    """`fd = os.open(...)` without an `os.close(fd)`."""
    match code.parent(node):
        case ast.Assign(targets=[ast.Name(id=name)]) if code.function(node):
            scope = code.scope(node)
            ends = ("os.close", "os.fdopen", "builtins.open", "io.open", ".callback", "os.dup2")
            for call, full in code.calls(scope):
                if full in ends and any(last_name(given) == name for given in call.args):
                    return
            kept = [
                e for e in code.inside(scope) if isinstance(e, ast.Return | ast.Yield | ast.Assign)
            ]
            if not any(name in names for each in kept for names in _handed_on(each)):
                yield node


def _closed(scope: ast.AST, name: str) -> bool:
    for each in walk(scope):
        match each:
            case ast.Attribute(value=ast.Name(id=used), attr=attribute):
                if used == name and attribute in _CLOSERS:
                    return True
            case ast.withitem(context_expr=ast.Name(id=used)) if used == name:
                return True
    return False


def _leaves(scope: ast.AST, name: str) -> bool:
    """Whether another may close it: it is returned, passed on, or kept somewhere."""
    return any(name in names for each in walk(scope) for names in _handed_on(each))


def _handed_on(node: ast.AST) -> Iterator[set[str]]:
    """The names whose values the node takes elsewhere."""
    match node:
        case ast.Return(value=value) | ast.Yield(value=value) if value is not None:
            yield _bare(value)
        case ast.Assign(value=value):
            yield _bare(value)
        case ast.Call(args=args, keywords=keywords):
            passed = [*args, *(keyword.value for keyword in keywords)]
            yield {each.id for each in passed if isinstance(each, ast.Name)}
        case ast.Global(names=names) | ast.Nonlocal(names=names):
            yield set(names)


def _bare(node: ast.expr) -> set[str]:
    """The names in it that stand by themselves, or in a tuple, list or dictionary."""
    found: set[str] = set()
    todo = [node]
    while todo:
        each = todo.pop()
        if isinstance(each, ast.Name):
            found.add(each.id)
        if isinstance(each, ast.Tuple | ast.List):
            todo += each.elts
        if isinstance(each, ast.Dict):
            todo += each.values
    return found


def _closed_only_without_error(node: ast.Call, code: Code) -> Iterator[ast.AST]:
    parent = code.parent(node)
    match parent:
        case ast.Assign(targets=[ast.Name(id=name)]):
            block = _block_of(parent, code)
            after = block[block.index(parent) + 1 :] if parent in block else []
            for index, statement in enumerate(after):
                if _closes(statement, name):
                    if any(isinstance(e, ast.Call) for s in after[:index] for e in code.inside(s)):
                        yield node
                    return
                if isinstance(statement, ast.Try):
                    return


def _block_of(node: ast.stmt, code: Code) -> list[ast.stmt]:
    parent = code.parent(node)
    return next((block for block in bodies(parent) if node in block), []) if parent else []


def _closes(statement: ast.stmt, name: str) -> bool:
    match statement:
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=used), attr="close"))):
            return used == name
    return False


def _used_after_close(node: ast.AST, code: Code) -> Iterator[ast.AST]:
    if not code.speaks_of("close"):
        return
    for block in bodies(node):
        closed: set[str] = set()
        for statement in block:
            if closed:
                yield from _uses(statement, closed)
            match statement:
                case ast.Expr(
                    value=ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="close"))
                ):
                    closed.add(name)


def _uses(statement: ast.stmt, closed: set[str]) -> Iterator[ast.AST]:
    for each in walk(statement):
        match each:
            case ast.Name(id=name, ctx=ast.Store()):
                closed.discard(name)
            case ast.Attribute(value=ast.Name(id=name), attr=attribute) if name in closed:
                if attribute in (
                    "read",
                    "write",
                    "readline",
                    "readlines",
                    "send",
                    "recv",
                    "execute",
                ):
                    yield each


def _unreleased(node: ast.Call, code: Code) -> Iterator[ast.AST]:
    """`lock.acquire()` whose release an error would skip, or that has none."""
    func = node.func
    if not isinstance(func, ast.Attribute) or not _is_lock(func.value, code):
        return
    statement = code.parent(node)
    function = code.function(node)
    if not isinstance(statement, ast.Expr) or function is None:
        return
    if function.name in ("__enter__", "__aenter__", "acquire", "lock", "start"):
        return
    lock = written(func.value)
    block = _block_of(statement, code)
    after = block[block.index(statement) + 1 :] if statement in block else []
    guarded = any(_releases_finally(each, lock) for each in [*code.above(node), *after[:1]])
    released = [i for i, each in enumerate(after) if _releases(each, lock)]
    calls = any(
        isinstance(e, ast.Call) for s in after[: (released or [0])[0]] for e in code.inside(s)
    )
    if not guarded and (calls or not released):
        yield node


def _is_lock(node: ast.expr, code: Code) -> bool:
    made = code.origin(node)
    if isinstance(made, ast.Call) and code.full(made.func) in _LOCKS:
        return True
    return "lock" in last_name(node).lower() or "mutex" in last_name(node).lower()


def _releases(statement: ast.AST, lock: str) -> bool:
    return any(
        isinstance(each, ast.Attribute) and each.attr == "release" and written(each.value) == lock
        for each in walk(statement)
    )


def _releases_finally(node: ast.AST, lock: str) -> bool:
    return isinstance(node, ast.Try) and any(_releases(each, lock) for each in node.finalbody)


def _not_waited(node: ast.Call, code: Code) -> Iterator[ast.AST]:
    """`lock.acquire(timeout=1)` whose answer nobody reads."""
    limited = argument(node, "timeout", 1) or is_false(argument(node, "blocking", 0))
    func = node.func
    unused = isinstance(code.parent(node), ast.Expr)
    if limited and unused and isinstance(func, ast.Attribute) and _is_lock(func.value, code):
        yield node


def _opposite_order(_: ast.Module, code: Code) -> Iterator[ast.AST]:
    """`with a: with b:` here and `with b: with a:` there: both may wait for ever."""
    orders: dict[tuple[str, str], ast.AST] = {}
    for each in [*code.nodes.get(ast.With, ()), *code.nodes.get(ast.AsyncWith, ())]:
        inner = _locks(each, code)
        outer = [name for above in code.above(each) for name in _locks(above, code)]
        pairs = [(a, b) for a in outer for b in inner]
        pairs += [(a, b) for i, a in enumerate(inner) for b in inner[i + 1 :]]
        for a, b in pairs:
            if (b, a) in orders and a != b:
                yield each
            orders.setdefault((a, b), each)


def _locks(node: ast.AST, code: Code) -> list[str]:
    if not isinstance(node, ast.With | ast.AsyncWith):
        return []
    asked = [item.context_expr for item in node.items]
    return [
        written(each) for each in asked if not isinstance(each, ast.Call) and _is_lock(each, code)
    ]


def _empty_lock(node: ast.With, code: Code) -> Iterator[ast.AST]:
    if _locks(node, code) and all(isinstance(each, ast.Pass) for each in node.body):
        yield node


def _left_behind(node: ast.Call, code: Code) -> Iterator[ast.AST]:
    """A temporary file that nobody removes, in a function that keeps its name to itself."""
    function = code.function(node)
    parent = code.parent(node)
    if function is None or not isinstance(parent, ast.Assign):
        return
    names = [
        e.id for target in parent.targets for e in code.inside(target) if isinstance(e, ast.Name)
    ]
    removed = any(
        isinstance(each, ast.Attribute | ast.Name) and last_name(each) in _REMOVERS
        for each in code.inside(function)
    )
    returned = [e for e in code.own(function) if isinstance(e, ast.Return | ast.Yield) and e.value]
    kept = any(n in code.words(each) for each in returned for n in names)
    if not removed and not kept and names:
        yield node


CHECKS = (
    on_call("never-closed", _never_closed, *_OPENERS),
    on_call("never-closed", _descriptor_open, "os.open"),
    on_call("closed-only-without-error", _closed_only_without_error, *_OPENERS),
    on("used-after-close", _used_after_close, *FUNCTIONS, ast.Module, ast.If, ast.For, ast.Try),
    on_call("lock-not-released", _unreleased, ".acquire"),
    on_call("lock-answer-unused", _not_waited, ".acquire"),
    on("locks-in-opposite-order", _opposite_order, ast.Module),
    on("empty-lock", _empty_lock, ast.With),
    on_call("temporary-left-behind", _left_behind, *_TEMPORARY),
)
