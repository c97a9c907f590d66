"""
What a rules file may say, in the words of its TOML; docs/code-quality-rules.md explains them.

A *call* is named by its full dotted name ("subprocess.run"), a method by the type of its object
("sqlite3.Cursor.execute"). "*.execute" is the method of an object whose type is not known. An
*argument* is a position (0, 1...), a keyword ("args"), both ("0|args"), "self" for the object that
a method is called on, or "*" for all.
"""

import re
from typing import Annotated, Literal

from pydantic import BeforeValidator, ConfigDict, Field, field_validator

from pointsman.section import Section
from quality.finding import Confidence, Kind, Severity

Scalar = str | int | float | bool | None


def _many(value: object) -> object:
    return value if isinstance(value, list | tuple) else (value,)


def _place(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _regex(value: object) -> object:
    if isinstance(value, str):
        try:
            re.compile(value)
        except re.error as error:
            raise ValueError(f"is no regular expression: {error}") from error
    return value


class Part(Section):
    model_config = ConfigDict(coerce_numbers_to_str=False)


Argument = Annotated[str, BeforeValidator(_place)]
Arguments = Annotated[tuple[Argument, ...], BeforeValidator(_many)]
Names = Annotated[tuple[str, ...], BeforeValidator(_many)]
Scalars = Annotated[tuple[Scalar, ...], BeforeValidator(_many)]
Regex = Annotated[str, BeforeValidator(_regex)]


class Condition(Part):
    """What must be known of one argument. All that is given must hold; what is unknown does not."""

    is_: Scalars | None = Field(default=None, alias="is")  # it may be one of these
    not_: Scalars | None = Field(default=None, alias="not")  # it is known, and none of these
    regex: Regex | None = None  # a text that it may be holds a match
    names: Names | None = None  # it is this class, function or constant of a library
    type: Names | None = None  # it is an object of this type
    missing: bool | None = None  # true: not given; false: given
    constant: bool | None = None  # true: its value is known to be a constant; false: it is not
    below: float | None = None
    above: float | None = None
    built: bool | None = None  # true: a text put together from constants and others


def _condition(value: object) -> object:
    if isinstance(value, dict | Condition):
        return value
    if isinstance(value, list | tuple):
        return {"is": tuple(value)}
    return {"is": (value,)}


Conditions = dict[Argument, Annotated[Condition, BeforeValidator(_condition)]]


class Match(Part):
    """A call of one of these names, its arguments being so."""

    call: Names
    receiver: Regex | None = None  # for "*.name": the source text of the object holds a match
    when: Conditions = Field(default_factory=dict)  # all must hold
    unless: Conditions = Field(default_factory=dict)  # none may hold


class Sink(Part):
    """A place where tainted data does harm: exactly one of call, item, attribute and returned."""

    call: Names = ()
    item: Names = ()  # x[...] = value, of this object or type
    attribute: Names = ()  # x.name = value: "http.cookies.Morsel.value"
    returned: str | None = None  # what a handler of this kind of source returns or yields
    args: Arguments = ("*",)  # of a call; of an item "key", "value"
    receiver: Regex | None = None
    when: Conditions = Field(default_factory=dict)
    unless: Conditions = Field(default_factory=dict)
    elements: bool = True  # false: what is inside a list or dict does not count
    harmless_type: Names = ()  # values of these types do no harm, wherever they come from
    harmless_start: Regex | None = None  # a constant beginning of the text that makes it harmless
    hotspot: Literal["no", "built", "any"] | None = None
    parameters: Literal["no", "built", "any"] | None = None  # None: as the flow says
    severity: Severity | None = None
    message: str | None = None


class Sanitiser(Part):
    """A call whose result is clean: "*" of everything, otherwise of the flows in `clears`."""

    call: Names
    clears: Names = ("*",)
    args: Arguments = ("*", "self")  # whose taint is cleared; that of the others passes
    needs: Names = ()  # marks that the argument must have
    when: Conditions = Field(default_factory=dict)
    unless: Conditions = Field(default_factory=dict)


class Guard(Part):
    """A test that clears what it tests, on the branch where it holds."""

    call: Names = ()
    contains: Names = ()  # "..": `".." in x`, which clears where it is false
    member: bool = False  # true: `x in ("a", "b")`, or in any collection that is not tainted
    equal: bool = False  # true: `x == y` with y not tainted
    empty: bool = False  # true: `not x`
    of: Names = ()  # only for values that came out of these calls: "urllib.parse.urlparse"
    args: Arguments = ("0", "self")  # of the call: what it tests
    holds: bool = True  # the branch on which it clears
    raises: bool = False  # true: it raises where it does not hold, so it clears all that follows
    clears: Names = ("*",)
    needs: Names = ()  # marks that the tested value must have
    when: Conditions = Field(default_factory=dict)
    unless: Conditions = Field(default_factory=dict)


class Passes(Part):
    """A call through which taint goes. All calls that nobody names pass all arguments."""

    call: Names
    args: Arguments = ("*", "self")  # whose taint passes on
    to: Arguments = ("result",)  # or "self", or an argument
    marks: Names = ()  # put on what passes: "normalised"
    revokes: Names = ()  # flows for which what passes is no longer clean


class Returns(Part):
    """What comes out of a call, where the library's code is not read."""

    call: Names = ()
    attribute: Names = ()  # of what a read of this dotted name gives
    parameter: str | None = None  # of a parameter that is called so and has no annotation ...
    imports: str | None = None  # ... in a file that imports this module
    type: str | None = None
    elements: str | None = None  # the type of what iterating over it gives
    never: bool = False  # true: the call does not return, as `sys.exit`


class Source(Part):
    """Where data comes from."""

    kind: str  # http, argv, stdin, environment, file, network, database; or one of your own
    says: str = ""  # for the path: "the request's query"
    reads: Names = ()  # attributes and names
    calls: Names = ()
    parameters_of: Names = ()  # decorators: parameters of functions that they decorate
    methods_of: dict[str, Names] = Field(default_factory=dict)  # base -> methods: their parameters
    named: Regex | None = None  # parameters and variables of this name
    caught: Names = ()  # exceptions that are caught as these types: "builtins.Exception"
    trust: Literal["outside", "inside", "other"] = "outside"
    when: Conditions = Field(default_factory=dict)


class Flow(Part):
    """One way of doing harm with tainted data. The same `id` in another file adds to it."""

    id: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    cwe: tuple[int, ...] = ()
    severity: Severity = "critical"
    message: str = ""
    remediation: str = ""
    effort_min: int = Field(default=30, ge=1)
    sources: Names = ()  # kinds; none: all whose trust is "outside"
    # A function that nothing in the tree calls: does a caller's text do harm here?
    parameters: Literal["no", "built", "any"] = "no"
    parameter_names: Regex | None = None  # only those that are called so
    hotspot: Literal["no", "built", "any"] = "no"  # an unproven sink: told never, if built, always
    hotspot_severity: Severity = "minor"
    sinks: tuple[Sink, ...] = ()
    sanitisers: tuple[Sanitiser, ...] = ()
    guards: tuple[Guard, ...] = ()


class Pattern(Part):
    """What is dangerous as it stands, whatever data it is given: one of the four places."""

    id: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    call: Names = ()
    reads: Names = ()  # a name or attribute that is used anywhere
    item: Names = ()  # x["KEY"] = value; conditions on "key" and "value"
    attribute: Names = ()  # x.name = value; conditions on "value"
    receiver: Regex | None = None
    when: Conditions = Field(default_factory=dict)
    unless: Conditions = Field(default_factory=dict)
    # The names of the function around it, of what the value is assigned to, of the other arguments
    near: Regex | None = None
    imports: str | None = None  # only in files that import this module
    kind: Kind = "vulnerability"
    severity: Severity = "major"
    confidence: Confidence = "high"
    cwe: tuple[int, ...] = ()
    message: str
    remediation: str = ""
    effort_min: int = Field(default=10, ge=1)
    tests: bool = False  # true: told in files of tests too


class RulesFile(Part):
    """All that one file says."""

    source: tuple[Source, ...] = ()
    flow: tuple[Flow, ...] = ()
    sanitiser: tuple[Sanitiser, ...] = ()
    guard: tuple[Guard, ...] = ()
    passes: tuple[Passes, ...] = ()
    returns: tuple[Returns, ...] = ()
    pattern: tuple[Pattern, ...] = ()

    @field_validator("flow")
    @classmethod
    def _complete(cls, flows: tuple[Flow, ...]) -> tuple[Flow, ...]:
        for flow in flows:
            for sink in flow.sinks:
                places = (sink.call, sink.item, sink.attribute, sink.returned)
                if sum(map(bool, places)) != 1:
                    raise ValueError(
                        f"each sink of '{flow.id}' has one of call, item, attribute, returned"
                    )
        return flows
