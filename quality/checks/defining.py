"""Functions and classes that do not keep to what Python expects of them."""

import ast
from collections.abc import Iterator

from quality.checks.check import on
from quality.checks.code import FUNCTIONS, Code, Function, last_name, written

_ARITY = {  # what Python passes to a special method, `self` counted
    **dict.fromkeys(("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__"), 2),
    **dict.fromkeys(("__contains__", "__getitem__", "__delitem__", "__add__", "__sub__"), 2),
    **dict.fromkeys(("__len__", "__hash__", "__str__", "__repr__", "__bool__", "__iter__"), 1),
    **dict.fromkeys(("__next__", "__enter__", "__aenter__", "__int__", "__float__"), 1),
    **dict.fromkeys(("__exit__", "__aexit__"), 4),
    **dict.fromkeys(("__setitem__", "__setattr__"), 3),
    **dict.fromkeys(("__getattr__", "__getattribute__", "__delattr__"), 2),
}
_MUTABLE = ("list", "dict", "set", "bytearray", "defaultdict", "deque", "OrderedDict")


def _no_self(node: Function, code: Code) -> Iterator[ast.AST]:
    owner = code.parent(node)
    if not isinstance(owner, ast.ClassDef) or node.decorator_list:
        return
    args = node.args
    if not (args.args or args.posonlyargs or args.vararg) and "Interface" not in _bases(owner):
        yield node


def _bases(owner: ast.ClassDef) -> list[str]:
    return [last_name(base) for base in owner.bases]


def _arity(node: Function, code: Code) -> Iterator[ast.AST]:
    wanted = _ARITY.get(node.name)
    if wanted is None or not isinstance(code.parent(node), ast.ClassDef):
        return
    if node.decorator_list or node.args.vararg:
        return
    count = len(node.args.posonlyargs) + len(node.args.args)
    needed = count - len(node.args.defaults)
    if not needed <= wanted <= count:
        yield node


def _init_returns(node: Function, code: Code) -> Iterator[ast.AST]:
    if node.name != "__init__":
        return
    for each in code.own(node):
        if isinstance(each, ast.Return) and each.value and not _is_none(each.value):
            yield each


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _mutable_default(node: Function, _: Code) -> Iterator[ast.AST]:
    for default in [*node.args.defaults, *node.args.kw_defaults]:
        match default:
            case ast.List() | ast.Dict() | ast.Set() | ast.ListComp() | ast.DictComp():
                yield default
            case ast.Call(func=ast.Name(id=name), args=[]) if name in _MUTABLE:
                yield default


def _eq_without_hash(node: ast.ClassDef, _: Code) -> Iterator[ast.AST]:
    names = {each.name for each in node.body if isinstance(each, FUNCTIONS)}
    names |= {
        target.id
        for each in node.body
        if isinstance(each, ast.Assign)
        for target in each.targets
        if isinstance(target, ast.Name)
    }
    if "__eq__" in names and "__hash__" not in names and not node.bases and not node.decorator_list:
        yield node


def _raises_no_exception(node: ast.Raise, code: Code) -> Iterator[ast.AST]:
    match node.exc:
        case ast.Name(id="NotImplemented") | ast.Call(func=ast.Name(id="NotImplemented")):
            yield node
        case ast.Constant() | ast.JoinedStr() | ast.Tuple() | ast.List() | ast.Dict():
            yield node
        case ast.Call(func=func) if code.full(func) in ("builtins.str", "builtins.print"):
            yield node


def _unlocked_singleton(node: Function, code: Code) -> Iterator[ast.AST]:
    """`if cls._instance is None: cls._instance = ...` that two threads may both enter."""
    if not isinstance(code.parent(node), ast.ClassDef) or "threading" not in code.words(code.tree):
        return
    for each in code.own(node):
        match each:
            case ast.If(
                test=ast.Compare(
                    left=ast.Attribute(value=ast.Name(id="cls")) as asked, ops=[ast.Is()]
                )
            ):
                assigned = [
                    written(target)
                    for statement in each.body
                    if isinstance(statement, ast.Assign)
                    for target in statement.targets
                ]
                locked = any("lock" in word for word in code.words(node))
                if written(asked) in assigned and not locked:
                    yield each


CHECKS = (
    on("method-without-self", _no_self, *FUNCTIONS),
    on("wrong-arity", _arity, *FUNCTIONS),
    on("init-returns-value", _init_returns, ast.FunctionDef),
    on("mutable-default", _mutable_default, *FUNCTIONS),
    on("eq-without-hash", _eq_without_hash, ast.ClassDef),
    on("raises-no-exception", _raises_no_exception, ast.Raise),
    on("unlocked-singleton", _unlocked_singleton, *FUNCTIONS),
)
