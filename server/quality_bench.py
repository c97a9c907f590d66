"""What the quality tools work with: engines, what they said before, a model and a server to ask.

It takes 0.3 s to import, so the engine does that when the first of the tools is called.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from pointsman.errors import ConfigError
from pointsman.money import nano_from_usd
from pointsman.quality_settings import QualitySettings, SonarSettings
from pointsman.settings import Settings
from quality.asking import Ask
from quality.engine import Engine
from quality.engines.all import make_engines
from quality.remembering import DiskMemory, open_memory
from quality.review.reviewing import ModelEngine
from quality.sonarqube.server import SonarQube, open_sonarqube
from tools.quality.asking import ask_of
from tools.quality.bench import Bench
from tools.quality.places import Places
from tools.quality.testing import Tests

if TYPE_CHECKING:  # a command that asks no model need not wait for its import
    from routing.dispatch import Dispatcher

ADVISORIES_S = 20
SONAR_TOKEN = "SONARQUBE_TOKEN"  # noqa: S105  # the name of a variable, which other tools read too


@asynccontextmanager
async def open_bench(
    settings: Settings,
    home: Path,
    environ: Mapping[str, str],
    dispatcher: "Dispatcher | None",
) -> AsyncGenerator[Bench, None]:
    """What the quality tools of `home` work with; without a `dispatcher` no model is asked.

    Raises:
        ConfigError: a token that the settings name is not there.
    """
    wanted = settings.quality
    path = environ.get("PATH", "")
    async with AsyncExitStack() as stack:
        memory = await stack.enter_async_context(open_memory(home / "quality"))
        server = await _open_server(stack, wanted.sonarqube, environ)
        yield Bench(
            settings=wanted,
            engines_of=partial(_engines, path, memory),
            places=Places(settings.tools.roots, (home,)),
            memory=memory,
            ask_for=partial(ask_of, dispatcher) if dispatcher else None,
            tests=_tests(wanted, home, path) if wanted.test_command else None,
            sonarqube=server,
        )


def _engines(
    path: str, memory: DiskMemory, settings: QualitySettings, ask: Ask | None
) -> Sequence[Engine]:
    also: list[Engine] = []
    if ask is not None:
        most = nano_from_usd(settings.review_cost_usd)
        also.append(ModelEngine(ask, "auto", most, memory))
    return make_engines(settings, path=path, facts=memory, fetch=_fetch, also=also)


async def _fetch(address: str, body: bytes | None) -> bytes:
    """
    Raises:
        OSError: there is no answer.
    """
    try:
        async with httpx.AsyncClient(timeout=ADVISORIES_S) as client:
            answer = await (
                client.get(address) if body is None else client.post(address, content=body)
            )
            return answer.raise_for_status().content
    except httpx.HTTPError as error:
        raise OSError(str(error)) from error


def _tests(settings: QualitySettings, home: Path, path: str) -> Tests:
    return Tests(
        command=settings.test_command,
        seconds=settings.test_s,
        home=Path.home(),
        closed=(home,),
        path=path,
    )


async def _open_server(
    stack: AsyncExitStack, settings: SonarSettings | None, environ: Mapping[str, str]
) -> SonarQube | None:
    """
    Raises:
        ConfigError: the variable with the token is not set.
    """
    if settings is None:
        return None
    token = settings.token.get_secret_value() if settings.token else environ.get(SONAR_TOKEN)
    if settings.token_env is not None:
        token = environ.get(settings.token_env)
        if not token:
            raise ConfigError(
                f"quality.sonarqube.token_env names {settings.token_env}, which is not set.",
                hint="Set it to a user token of the SonarQube server.",
            )
    return await stack.enter_async_context(open_sonarqube(settings, token))
