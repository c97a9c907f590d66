"""What the annotation of a parameter, or its name, says of its value."""

import ast

from quality.flow.frame import Frame
from quality.flow.functions import Class, Function
from quality.flow.state import Key, Obj
from quality.flow.values import NUMBERS, UNKNOWN, Value

_HARMLESS = frozenset(
    {"uuid.UUID", "decimal.Decimal", "datetime.date", "datetime.datetime", "datetime.time"}
    | {"datetime.timedelta", "ipaddress.IPv4Address", "ipaddress.IPv6Address", "fractions.Fraction"}
)
_AROUND = frozenset({"Optional", "Annotated", "Union", "Final", "Required", "NotRequired"})
_LOOSE = frozenset({"typing.Any", "builtins.object", "typing.AnyStr", "os.PathLike"})
INJECTED = "fastapi.Depends"
_ENUMS = frozenset({"enum.Enum", "enum.StrEnum", "enum.IntEnum", "enum.Flag"})


def annotated(arg: ast.arg, frame: Frame) -> Value:
    """What is known of a parameter before it is given."""
    if arg.annotation is not None:
        known = _of(_bare(arg.annotation), frame, frame)
        return Value(type=INJECTED) if _is_injected(arg.annotation) and is_plain(known) else known
    for rule in frame.run.catalogue.parameters:
        if rule.parameter == arg.arg and (
            rule.imports is None or rule.imports in frame.unit.imports
        ):
            return Value(type=rule.type)
    return UNKNOWN


def is_plain(known: Value) -> bool:
    """Whether it has no type that rules may speak of."""
    names = (known.type, *known.names)
    return not known.refs and all(name is None or name.startswith("builtins.") for name in names)


def _is_injected(node: ast.expr) -> bool:
    """`Annotated[str, Depends(f)]`: what `f` of the program gives, not the client."""
    match node:
        case ast.Subscript(
            value=ast.Name(id="Annotated") | ast.Attribute(attr="Annotated"),
            slice=ast.Tuple(elts=[_, *more]),
        ):
            called = [each.func for each in more if isinstance(each, ast.Call)]
            return any(isinstance(c, ast.Name) and c.id in ("Depends", "Security") for c in called)
    return False


def returned(function: Function, frame: Frame) -> Value:
    """What the annotation says that a function gives."""
    node = None if isinstance(function.node, ast.Lambda) else function.node.returns
    home = function.unit.frame
    return UNKNOWN if node is None or home is None else _of(_bare(node), home, frame)


def _bare(node: ast.expr) -> ast.expr:
    """The type in `Optional[X]`, `X | None`, `Annotated[X, ...]`, "X"."""
    for _ in range(8):
        match node:
            case ast.Constant(value=str(text)) if len(text) < 200:
                try:
                    node = ast.parse(text, mode="eval").body
                except (SyntaxError, ValueError, RecursionError):
                    return node
            case ast.BinOp(left=left, op=ast.BitOr(), right=right):
                node = right if isinstance(left, ast.Constant) and left.value is None else left
            case ast.Subscript(value=ast.Name(id=word) | ast.Attribute(attr=word), slice=inner) if (
                word in _AROUND
            ):
                node = inner.elts[0] if isinstance(inner, ast.Tuple) and inner.elts else inner
            case ast.Subscript(value=ast.Name(id="Literal") | ast.Attribute(attr="Literal")):
                return ast.Constant(0)
            case ast.Subscript(value=value):
                node = value
            case _:
                return node
    return node


def _of(node: ast.expr, home: Frame, frame: Frame) -> Value:
    """The type that `node` names in `home`; an object of it is put into `frame`."""
    if isinstance(node, ast.Constant):
        return Value(safe=node.value == 0)
    if not isinstance(node, ast.Name | ast.Attribute):
        return UNKNOWN
    kind = home.evaluate(node)
    for cls in kind.funcs:
        if isinstance(cls, Class):
            return _of_class(cls, frame)
    for name in kind.names:
        if name in NUMBERS or name in _HARMLESS:
            return Value(type=name, safe=True)
        if name in _LOOSE or name.startswith("typing."):
            return UNKNOWN
        return Value(type=name)
    return UNKNOWN


def _checked_fields(cls: Class, frame: Frame) -> dict[Key, Value]:
    """The fields of a model that can be nothing but numbers, choices and the like."""
    found: dict[Key, Value] = {}
    for each in reversed(cls.mro()):
        for statement in each.node.body if each.unit.frame else ():
            match statement:
                case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation):
                    known = _of(_bare(annotation), each.unit.frame or frame, frame)
                    if known.safe:
                        found[name] = known
    return found


def _of_class(cls: Class, frame: Frame) -> Value:
    library = set(cls.library())
    if library & _ENUMS:
        return Value(type=cls.name, safe=True)
    if any(name.rpartition(".")[2] in ("BaseModel", "Struct", "TypedDict") for name in library):
        checked = _checked_fields(cls, frame)
        return Value(refs=(frame.put(Obj("object", checked, None, False)),)) if checked else UNKNOWN
    return Value(type=cls.name, refs=(frame.put(Obj("object", {}, None, False, cls)),))
