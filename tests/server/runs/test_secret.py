"""What of this process is secret, and never for a model."""

import pytest
from pydantic import BaseModel, SecretStr

from agent.attach.config import Endpoint, Program, ServerConfig
from server.runs.secret import secrets_of

VALUE = "hunter2-hunter2"


class Inner(BaseModel):
    key: SecretStr = SecretStr("inside-the-settings")


class Nested(BaseModel):
    plain: str = "an ordinary word"
    keys: dict[str, tuple[Inner, ...]] = {"a": (Inner(),)}


@pytest.mark.parametrize(
    ("name", "value", "secret"),
    [
        ("OPENAI_API_KEY", VALUE, True),
        ("AWS_SESSION_TOKEN", VALUE, True),
        ("BW_SESSION", VALUE, True),
        ("PGPASSWORD", VALUE, True),
        ("HTTP_AUTHORIZATION", VALUE, True),
        ("NPM_AUTH", VALUE, True),
        ("DATABASE_URL", f"postgresql://me:{VALUE}@host/db", True),
        ("REDIS_URL", f"redis://:{VALUE}@host:6379/0", True),
        ("DESKTOP_SESSION", VALUE, False),
        ("XDG_SESSION_DESKTOP", VALUE, False),
        ("GIT_AUTHOR_NAME", VALUE, False),
        ("KEYBOARD_LAYOUT", VALUE, False),
        ("TOKENIZERS_PARALLELISM", VALUE, False),
        ("SSH_AUTH_SOCK", VALUE, False),
        ("GH_PAT", VALUE, True),
        ("PGPASS", VALUE, True),
        ("HOME", VALUE, False),
    ],
)
def test_a_variable_is_secret_by_its_name_or_its_password(
    name: str, value: str, secret: bool
) -> None:
    shown = secrets_of(Nested(), {name: value}, ()).redact(f"It is {VALUE}.")
    assert (VALUE not in shown) is secret


def test_secrets_of_settings_and_of_attached_servers_are_known() -> None:
    configs = [
        ServerConfig(name="a", where=Program("x", env={"API_KEY": "of-the-program"})),
        ServerConfig(name="b", where=Endpoint("http://h", {"Authorization": "Bearer of-header"})),
    ]
    shown = secrets_of(Nested(), {}, configs).redact(
        "inside-the-settings of-the-program of-header an ordinary word"
    )
    assert shown == "[secret] [secret] [secret] an ordinary word"


@pytest.mark.parametrize(
    "where",
    [
        Program("x", args=("--api-key", VALUE)),
        Program("x", args=("--verbose", f"--token={VALUE}")),
        Program("x", args=(f"postgresql://me:{VALUE}@host/db",)),
        Program("x", env={"PLAIN": "canaryPlainEnv_424242"}),
        Endpoint(f"https://host/mcp?api_key={VALUE}"),
    ],
)
def test_a_server_is_given_secrets_in_many_ways(where: Program | Endpoint) -> None:
    secrets = secrets_of(Nested(), {}, [ServerConfig(name="a", where=where)])
    shown = secrets.redact(f"{VALUE} canaryPlainEnv_424242")
    assert "[secret]" in shown


def test_ordinary_values_of_a_server_are_left_alone() -> None:
    where = Program("x", args=("--root", "/home/me/project"), env={"MODE": "read-only", "N": "42"})
    text = "/home/me/project read-only 42 --root"
    assert secrets_of(Nested(), {}, [ServerConfig(name="a", where=where)]).redact(text) == text
