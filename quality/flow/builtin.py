"""What Python's built-in functions give, as far as following data needs it."""

import ast
from collections.abc import Callable

from quality.flow.attributes import read
from quality.flow.conditions import Given
from quality.flow.containers import elements, exact_elements, make, make_list, set_item
from quality.flow.folding import combine, known, text
from quality.flow.frame import Frame
from quality.flow.functions import Partial
from quality.flow.options import add_argument
from quality.flow.state import Key, Obj
from quality.flow.taints import after_first, collected
from quality.flow.values import (
    NONE,
    NUMBER,
    UNKNOWN,
    Facts,
    Value,
    constant,
    join_all,
)

Compute = Callable[[Given, ast.Call, Frame], Value | None]


def _first(given: Given) -> Value:
    return given.args[0] if given.args else UNKNOWN


def _list(given: Given, node: ast.Call, frame: Frame) -> Value:
    kind = "builtins.list"
    if isinstance(node.func, ast.Name) and node.func.id == "tuple":
        kind = "builtins.tuple"
    if not given.args:
        return make_list(frame, [], kind)
    found = exact_elements(_first(given), frame)
    if found is not None:
        return make_list(frame, found, kind)
    return make(frame, "list", rest=elements(_first(given), frame), type=kind, exact=False)


def _set(given: Given, _node: ast.Call, frame: Frame) -> Value:
    found = exact_elements(_first(given), frame) if given.args else []
    if found is not None:
        return make(frame, "set", dict(enumerate(found)))
    return make(frame, "set", rest=elements(_first(given), frame), exact=False)


def _dict(given: Given, _node: ast.Call, frame: Frame) -> Value:
    items: dict[Key, Value] = dict(given.keywords.items())
    for value in given.args:
        for _, obj in frame.state.objects(value):
            if obj.kind == "dict":
                items = {**obj.items, **items}
    taints = collected(given.args, frame) if not items else ()
    return make(frame, "dict", items, Value(taints) if taints else None)


def _str(given: Given, _node: ast.Call, frame: Frame) -> Value:
    value = _first(given)
    if not given.args:
        return constant("")
    found = combine(value, NONE, lambda each, _: str(each)) if value.consts else None
    if found is not None:
        return found
    return Value(
        frame.state.taints(value),
        type="builtins.str",
        parts=value.parts,
        safe=value.safe or value.type in ("builtins.int", "builtins.float"),
    )


def _int(given: Given, _node: ast.Call, _frame: Frame) -> Value:
    value = _first(given)
    found = combine(value, NONE, lambda each, _: int(each)) if value.consts else None
    return found or NUMBER


def _len(given: Given, _node: ast.Call, frame: Frame) -> Value:
    value = _first(given)
    found = exact_elements(value, frame)
    if found is not None:
        return constant(len(found))
    return (combine(value, NONE, lambda each, _: len(each)) if value.consts else None) or NUMBER


def _each(given: Given, _node: ast.Call, frame: Frame) -> Value:
    """sorted, reversed, iter, set and so on: the same elements in some order."""
    value = _first(given)
    if exact_elements(value, frame) is None and not frame.state.objects(value):
        return Value(value.taints, safe=value.safe)
    return make(frame, "list", rest=elements(value, frame), exact=False)


def _next(given: Given, _node: ast.Call, frame: Frame) -> Value:
    return join_all([elements(_first(given), frame), *given.args[1:2]])


def _enumerate(given: Given, _node: ast.Call, frame: Frame) -> Value:
    pair = make_list(frame, [NUMBER, elements(_first(given), frame)], "builtins.tuple")
    return make(frame, "list", rest=pair, exact=False)


def _zip(given: Given, _node: ast.Call, frame: Frame) -> Value:
    pair = make_list(frame, [elements(each, frame) for each in given.args], "builtins.tuple")
    return make(frame, "list", rest=pair, exact=False)


def _map(given: Given, node: ast.Call, frame: Frame) -> Value | None:
    if len(given.args) < 2:
        return None
    values = [elements(each, frame) for each in given.args[1:]]
    found = [frame.run.invoke(each, Given(values), node, frame) for each in given.args[0].funcs]
    if not found:
        numbers = set(given.args[0].names) & {"builtins.int", "builtins.float", "builtins.bool"}
        found = [NUMBER] if numbers else values
    return make(frame, "list", rest=join_all(found), exact=False)


def _filter(given: Given, node: ast.Call, frame: Frame) -> Value | None:
    if len(given.args) != 2:
        return None
    value = elements(given.args[1], frame)
    for each in given.args[0].funcs:
        kept = frame.run.invoke(each, Given([value]), node, frame)
        if kept.facts and value.taints:
            state = frame.state.copy()
            state.clear(kept.facts.true)
            value = state.seen(value)
    return make(frame, "list", rest=value, exact=False)


def _getattr(given: Given, node: ast.Call, frame: Frame) -> Value | None:
    match given.args:
        case [value, Value(consts=(str(attr),)), *default]:
            found = read(value, attr, node, frame)
            return join_all([found, *default]) if found.taints or not default else found
    return None


def _setattr(given: Given, _node: ast.Call, frame: Frame) -> Value | None:
    if len(given.args) == 3:
        set_item(given.args[0], given.args[1], given.args[2], frame)
    return NONE


