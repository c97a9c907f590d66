"""Indexes and numbers that do not fit."""

import ast
from collections.abc import Iterator

from quality.checks.check import on, on_call
from quality.checks.code import Code, argument, last_name, written
from quality.python.walking import walk

_NARROW = {  # bits of the integer types of numpy and ctypes, that wrap in silence
    **dict.fromkeys(("numpy.int8", "ctypes.c_int8", "ctypes.c_byte"), 7),
    **dict.fromkeys(("numpy.uint8", "ctypes.c_uint8", "ctypes.c_ubyte"), 8),
    **dict.fromkeys(("numpy.int16", "ctypes.c_int16", "ctypes.c_short"), 15),
    **dict.fromkeys(("numpy.uint16", "ctypes.c_uint16", "ctypes.c_ushort"), 16),
    **dict.fromkeys(("numpy.int32", "ctypes.c_int32", "ctypes.c_int"), 31),
    **dict.fromkeys(("numpy.uint32", "ctypes.c_uint32", "ctypes.c_uint"), 32),
}


def _past_end(node: ast.For, _: Code) -> Iterator[ast.AST]:
    """`for i in range(len(x) + 1): x[i]`, `for i in range(1, len(x) + 1): x[i]`."""
    match node:
        case ast.For(
            target=ast.Name(id=index),
            iter=ast.Call(func=ast.Name(id="range"), args=[*_, ast.BinOp() as end]),
        ):
            items = _length_and_one(end)
            if items and _indexes(node.body, items, index):
                yield node.iter


def _length_and_one(node: ast.expr) -> str:
    match node:
        case ast.BinOp(
            left=ast.Call(func=ast.Name(id="len"), args=[items]),
            op=ast.Add(),
            right=ast.Constant(value=int()),
        ):
            return written(items)
        case ast.BinOp(
            left=ast.BinOp(left=ast.Call(func=ast.Name(id="len"), args=[items]), op=ast.Sub()),
            op=ast.Add(),
            right=ast.Constant(value=int(more)),
        ) if more > 1:
            return written(items)
    return ""


def _indexes(block: list[ast.stmt], items: str, index: str) -> bool:
    for statement in block:
        for each in walk(statement):
            match each:
                case ast.Subscript(value=value, slice=ast.Name(id=name)) if name == index:
                    if written(value) == items:
                        return True
                case ast.Subscript(
                    value=value, slice=ast.BinOp(left=ast.Name(id=name), op=ast.Add())
                ) if name == index and written(value) == items:
                    return True
    return False


def _next_past_end(node: ast.For, code: Code) -> Iterator[ast.AST]:
    """`for i in range(len(x)): x[i + 1]`."""
    match node:
        case ast.For(
            target=ast.Name(id=index),
            iter=ast.Call(
                func=ast.Name(id="range"),
                args=[ast.Call(func=ast.Name(id="len"), args=[items])],
            ),
        ) if not any(isinstance(e, ast.If | ast.IfExp | ast.Try) for e in code.inside(node)):
            for each in code.inside(node):
                match each:
                    case ast.Subscript(
                        value=value,
                        slice=ast.BinOp(
                            left=ast.Name(id=name), op=ast.Add(), right=ast.Constant(value=int())
                        ),
                    ) if name == index and written(value) == written(items):
                        yield each


def _at_length(node: ast.Subscript, _: Code) -> Iterator[ast.AST]:
    """`x[len(x)]`."""
    match node.slice:
        case ast.Call(func=ast.Name(id="len"), args=[items]):
            if written(items) == written(node.value) and isinstance(node.ctx, ast.Load):
                yield node


def _index_past_end(node: ast.If | ast.While, _: Code) -> Iterator[ast.AST]:
    """`if i <= len(x): x[i]`, and `while` so."""
    match node.test:
        case ast.Compare(
            left=ast.Name(id=index),
            ops=[ast.LtE()],
            comparators=[ast.Call(func=ast.Name(id="len"), args=[items])],
        ):
            if _indexes(node.body, written(items), index):
                yield node.test


def _too_narrow(node: ast.Call, code: Code) -> Iterator[ast.AST]:
    """`numpy.int8(300)`, `numpy.int32(a * b)`: what does not fit is cut off."""
    bits = _NARROW[code.full(node.func)]
    given = node.args[0] if node.args else None
    if given is None:
        return
    match code.origin(given):
        case ast.Constant(value=int(value)) if abs(value) >= 1 << bits:
            yield node
        case ast.BinOp(op=ast.Mult() | ast.Pow() | ast.LShift()):
            yield node


def _narrow_array(node: ast.Call, code: Code) -> Iterator[ast.AST]:
    """`numpy.array([300], dtype=numpy.int8)`."""
    kind = argument(node, "dtype", 1)
    bits = _NARROW.get(code.full(kind)) if kind else None
    if bits is None or not node.args:
        return
    for each in code.inside(node.args[0]):
        match each:
            case ast.Constant(value=int(value)) if abs(value) >= 1 << bits:
                yield node
                return


def _narrow_product(node: ast.BinOp, code: Code) -> Iterator[ast.AST]:
    """`numpy.int32(a) * numpy.int32(b)`."""
    if isinstance(node.op, ast.Mult | ast.Pow | ast.Add | ast.LShift):
        sides = [code.origin(side) for side in (node.left, node.right)]
        if all(isinstance(s, ast.Call) and code.full(s.func) in _NARROW for s in sides):
            yield node


def _unchecked_memory(node: ast.Call, code: Code) -> Iterator[ast.AST]:
    """`ctypes.memmove` by a length that is not the buffer's."""
    size = argument(node, "count", 2) or argument(node, "size", 1)
    if isinstance(size, ast.Constant) or size is None:
        return
    bounded = any(
        name in ("min", "sizeof") for call, _ in code.calls(code.scope(node)) if
        (name := last_name(call.func))
    )  # fmt: skip
    compared = any(
        isinstance(each, ast.Compare) and written(size) in map(written, code.inside(each))
        for each in code.inside(code.scope(node))
    )
    if not bounded and not compared:
        yield node


CHECKS = (
    on("off-by-one", _past_end, ast.For),
    on("off-by-one", _next_past_end, ast.For),
    on("off-by-one", _index_past_end, ast.While),
    on("off-by-one", _at_length, ast.Subscript),
    on("off-by-one", _index_past_end, ast.If),
    on_call("number-cut-off", _too_narrow, *_NARROW, tests=False),
    on_call("number-cut-off", _narrow_array, "numpy.array", "numpy.asarray", "numpy.full"),
    on("number-cut-off", _narrow_product, ast.BinOp),
    on_call("unchecked-memory", _unchecked_memory, "ctypes.memmove", "ctypes.memset"),
    on_call("unchecked-memory", _unchecked_memory, "ctypes.string_at"),
)
