"""The key of a call. T-53, CA-02, X-02"""

import dataclasses
import re
import unicodedata
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache.key import IGNORED, Keys, scope_of
from pointsman.records import Call, Principal
from pointsman.types import ChatRequest, Json, Message, ToolCall, ToolSpec

KEYS = Keys(secret=b"a secret of the tests")
CALL = Call(request=ChatRequest(messages=(Message("user", "What is the capital of France?"),)))
TOOL = ToolSpec(name="find", description="Finds.", parameters={"type": "object"})


def key(call: Call) -> str:
    return KEYS.key(call, "f1")


def ask(*messages: Message, **fields: Any) -> Call:
    return Call(request=ChatRequest(messages=messages, **fields))


def say(*texts: str) -> Call:
    return ask(*(Message("user", text) for text in texts))


def test_a_key_names_its_version_and_scope() -> None:
    assert re.fullmatch(r"cc:v1:user:local:[0-9a-f]{64}", key(CALL))
    assert scope_of(key(CALL)) == "user:local"


# Another value for every field. A field that is added to one of these classes fails the test
# below until it stands here, and either changes the key or is on the list of those that do not.
OTHER: dict[type, dict[str, Any]] = {
    Call: {
        "request": say("Hi").request,
        "model": "acme-large",
        "prefer": "cheap",
        "category": "math",
        "session_id": "s",
        "max_cost": 5,
        "deadline_s": 3.0,
        "cache": "refresh",
        "principal": Principal(id="other"),
        "tool": "panel",
        "user": "ann",
        "metadata": {"a": "b"},
    },
    Principal: {"id": "other", "department": "sales"},
    ChatRequest: {
        "messages": (Message("user", "Hi"),),
        "tools": (TOOL,),
        "max_tokens": 5,
        "temperature": 0.5,
        "json_schema": {"type": "object"},
    },
    Message: {
        "role": "system",
        "content": "Hi",
        "tool_calls": (ToolCall(id="1", name="f", arguments="{}"),),
        "tool_call_id": "1",
    },
    ToolSpec: {"name": "seek", "description": "Seeks.", "parameters": {}},
    ToolCall: {"id": "2", "name": "g", "arguments": "[]"},
}


def with_field(owner: type, name: str, value: Any) -> tuple[Call, Call]:
    """A call, and the same one with one field of one of its parts changed."""
    change = {name: value}
    called = ToolCall(id="1", name="f", arguments="{}")
    message = Message("assistant", "", tool_calls=(called,))
    match owner:
        case _ if owner is Call:
            return CALL, replace(CALL, **change)
        case _ if owner is Principal:
            return CALL, replace(CALL, principal=replace(CALL.principal, **change))
        case _ if owner is ChatRequest:
            return CALL, replace(CALL, request=replace(CALL.request, **change))
        case _ if owner is Message:
            return CALL, ask(replace(CALL.request.messages[0], **change))
        case _ if owner is ToolSpec:
            return ask(tools=(TOOL,)), ask(tools=(replace(TOOL, **change),))
        case _:
            other = replace(message, tool_calls=(replace(called, **change),))
            return ask(message), ask(other)


@pytest.mark.parametrize("owner", OTHER, ids=lambda owner: owner.__name__)
def test_every_field_is_in_the_key_or_on_the_list_of_those_that_are_not(owner: type) -> None:
    assert {field.name for field in dataclasses.fields(owner)} == OTHER[owner].keys()
    ignored = IGNORED if owner is Call else frozenset()
    for name, value in OTHER[owner].items():
        one, other = with_field(owner, name, value)
        assert (key(one) == key(other)) is (name in ignored), name


def test_another_catalogue_is_another_key() -> None:
    assert KEYS.key(CALL, "f1") != KEYS.key(CALL, "f2")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (say("a", "b|c"), say("a|b", "c")),
        (say("ab"), say("a", "b")),
        (ask(json_schema={"minimum": 1}), ask(json_schema={"minimum": True})),
        (ask(json_schema={"minimum": 1}), ask(json_schema={"minimum": "1"})),
        (ask(json_schema={"enum": [None]}), ask(json_schema={"enum": [float("nan")]})),
        (ask(json_schema={"enum": [float("inf")]}), ask(json_schema={"enum": [float("nan")]})),
        (ask(json_schema={"minimum": 2**70}), ask(json_schema={"minimum": 2**70 + 1})),
        (ask(json_schema={}), ask()),
        (ask(temperature=float("nan")), ask()),
        (say("\ud800"), say("\ud801")),
        (say("\ud800"), say("\\ud800")),
        (say("\n\u0301"), say("\\ń")),
    ],
)
def test_what_is_not_the_same_has_another_key(one: Call, other: Call) -> None:
    assert key(one) != key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (ask(json_schema={"a": {"c": 2, "d": 3}}), ask(json_schema={"a": {"d": 3, "c": 2}})),
        (ask(json_schema={"a": 1}), ask(json_schema=MappingProxyType({"a": 1}))),
        (ask(json_schema={"a": None, "b": 1}), ask(json_schema={"b": 1, "a": None})),
        (say("Caf\u00e9"), say("Cafe\u0301")),
        (ask(temperature=0.0), ask(temperature=0)),
    ],
)
def test_what_is_the_same_has_the_same_key(one: Call, other: Call) -> None:
    assert key(one) == key(other)


json_values: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
messages = st.builds(
    Message, role=st.sampled_from(["user", "system"]), content=st.text('a|b"\\,é\u0301', max_size=4)
)
calls = st.builds(
    Call,
    request=st.builds(
        ChatRequest,
        messages=st.lists(messages, max_size=3).map(tuple),
        max_tokens=st.none() | st.integers(0, 2),
        json_schema=st.none() | st.dictionaries(st.text(max_size=2), json_values, max_size=2),
    ),
    model=st.sampled_from(["auto", "a", "b"]),
    max_cost=st.none() | st.integers(0, 2),
)


def meaning(value: object) -> object:
    """`value` so that two are equal only if they mean the same: 1, 1.0 and True do not."""
    match value:
        case dict():
            return frozenset((name, meaning(item)) for name, item in value.items())
        case list() | tuple():
            return tuple(meaning(item) for item in value)
        case Message():
            return value.role, unicodedata.normalize("NFC", value.content)
        case _:
            return type(value), repr(value)


def meaning_of(call: Call) -> object:
    request = call.request
    parts = (request.messages, request.max_tokens, request.json_schema, call.model, call.max_cost)
    return tuple(meaning(part) for part in parts)


@given(calls, calls)
def test_two_calls_share_a_key_exactly_when_they_mean_the_same(one: Call, other: Call) -> None:
    assert (key(one) == key(other)) is (meaning_of(one) == meaning_of(other))


@given(st.dictionaries(st.text(max_size=3), json_values, max_size=5), st.randoms())
def test_the_order_of_keys_makes_no_difference(schema: dict[str, Json], random: Any) -> None:
    names = list(schema)
    random.shuffle(names)
    shuffled = {name: schema[name] for name in names}
    assert key(ask(json_schema=schema)) == key(ask(json_schema=shuffled))