def _super(_given: Given, _node: ast.Call, frame: Frame) -> Value:
    function = frame.function
    names = function.node.args.args if function else []
    own = frame.state.env.get(names[0].arg) if names else None
    return Value(type="super", refs=own.refs if own else ())


def _partial(given: Given, _node: ast.Call, _frame: Frame) -> Value | None:
    if not given.args or not given.args[0].funcs:
        return None
    made = Partial(given.args[0], tuple(given.args[1:]), tuple(given.keywords.items()))
    return Value(funcs=(made,))


def _range(given: Given, _node: ast.Call, frame: Frame) -> Value:
    fixed = [value.consts[0] for value in given.args if value.consts and len(value.consts) == 1]
    numbers = [each for each in fixed if isinstance(each, int)]
    if len(numbers) == len(given.args) and 0 < len(numbers) <= 3 and all(numbers[2:] or [1]):
        found = range(*numbers)
        if len(found) <= 8:
            return make_list(frame, [constant(each) for each in found])
    return make(frame, "list", rest=NUMBER, exact=False)


def _chr(given: Given, _node: ast.Call, _frame: Frame) -> Value:
    value = _first(given)
    found = combine(value, NONE, lambda each, _: chr(each)) if value.consts else None
    return found or Value(value.taints, type="builtins.str", safe=value.safe)


def _any(given: Given, node: ast.Call, frame: Frame) -> Value:
    """any() is false where its test is false of all, all() true where it is true of all."""
    value = elements(_first(given), frame)
    if not value.facts:
        return Value(type="builtins.bool", safe=True)
    every = isinstance(node.func, ast.Name) and node.func.id == "all"
    facts = Facts(value.facts.true, {}) if every else Facts({}, value.facts.false)
    return Value((), None, "builtins.bool", facts=facts, safe=True)


def _copy(given: Given, _node: ast.Call, frame: Frame) -> Value:
    value = _first(given)
    refs = tuple(frame.put(obj) for _, obj in frame.state.objects(value))
    return Value(value.taints, value.consts, value.type, refs=refs, parts=value.parts)


def _default_dict(_given: Given, _node: ast.Call, frame: Frame) -> Value:
    return make(frame, "dict", {}, UNKNOWN)


def _type(given: Given, _node: ast.Call, frame: Frame) -> Value:
    classes = [obj.cls for _, obj in frame.state.objects(_first(given)) if obj.cls]
    return Value(funcs=tuple(dict.fromkeys(classes)))


def _global_names(_given: Given, _node: ast.Call, frame: Frame) -> Value:
    ref = frame.put(Obj("dict", dict(frame.state.env.items()), None, False))
    return Value(type="builtins.dict", refs=(ref,))


def _decide(given: Given, _node: ast.Call, _frame: Frame) -> Value:
    value = _first(given)
    return known([bool(c) for c in value.consts]) or UNKNOWN if value.consts else value


def _join_path(given: Given, _node: ast.Call, frame: Frame) -> Value | None:
    """A path as the text that it is."""
    if given.rest is not None or given.keywords or not given.args:
        return None
    pieces: list[Value] = []
    for value in given.args:
        end = value.consts[-1] if value.consts and len(value.consts) == 1 else ""
        slash = [] if isinstance(end, str) and end.endswith("/") else [constant("/")]
        plain = Value(frame.state.taints(value), value.consts, "builtins.str", parts=value.parts)
        plain.safe = value.safe
        pieces += [plain, *slash]
    found = text(pieces[:-1] if pieces[-1].consts == ("/",) else pieces)
    return found.but(after_first(pieces[0].taints, found.taints))


BUILTIN: dict[str, Compute] = {
    "builtins.list": _list,
    "builtins.tuple": _list,
    "builtins.set": _set,
    "builtins.frozenset": _set,
    "builtins.dict": _dict,
    "collections.OrderedDict": _dict,
    "collections.defaultdict": _default_dict,
    "builtins.str": _str,
    "builtins.unicode": _str,
    "builtins.int": _int,
    "builtins.len": _len,
    "builtins.sorted": _each,
    "builtins.reversed": _each,
    "builtins.iter": _each,
    "collections.deque": _list,
    "builtins.next": _next,
    "builtins.enumerate": _enumerate,
    "builtins.zip": _zip,
    "builtins.map": _map,
    "builtins.filter": _filter,
    "builtins.getattr": _getattr,
    "builtins.setattr": _setattr,
    "builtins.super": _super,
    "functools.partial": _partial,
    "builtins.range": _range,
    "builtins.xrange": _range,
    "builtins.chr": _chr,
    "builtins.any": _any,
    "builtins.all": _any,
    "copy.copy": _copy,
    "copy.deepcopy": _copy,
    "builtins.type": _type,
    "builtins.vars": _global_names,
    "builtins.locals": _global_names,
    "builtins.repr": _str,
    "builtins.ascii": _str,
    "builtins.bool": _decide,
    "argparse.ArgumentParser.add_argument": add_argument,
    "os.path.join": _join_path,
    "posixpath.join": _join_path,
    "ntpath.join": _join_path,
}
