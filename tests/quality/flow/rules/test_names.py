"""What the rules name is there, and each rule says what it must."""

import importlib
import importlib.util
import re
import sys
from collections.abc import Iterable, Iterator

import pytest

from quality.flow.rules import Rules, load_rules
from quality.flow.schema import Flow, Guard, Passes, Pattern, Returns, Sanitiser

RULES = load_rules()
LIBRARIES = re.compile(  # some of these are in the environment of the tests
    "aiohttp|anyio|cryptography|flask|django|fastapi|httpx|jinja2|jwt|lxml|markupsafe|requests"
    "|sqlalchemy|starlette|tornado|werkzeug|yaml"
)
# Of Python 2, or taken out of Python 3 or of the library since: still in code that is analysed.
GONE = re.compile(
    r"^(builtins\.(raw_input|execfile)|os\.(popen[234]|tempnam|tmpnam)|platform\.popen"
    r"|urllib\.(quote|quote_plus|unquote|urlopen|URLopener|FancyURLopener|urlencode)"
    r"|cgi\.(escape|parse_multipart)|html\.(escape|unescape)"
    r"|xml\.etree\.cElementTree\..*|test\..*|distutils\..*|pipes\..*|imp\..*|telnetlib\..*"
    r"|nntplib\..*|crypt\..*|urllib\.request\.(FancyURLopener|URLopener.*)"
    r"|ssl\.(wrap_socket|PROTOCOL_SSLv[23]|RAND_pseudo_bytes)|os\.startfile|ctypes\.WinDLL"
    r"|os\.lchmod|jinja2\.(escape|Markup)|lxml\.html\.clean.*|yaml\.load_file"
    r"|http\.server\.CGIHTTPRequestHandler\..*|urllib\.URLopener\.open)$"
)


def names(rules: Rules) -> Iterator[str]:
    """Every dotted name in the rules."""
    for source in rules.sources:
        yield from (*source.reads, *source.calls, *source.parameters_of, *source.methods_of)
    for flow in rules.flows.values():
        for sink in flow.sinks:
            yield from (*sink.call, *sink.item, *sink.attribute)
        yield from calls(flow.sanitisers)
        yield from calls(flow.guards)
    for each in (rules.sanitisers, rules.guards, rules.passes, rules.returns):
        yield from calls(each)
    for pattern in rules.patterns:
        yield from (*pattern.call, *pattern.reads, *pattern.item, *pattern.attribute)


def calls(rules: Iterable[Sanitiser | Guard | Passes | Returns]) -> Iterator[str]:
    for rule in rules:
        yield from rule.call


def library(name: str) -> bool:
    """Whether `name` is of a library that is installed here."""
    top = name.partition(".")[0]
    installed = LIBRARIES.fullmatch(top) is not None and importlib.util.find_spec(top) is not None
    return "." in name and (top in sys.stdlib_module_names or installed)


def is_there(name: str) -> bool:
    parts = name.removesuffix(".*").split(".")
    for size in range(len(parts), 0, -1):
        try:
            found: object = importlib.import_module(".".join(parts[:size]))
        except ImportError:
            continue
        return has(found, parts[size:])
    return False


def has(found: object, parts: list[str]) -> bool:
    for part in parts:
        if part in getattr(found, "__annotations__", {}):
            return True  # set on each object
        if not hasattr(found, part):
            return isinstance(found, type)  # an object's own attribute need not be on its class
        found = getattr(found, part)
    return True


@pytest.mark.filterwarnings("ignore")
def test_every_name_of_an_installed_library_is_in_it() -> None:
    wanted = sorted({name for name in names(RULES) if library(name) and not GONE.match(name)})
    assert len(wanted) > 300
    assert [name for name in wanted if not is_there(name)] == []


@pytest.mark.parametrize("rule", [*RULES.flows.values(), *RULES.patterns], ids=lambda rule: rule.id)
def test_a_rule_says_what_is_wrong_and_what_to_do(rule: Flow | Pattern) -> None:
    assert rule.cwe, "no CWE"
    assert all(0 < number < 1500 for number in rule.cwe)
    for sentence in (rule.message, rule.remediation):
        assert re.fullmatch(r"[A-Z][^\n]{9,140}\.", sentence), sentence
    assert not rule.message.startswith(("Avoid", "Do not", "Use ", "Possible"))
    assert VERBS.fullmatch(rule.remediation.split()[0]), rule.remediation


VERBS = re.compile(
    "Go|Pass|Run|Parse|Put|Turn|Compare|Escape|Use|Build|Keep|Remove|Set|Take|Give|Check|Choose"
    "|Render|Redirect|Look|Log|Leave|Make|Let|Get|Sign|Name|Bind|Load|Answer|Never"
)


def test_no_rule_lists_a_name_twice() -> None:
    for each in (RULES.sanitisers, RULES.passes, RULES.patterns):
        for rule in each:
            assert_once(rule.call)
    for flow in RULES.flows.values():
        for sink in flow.sinks:
            assert_once(sink.call)


def assert_once(listed: tuple[str, ...]) -> None:
    assert sorted(set(listed)) == sorted(listed)


def test_flows_that_are_cleared_are_there() -> None:
    known = {"*", *RULES.flows}
    assert {flow for rule in RULES.sanitisers for flow in rule.clears} <= known
    assert {flow for rule in RULES.guards for flow in rule.clears} <= known
    assert {flow for rule in RULES.passes for flow in rule.revokes} <= known
