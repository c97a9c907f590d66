"""With whom an answer is shared. AT-006, X-08, T-48"""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache.key import Keys, scope_of
from cache.scope import Share, scope_for
from pointsman.records import Call, Principal
from pointsman.types import ChatRequest, Message

ANN = Principal(id="ann", department="sales")
BOB = Principal(id="bob", department="sales")
CAT = Principal(id="cat", department="law")
LONER = Principal(id="dan")
CALL = Call(request=ChatRequest(messages=(Message("user", "What is our refund policy?"),)))


def key(principal: Principal, share: Share = "department", call: Call = CALL) -> str:
    return Keys(b"s" * 32, share=share).key(replace(call, principal=principal), "f")


def test_a_department_shares_and_others_do_not() -> None:
    assert key(ANN) == key(BOB)
    assert len({key(ANN), key(CAT), key(LONER), key(Principal(id="eve"))}) == 4
    assert scope_of(key(ANN)) == "department:sales"


def test_with_the_scope_user_nobody_shares() -> None:
    assert len({key(who, "user") for who in (ANN, BOB, CAT, LONER)}) == 4


def test_with_the_scope_public_everybody_shares() -> None:
    assert len({key(who, "public") for who in (ANN, BOB, CAT, LONER)}) == 1


def test_the_users_of_one_principal_are_apart_where_users_are() -> None:
    def of(user: str | None) -> str:
        return key(ANN, "user", replace(CALL, user=user))

    assert len({of("x"), of("y"), of(None)}) == 3


@pytest.mark.parametrize(
    "call",
    [
        *(replace(CALL, metadata={"private": said}) for said in ("true", " Yes", "on", "very")),
        Call(
            request=ChatRequest(
                messages=(Message("assistant", "30 days"), Message("user", "Sure?"))
            )
        ),
        Call(request=ChatRequest(messages=(Message("tool", "found", tool_call_id="1"),))),
    ],
)
@pytest.mark.parametrize("share", ["department", "public"])
def test_what_is_private_is_its_askers_alone(call: Call, share: Share) -> None:
    assert key(ANN, share, call) != key(BOB, share, call)
    assert scope_for(replace(call, principal=ANN), share) == "user:ann"


@pytest.mark.parametrize("said", ["", "false", "No ", "0", "OFF"])
def test_what_is_said_not_to_be_private_is_shared(said: str) -> None:
    assert key(ANN, "public", replace(CALL, metadata={"private": said})) == key(BOB, "public", CALL)


names = st.text("ab/:%. \ud800é", max_size=4)
principals = st.builds(Principal, id=names, department=st.sampled_from(["unassigned", "a", "a/b"]))


@given(principals, principals, st.none() | names, st.none() | names)
def test_no_two_askers_have_one_scope_by_their_names(
    one: Principal, other: Principal, user: str | None, another: str | None
) -> None:
    def scope(principal: Principal, name: str | None) -> str:
        return scope_for(replace(CALL, principal=principal, user=name), "user")

    same = (one.id, user) == (other.id, another)
    assert (scope(one, user) == scope(other, another)) is same


def test_a_key_says_nothing_without_its_secret() -> None:
    keys = [Keys(secret, "default").key(CALL, "f") for secret in (b"a" * 32, b"b" * 32)]
    assert keys[0] != keys[1]
    assert Keys(b"a" * 32, "default").key(CALL, "f") != Keys(b"a" * 32, "other").key(CALL, "f")


def test_each_scope_has_a_secret_of_its_own() -> None:
    one, other = key(ANN), key(CAT)
    assert one.rpartition(":")[2] != other.rpartition(":")[2]
