"""GET from the Web API: one host, a bounded answer, every failure put into our errors."""

import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any, NoReturn
from urllib.parse import urlsplit

import httpx

from pointsman.errors import DeadlineExceeded, InvalidInput, NotFound, RateLimited
from quality.sonarqube.errors import SonarFailed, SonarForbidden, SonarUnauthorized

CAP = 32 * 2**20  # bytes of an answer; a full page of 500 issues was seen to be 1 to 3 MB
SHOWN = 300  # characters of the server's own words
_LOST = (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError)


class Wire:
    """The Web API of one server.

    The client must not follow redirects: the token would go where the redirect says.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        base: str,
        *,
        token: str | None,
        timeout_s: float = 30.0,
        cap: int = CAP,
    ) -> None:
        self._client = client
        self._base = base.rstrip("/")
        self._token = token
        self._timeout_s = timeout_s
        self._cap = cap

    async def json(self, path: str, params: Mapping[str, str]) -> dict[str, Any]:
        """The object that `path`, as "api/issues/search", answers.

        Raises:
            SonarFailed, InvalidInput, NotFound, RateLimited, DeadlineExceeded: see `errors`.
        """
        kind, body = await self._get(path, params)
        try:
            answer = json.loads(body)
        except (ValueError, RecursionError):
            page = "html" in kind or body.lstrip()[:1] == b"<"
            raise SonarFailed(
                "the answer is a web page" if page else "the answer is no JSON, or half of it",
                hint="Is the url that of the server itself, with its context path?",
            ) from None
        if not isinstance(answer, dict):
            raise SonarFailed("the answer is not what its Web API describes")
        return answer

    async def text(self, path: str, params: Mapping[str, str]) -> str:
        """The plain text that `path` answers. Raises as `json` does."""
        kind, body = await self._get(path, params)
        if "html" in kind:
            raise SonarFailed("the answer is a web page, where a file was asked for")
        return body.decode("utf-8", errors="replace")

    async def _get(self, path: str, params: Mapping[str, str]) -> tuple[str, bytes]:
        try:
            try:
                return await self._once(path, params)
            except _LOST:  # most likely a connection that had idled for too long
                return await self._once(path, params)
        except httpx.TimeoutException as error:
            raise DeadlineExceeded(
                f"SonarQube did not answer within {self._timeout_s:g} s."
            ) from error
        except httpx.ConnectError as error:
            raise SonarFailed(
                "it cannot be reached", hint="See [quality.sonarqube] url."
            ) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise SonarFailed("the connection was lost, or the answer broke off") from error

    async def _once(self, path: str, params: Mapping[str, str]) -> tuple[str, bytes]:
        async with self._open(path, params) as response:
            chunks, size = [], 0
            async for chunk in response.aiter_bytes():
                size += len(chunk)
                if size > self._cap:
                    raise SonarFailed("the answer is too large")
                chunks.append(chunk)
        body = b"".join(chunks)
        if response.status_code != 200:
            self._refuse(response, body)
        return response.headers.get("content-type", "").lower(), body

    @asynccontextmanager
    async def _open(
        self, path: str, params: Mapping[str, str]
    ) -> AsyncGenerator[httpx.Response, None]:
        headers = {"accept": "application/json, text/plain"}
        if self._token:
            headers["authorization"] = f"Bearer {self._token}"
        async with self._client.stream(
            "GET",
            f"{self._base}/{path}",
            params=dict(params),
            headers=headers,
            timeout=self._timeout_s,
            follow_redirects=False,
        ) as response:
            yield response

    def _refuse(self, response: httpx.Response, body: bytes) -> NoReturn:
        status = response.status_code
        says = self._words(body)
        if 300 <= status < 400:
            raise _redirected(response)
        if status == 401:
            raise SonarUnauthorized(
                "it does not accept the token" if self._token else "it wants a token",
                hint="Set [quality.sonarqube] token_env to a valid user token.",
                status=status,
            )
        if status == 403:
            raise SonarForbidden(
                says or "the token may not see this",
                hint="Its owner needs the Browse permission on the project.",
                status=status,
            )
        if status == 404:
            raise NotFound(f"SonarQube: {says or 'there is no such thing'}")
        if status == 429:
            raise RateLimited(
                "SonarQube takes no more requests now.",
                hint="Try again later.",
                retry_after_s=_seconds(response.headers.get("retry-after")),
            )
        if status in (400, 422):
            raise InvalidInput(f"SonarQube: {says or 'it does not take these arguments'}")
        raise SonarFailed(says or f"it answers with HTTP {status}", status=status)

    def _words(self, body: bytes) -> str:
        """What the server itself says is wrong, printable and short; the token never."""
        try:
            errors = json.loads(body)["errors"]
            words = " ".join(str(error["msg"]) for error in errors)
        except (ValueError, KeyError, TypeError, RecursionError):
            return ""
        if self._token:
            words = words.replace(self._token, "***")
        return "".join(c if c.isprintable() else " " for c in words)[:SHOWN].strip()


def _redirected(response: httpx.Response) -> SonarFailed:
    target = urlsplit(response.headers.get("location", ""))
    if any(word in target.path.lower() for word in ("login", "session", "saml", "oauth")):
        return SonarUnauthorized(
            "it sends us to a login page",
            hint="Set [quality.sonarqube] token_env to a valid user token.",
            status=response.status_code,
        )
    where = f" to {target.scheme}://{target.hostname}" if target.hostname else ""
    return SonarFailed(
        f"it redirects{where}, where the token is not sent",
        hint="Set [quality.sonarqube] url to the final address.",
        status=response.status_code,
    )


def _seconds(value: str | None) -> float | None:
    try:
        return max(0.0, float(value or ""))
    except ValueError:
        return None
