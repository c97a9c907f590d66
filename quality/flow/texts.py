"""The methods of texts."""

from quality.flow.conditions import Given
from quality.flow.containers import elements, exact_elements
from quality.flow.folding import combine, formatted, text
from quality.flow.frame import Frame
from quality.flow.taints import collected
from quality.flow.values import NONE, Value, constant, join_taints

_KEEPING = frozenset(
    {"lower", "upper", "strip", "lstrip", "rstrip", "title", "capitalize", "casefold"}
)
_COMPUTED = _KEEPING | frozenset(
    {"swapcase", "replace", "startswith", "endswith", "find", "rfind", "index", "count", "zfill"}
    | {"isdigit", "isalpha", "isalnum", "isnumeric", "islower", "isupper", "encode", "decode"}
    | {"removeprefix", "removesuffix"}
)


def text_method(receiver: Value, attr: str, given: Given, frame: Frame) -> Value | None:
    """What a method of a text gives; None: the rules for calls may say it."""
    if attr == "format":
        return formatted(receiver, given.args, given.keywords)
    if attr == "join" and len(given.args) == 1:
        return _joined(receiver, given.args[0], frame)
    if attr in _COMPUTED and receiver.consts is not None and not given.keywords:
        return _computed(receiver, attr, given)
    if attr in _KEEPING and receiver.parts is not None:
        return Value(receiver.taints, type="builtins.str", parts=receiver.parts, safe=receiver.safe)
    return None


def _computed(receiver: Value, attr: str, given: Given) -> Value | None:
    if not given.args:
        return combine(receiver, NONE, lambda each, _: getattr(each, attr)())
    if len(given.args) == 1:
        return combine(receiver, given.args[0], lambda a, b: getattr(a, attr)(b))
    fixed = [arg.consts[0] for arg in given.args if arg.consts and len(arg.consts) == 1]
    if len(fixed) != len(given.args):
        return None
    return combine(receiver, NONE, lambda each, _: getattr(each, attr)(*fixed))


def _joined(separator: Value, values: Value, frame: Frame) -> Value:
    found = exact_elements(values, frame)
    if found is None:
        each = elements(values, frame)
        taints = join_taints(collected([separator, values], frame), each.taints)
        return Value(
            tuple(taint.but(built=True) for taint in taints),
            type="builtins.str",
            safe=each.safe or each.consts is not None,
        )
    pieces: list[Value] = []
    for value in found:
        pieces += [separator, value] if pieces else [value]
    return text(pieces) if pieces else constant("")
