"""What a model's fix must not bring along: calls, values and stores that mending does not need."""

import ast
import builtins
import re
from collections import Counter
from collections.abc import Iterator

from quality.fixes.errors import Refused
from quality.python.names import Names
from quality.python.walking import walk

_BUILTINS = (
    "abs all any ascii bin bool bytes callable chr dict divmod enumerate filter float format "
    "frozenset hash hex id int isinstance issubclass iter len list map max memoryview min next "
    "object oct ord pow range repr reversed round set slice sorted str sum super tuple type zip"
)
_METHODS = (  # of texts, containers, paths, parsed addresses, queries with parameters
    "add append capitalize casefold center copy count decode difference digest encode endswith "
    "expandtabs extend filter filter_by find first format get group groups hexdigest index "
    "intersection is_absolute is_file is_dir exists is_relative_to isalnum isalpha isascii "
    "isdecimal isdigit isidentifier isnumeric issubset items joinpath join keys lower lstrip match "
    "fullmatch partition pop relative_to removeprefix removesuffix replace resolve rpartition "
    "rsplit rstrip search setdefault sort split splitlines startswith strip sub title translate "
    "union update upper values where with_name with_suffix zfill "
    "default bindparams scalars one scalar fetchone safe_load safe_join escape quote"
)
_ATTRIBUTES = "netloc scheme hostname path parts parent parents name suffix stem port query"
_LOGS = frozenset({"debug", "info", "warning", "error", "exception", "critical"})
_SQL = re.compile(r"\s*(?:select|insert|update|delete|replace|merge|with|create|drop)\b", re.I)
_WORD = re.compile(r"\w+")
_STOPS = frozenset({"abort"})
# What small models write in the place of a dangerous call, with the arguments of that one.
_ONE_ARGUMENT = frozenset({"yaml.safe_load", "yaml.safe_load_all", "ast.literal_eval"})


def check_gains(old: ast.AST, new: ast.AST, whole: ast.Module) -> None:
    """`new` takes the place of `old`; it is a part of the new module `whole`.

    Raises:
        Refused: it does or reads what the old one did not, and mending does not need.
    """
    names = Names(whole)
    _check_calls(old, new, names)
    had, bound = _loaded(old), _bound(new) | _imported(whole)
    for name in sorted(_loaded(new) - had - bound - set(dir(builtins)) - _STOPS):
        raise Refused(f"it uses {name}, which the code there did not")
    had_attributes = _attributes(old, names) | set(_ATTRIBUTES.split())
    for name in sorted(_attributes(new, names) - had_attributes):
        raise Refused(f"it reads .{name}, which the code there did not")
    if stores := _stores(new) - _stores(old):
        raise Refused(f"it sets {min(stores)}, which the code there did not")
    _check_queries(old, new)
    for _, call in _calls(new):
        full = names.full(call.func)
        if full in _ONE_ARGUMENT and (len(call.args) != 1 or call.keywords):
            raise Refused(f"{full} takes one argument, and no other")


def _check_calls(old: ast.AST, new: ast.AST, names: Names) -> None:
    had = Counter(name for name, _ in _calls(old))
    has = Counter(name for name, _ in _calls(new))
    spare = (had - has).total()  # one call may take the place of another
    harmless = {*_METHODS.split(), *_BUILTINS.split(), *_STOPS}
    for name, call in _calls(new):
        if has[name] <= had[name] or name in harmless or _imports(call, names) or _says(call):
            continue
        spare -= had[name] == 0
        if had[name] or spare < 0:
            raise Refused(f"it brings a call of {name}")


def _calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    for node in walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name)):
                yield name, node
            case ast.Call():
                yield "a result", node


def _imports(call: ast.Call, names: Names) -> bool:
    """Whether it is one of a module's own functions: what those can do is judged elsewhere.

    Exceptions and other classes of Python's own are too.
    """
    full = names.full(call.func)
    if full is None:
        return False
    if full.startswith("builtins."):
        return full.endswith(("Error", "Exception"))
    return not full.startswith("__main__.")


def _says(call: ast.Call) -> bool:
    """Whether it only logs a text of its own."""
    plain = all(isinstance(each, ast.Constant) for each in call.args) and not call.keywords
    return plain and isinstance(call.func, ast.Attribute) and call.func.attr in _LOGS


def _loaded(tree: ast.AST) -> set[str]:
    return {
        node.id
        for node in walk(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }


def _bound(tree: ast.AST) -> set[str]:
    """What gets a value within."""
    found = set[str]()
    for node in walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                found.add(name)
            case ast.ExceptHandler(name=str(name)) | ast.FunctionDef(name=name):
                found.add(name)
    return found


def _imported(tree: ast.Module) -> set[str]:
    return {
        alias.asname or alias.name.partition(".")[0]
        for node in tree.body
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }


def _attributes(tree: ast.AST, names: Names) -> set[str]:
    """Attributes that are read, not called; those of modules are judged elsewhere."""
    called = {id(node.func) for node in walk(tree) if isinstance(node, ast.Call)}
    return {
        node.attr
        for node in walk(tree)
        if isinstance(node, ast.Attribute)
        and id(node) not in called
        and isinstance(node.ctx, ast.Load)
        and (names.full(node) or "__main__.").startswith("__main__.")
    }


def _stores(tree: ast.AST) -> Counter[str]:
    """Attributes and items that are set or deleted; headers of an answer aside."""
    return Counter(
        ast.unparse(node)
        for node in walk(tree)
        if isinstance(node, ast.Attribute | ast.Subscript)
        and not isinstance(node.ctx, ast.Load)
        and ".headers[" not in ast.unparse(node)
    ) + Counter("an outer name" for n in walk(tree) if isinstance(n, ast.Global | ast.Nonlocal))


def _check_queries(old: ast.AST, new: ast.AST) -> None:
    """A query says what it said, but for the marks of its parameters."""
    known = {word.lower() for text in _texts(old) for word in _WORD.findall(text)}
    known |= {name.lower() for name in _loaded(old)} | {"s"}  # "%s"
    for text in set(_texts(new)) - set(_texts(old)):
        if _SQL.match(text) and (more := {w.lower() for w in _WORD.findall(text)} - known):
            raise Refused(f"it changes what the query asks ({min(more)})")


def _texts(tree: ast.AST) -> Iterator[str]:
    for node in walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
