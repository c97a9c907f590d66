"""With whom the answer to a call is shared (X-08)."""

from typing import Literal
from urllib.parse import quote

from pointsman.records import UNASSIGNED, Call, Principal

Share = Literal["user", "department", "public"]
NOT_PRIVATE = ("", "0", "false", "no", "off", "none", "null")


def scope_for(call: Call, share: Share) -> str:
    """`public`, `department:NAME` or `user:WHO`: the widest scope that `call` may be shared in.

    Whoever has no department shares with nobody, and so does a call that is marked private or
    carries more than a question: a conversation, or what tools found.
    """
    department = call.principal.department
    if share == "user" or is_private(call):
        who = _plain(call.principal.id)
        return f"user:{who}" if call.user is None else f"user:{who}/{_plain(call.user)}"
    if share == "public":
        return "public"
    if department == UNASSIGNED:
        return f"user:{_plain(call.principal.id)}"
    return f"department:{_plain(department)}"


def is_private(call: Call) -> bool:
    """Whether an answer may hold what only its asker should see."""
    if call.metadata.get("private", "").strip().lower() not in NOT_PRIVATE:
        return True  # whatever else somebody wrote there, they meant it
    return any(message.role in ("assistant", "tool") for message in call.request.messages)


def belongs(scope: str, principal: Principal) -> bool:
    """Whether what is kept in `scope` may be shown to `principal`, and reported by them (T-27)."""
    if scope == "public":
        return True
    if principal.department != UNASSIGNED and scope == f"department:{_plain(principal.department)}":
        return True
    own = f"user:{_plain(principal.id)}"
    return scope == own or scope.startswith(f"{own}/")


def _plain(name: str) -> str:
    """`name` without a character that would make it read as two."""
    return name if name.isalnum() else quote(name, safe="@.+-_", errors="surrogatepass")
