"""What has been shown of data on two ways that meet."""

from quality.flow.values import Cleared, Origin

_NONE = frozenset[str]()


def common(a: Cleared, b: Cleared) -> Cleared:
    """What both ways have shown."""
    if not a or not b:
        return {}
    both: Cleared = {}
    for origin in a.keys() | b.keys():
        flows = a.get(origin)
        if flows is None or flows is not b.get(origin):
            flows = _both_clear(a, b, origin)
        if flows:
            both[origin] = flows
    return both


def shown(guarded: Cleared, origin: Origin) -> frozenset[str]:
    """The flows that `origin`, or what it is a part of, was shown to be clean for."""
    found = _NONE
    each: Origin | None = origin
    while each is not None:
        flows = guarded.get(each)
        if flows is not None:
            found = found | flows if found else flows
        each = each.parent
    return found


def _both_clear(a: Cleared, b: Cleared, origin: Origin) -> frozenset[str]:
    in_a, in_b = shown(a, origin), shown(b, origin)
    if "*" in in_a:
        return in_b
    return in_a if "*" in in_b else in_a & in_b
