"""Posts webhooks: one request, to an address that was looked at, with no redirect followed and no answer believed."""

import asyncio
import socket
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Final

import aiohttp
import msgspec
from aiohttp.abc import AbstractResolver, ResolveResult

from app.webhooks.address import AddressRules, fault_of_url, is_allowed, why_forbidden
from app.webhooks.errors import ForbiddenAddressError

READ_BYTES: Final = 4_096
"""Of an answer's body, so that the connection can be used again; what it says does not matter."""


class Answered(msgspec.Struct, frozen=True):
    """What came of a request.

    Attributes:
        status: None if no answer came.
        error: Why none came.
        retry_after: The header of that name.
    """

    status: int | None = None
    error: str | None = None
    retry_after: str | None = None


class GuardedResolver(AbstractResolver):
    """Gives of a name those addresses alone that a request may go to."""

    def __init__(self, rules: AddressRules) -> None:
        self._rules = rules
        self._names = aiohttp.ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Look a name up.

        Raises:
            ForbiddenAddressError: It leads to none that is allowed.
            OSError: It leads nowhere.
        """
        found = await self._names.resolve(host, port, family)
        # the scope of a link-local address says which of our own links is meant
        allowed = [each for each in found if is_allowed(ip_address(each["host"].partition("%")[0]), self._rules)]
        if not allowed:
            raise ForbiddenAddressError(why_forbidden(host))
        return allowed

    async def close(self) -> None:
        """Let go of what looks names up."""
        await self._names.close()


class Poster:
    """Posts; opened by `async with`.

    Args:
        rules: Where requests may go.
        timeout_seconds: How long a receiver may take.
    """

    def __init__(self, rules: AddressRules, timeout_seconds: float) -> None:
        self._rules = rules
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                resolver=GuardedResolver(rules), use_dns_cache=False, limit=0, limit_per_host=0
            ),
            timeout=aiohttp.ClientTimeout(total=timeout_seconds),
            trust_env=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=("User-Agent",),
        )

    async def close(self) -> None:
        """Close every connection."""
        await self._session.close()

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answered:
        """Post a body once; whatever goes wrong is told in words that quote nothing of the answer."""
        # a literal address is not looked up, and what is allowed may have changed
        if (fault := fault_of_url(url, self._rules)) is not None:
            return Answered(error=f"The URL {fault}.")
        sent = {"Content-Type": "application/json", "User-Agent": "Lockstep", **headers}
        try:
            async with self._session.post(url, data=body, headers=sent, allow_redirects=False) as answer:
                status, retry_after = answer.status, answer.headers.get("Retry-After")
                if status < 300:
                    await answer.content.read(READ_BYTES)
                return Answered(status=status, retry_after=retry_after)
        except TimeoutError:
            return Answered(error="No answer came in time.")
        except aiohttp.ClientConnectorError as error:
            inner = error.os_error
            if isinstance(inner, ForbiddenAddressError):
                return Answered(error=f"The URL {inner}.")
            return Answered(error=f"No connection came about: {inner.strerror or type(inner).__name__}.")
        except (aiohttp.ClientError, OSError, asyncio.IncompleteReadError, ValueError) as error:
            return Answered(error=f"No answer came: {type(error).__name__}.")
